import type { Connection } from 'mongoose'
import { AccountNotFoundError } from '../errors.ts'
import { explainAccess } from '../mongodb/access.ts'
import { waitUntilOpen } from '../mongodb/connection.ts'
import { accountRanges, oddAccounts, rangeOfAccount } from './account-range.ts'
import { BatchProof, readBatches } from './batch-proof.ts'
import { BatchTallies } from './batch-tallies.ts'
import { Books } from './books.ts'
import { checkCollections } from './collections.ts'
import { type Findings, type ProofContext, checkOddTransfers, proveRange } from './range-proof.ts'
import { showUnits } from './units.ts'
import { type Violation, type ViolationKind, ViolationLog } from './violations.ts'

/** The result of {@link verify}. It is plain data, as JSON has it. */
export interface Verification {
  /** Whether nothing is wrong. */
  readonly balanced: boolean
  /** How many records were checked. */
  readonly accounts: number
  readonly transfers: number
  readonly batches: number
  readonly refusals: number
  /**
   * The sum of all opening balances, by currency, with the currency's decimals. If the books balance, it is also the
   * sum of all balances at any one moment. Empty if they do not.
   */
  readonly totals: Readonly<Record<string, string>>
  /** How many things are wrong, and how many of each kind. */
  readonly violationCount: number
  readonly violationsByKind: Readonly<Partial<Record<ViolationKind, number>>>
  /** The first of them, in the order of the accounts: see {@link VerifyOptions.limit}. */
  readonly violations: readonly Violation[]
  /** The message of the first of them. Absent if the books balance. */
  readonly violation?: string
}

/** How far a verification has come. */
export interface VerifyProgress {
  /** How many transfers were read. One is read for its sender and for its receiver, and each time counts half. */
  readonly transfers: number
  /** About how many transfers there are. */
  readonly total: number
}

export interface VerifyOptions {
  /** Proves only this account and its transfers. */
  readonly accountId?: string | undefined
  /** The most violations to list: all are counted. Default: 20. */
  readonly limit?: number | undefined
  readonly onProgress?: ((progress: VerifyProgress) => void) | undefined
  /** Ends the verification early. */
  readonly signal?: AbortSignal | undefined
}

/** How many ranges of accounts are proven at the same time. */
const RANGES_AT_ONCE = 3

/**
 * Proves that the books balance. Others can go on posting: an account is read first, and then its transfers up to the
 * number that it has counted, which never change. docs/verify.md says what is proven and what cannot be.
 *
 * Its time grows with the number of records. Its memory does not, except with that of batches.
 * @throws DatabaseError if the collections do not exist, or if the user lacks a right
 * @throws AccountNotFoundError if `accountId` is neither an account nor named by a transfer
 */
export async function verify(
  connection: Connection,
  options: VerifyOptions = {},
): Promise<Verification> {
  await waitUntilOpen(connection)
  return await proveBooks(connection, options).catch(explainAccess(connection))
}

async function proveBooks(
  connection: Connection,
  { accountId, limit = 20, onProgress, signal }: VerifyOptions,
): Promise<Verification> {
  const books = new Books(connection)
  const log = new ViolationLog(limit)
  const indexes = await checkCollections(books, log)
  if (!indexes) return verificationOf(emptyFindings(log), { batches: 0, refusals: 0 })
  const total = onProgress ? await books.estimate('transfers') : 0
  let entries = 0
  const context: ProofContext = {
    books,
    indexes,
    limit,
    signal,
    onEntries(count) {
      entries += count
      onProgress?.({ transfers: Math.floor(entries / 2), total })
    },
  }
  if (accountId !== undefined) {
    const range = await rangeOfAccount(books, { accountId, limit })
    const findings = await proveRange(range, context)
    if (range.accounts.length === 0 && findings.log.count === 0) {
      throw new AccountNotFoundError({ accountId })
    }
    log.append(findings.log)
    return verificationOf({ ...findings, log }, { batches: 0, refusals: 0 })
  }
  const before = await readBatches(books)
  const findings = await proveAll(context, log)
  const proof = new BatchProof(books, { before, tallies: findings.tallies, log })
  return verificationOf(findings, await proof.run())
}

/** Proves all accounts and transfers, some ranges at a time. The violations are logged in the order of the ranges. */
async function proveAll(context: ProofContext, log: ViolationLog): Promise<Findings> {
  const { books, limit } = context
  const sum = { ...emptyFindings(log), openings: new Map<string, bigint>() }
  const running: Promise<Findings>[] = []
  const addNext = async () => {
    const findings = await (running.shift() as Promise<Findings>)
    sum.accounts += findings.accounts
    sum.transfers += findings.transfers
    log.append(findings.log)
    sum.tallies.append(findings.tallies)
    for (const [currency, opening] of findings.openings) {
      sum.openings.set(currency, (sum.openings.get(currency) ?? 0n) + opening)
    }
  }
  const start = (findings: Promise<Findings>) => {
    // A failure is thrown when its turn comes.
    findings.catch(() => undefined)
    running.push(findings)
  }
  try {
    for await (const range of accountRanges(books, { limit })) {
      if (running.length === RANGES_AT_ONCE) await addNext()
      start(proveRange(range, context))
    }
    start(checkOddTransfers(context))
    while (running.length > 0) await addNext()
  } finally {
    await Promise.allSettled(running)
  }
  log.append(await oddAccounts(books, { limit }))
  return sum
}

const emptyFindings = (log: ViolationLog) => ({
  accounts: 0,
  transfers: 0,
  log,
  tallies: new BatchTallies(),
  openings: new Map<string, bigint>(),
})

function verificationOf(
  { accounts, transfers, log, openings }: Findings,
  counts: { readonly batches: number; readonly refusals: number },
): Verification {
  const [first] = log.first
  const balanced = log.count === 0
  const totals = balanced
    ? [...openings].map(([currency, sum]) => [currency, showUnits(sum, currency)])
    : []
  return {
    balanced,
    accounts,
    transfers,
    ...counts,
    totals: Object.fromEntries(totals) as Record<string, string>,
    violationCount: log.count,
    violationsByKind: Object.fromEntries(log.counts),
    violations: log.first,
    ...(first && { violation: first.message }),
  }
}
