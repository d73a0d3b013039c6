import type { Connection } from 'mongoose'
import { optionsOf } from '../arguments.ts'
import { AccountNotFoundError, InputError } from '../errors.ts'
import { quote } from '../messages.ts'
import { explainAccess } from '../mongodb/access.ts'
import { databaseOf, waitUntilOpen } from '../mongodb/connection.ts'
import { rangeOfAccount } from './account-range.ts'
import { BatchProof, readBatches } from './batch-proof.ts'
import { Books } from './books.ts'
import { proveBooks } from './books-proof.ts'
import { checkCollections } from './collections.ts'
import { KeptNumbers } from './kept-numbers.ts'
import { FindingsSum } from './findings.ts'
import { GroupProof } from './group-proof.ts'
import type { KeptMode } from './kept-accounts.ts'
import type { AccountLine } from './kept-state/account-state.ts'
import { type StateFile, openStateFile } from './kept-state/state-file.ts'
import { requireReplaceable, writeStateFile } from './kept-state/state-writer.ts'
import { UnfinishedRun } from './kept-state/unfinished-run.ts'
import { type ProofContext, proveRange } from './range-proof.ts'
import { type Verification, keptBooks, verificationOf } from './verification.ts'
import { ViolationLog } from './violations.ts'

/** How far a verification has come. */
export interface VerifyProgress {
  /** How many transfers were read. One is read for its sender and for its receiver, and each time counts half. */
  readonly transfers: number
  /** About how many transfers there are to read. */
  readonly total: number
}

export interface VerifyOptions {
  /** Proves only this account and its transfers. */
  readonly accountId?: string | undefined
  /** The most violations to list: all are counted. Default: 20. */
  readonly limit?: number | undefined
  /**
   * A file to keep the state of the books in, if they balance. A run that was interrupted continues from `FILE.partial`.
   * An existing file is replaced only if it is also the one of `since` or `against`.
   */
  readonly save?: string | undefined
  /** A kept state of the books: proves only what came after it. */
  readonly since?: string | undefined
  /** A kept state of the books: proves also that nothing that it has was changed or removed. */
  readonly against?: string | undefined
  readonly onProgress?: ((progress: VerifyProgress) => void) | undefined
  /** Ends the verification early. */
  readonly signal?: AbortSignal | undefined
}

/** Does the work of `verify()`, which index.ts documents. */
export async function verify(
  connection: Connection,
  verifyOptions?: VerifyOptions,
): Promise<Verification> {
  const options: VerifyOptions = optionsOf(verifyOptions, 'verify()', VERIFY_KEYS)
  checkOptions(options)
  await waitUntilOpen(connection)
  return await verifyWith(connection, options).catch(explainAccess(connection))
}

const VERIFY_KEYS = {
  accountId: true,
  limit: true,
  save: true,
  since: true,
  against: true,
  onProgress: true,
  signal: true,
} as const

async function verifyWith(connection: Connection, options: VerifyOptions): Promise<Verification> {
  const { accountId, limit = 20, onProgress, signal } = options
  const kept = await openKept(options)
  if (options.save !== undefined) await requireReplaceable(options.save, kept?.state.file)
  const books = new Books(connection)
  const log = new ViolationLog(limit)
  const indexes = await checkCollections(books, log)
  if (!indexes) return verificationOf(new FindingsSum(log), NO_RECORDS)
  const estimate = onProgress ? await books.estimate('transfers') : 0
  const done = kept?.mode === 'since' ? kept.state.books.transfers : 0
  const total = Math.max(estimate - done, 0)
  let entries = 0
  const context: ProofContext = {
    books,
    indexes,
    kept,
    limit,
    signal,
    onEntries(count) {
      entries += count
      onProgress?.({ transfers: Math.floor(entries / 2), total })
    },
  }
  return accountId === undefined
    ? await verifyBooks(context, { log, save: options.save })
    : await verifyAccount(accountId, context, log)
}

const FILE_OPTIONS = ['save', 'since', 'against'] as const

function checkOptions(options: VerifyOptions): void {
  for (const option of FILE_OPTIONS) {
    const file: unknown = options[option]
    if (file === undefined) continue
    if (typeof file !== 'string' || file === '') {
      throw new InputError(`${option} is ${quote(file)}, not the path of a file`)
    }
    if (options.accountId === undefined) continue
    throw new InputError(
      `${option} cannot be combined with accountId: a kept state has all accounts`,
    )
  }
  if (options.since === undefined || options.against === undefined) return
  throw new InputError(
    'since cannot be combined with against: one reads only what came after a kept state, the other reads all that it has',
  )
}

async function openKept({
  since,
  against,
}: VerifyOptions): Promise<{ state: StateFile; mode: KeptMode } | undefined> {
  if (since !== undefined) return { state: await openStateFile(since), mode: 'since' }
  if (against !== undefined) return { state: await openStateFile(against), mode: 'against' }
  return undefined
}

const NO_RECORDS = { groups: 0, batches: 0, refusals: 0 } as const

/** How long before a kept state groups are proven again, in milliseconds: clocks differ. */
const GROUPS_BEFORE = 24 * 60 * 60 * 1_000

async function verifyAccount(
  accountId: string,
  context: ProofContext,
  log: ViolationLog,
): Promise<Verification> {
  const range = await rangeOfAccount(context.books, { accountId, limit: context.limit })
  const findings = await proveRange(range, context)
  if (range.accounts.length === 0 && findings.log.count === 0) {
    throw new AccountNotFoundError({ accountId })
  }
  log.append(findings.log)
  return verificationOf(
    { ...findings, openings: new Map(findings.openings), log },
    {
      ...NO_RECORDS,
      ...(log.count === 0 && { account: JSON.parse(findings.lines) as AccountLine }),
    },
  )
}

/** Verifies all accounts, transfers and batches. */
async function verifyBooks(
  context: ProofContext,
  { log, save }: { log: ViolationLog; save: string | undefined },
): Promise<Verification> {
  const { books, kept } = context
  const since = kept?.mode === 'since' ? kept.state : undefined
  const sum = new FindingsSum(log)
  for (const [batch, tally] of since?.batches ?? []) {
    if (tally.transfers > 0) sum.tallies.addTally(batch, tally)
  }
  const numbers = since && new KeptNumbers(since, { books, log })
  const run = save === undefined ? undefined : await openRun(save, context, { sum, numbers })
  try {
    const before = run?.batches ?? (await readBatches(books))
    if (run && !run.batches) await run.addBatches(before)
    await proveBooks(context, { sum, numbers, run })
    const { tallies } = sum
    const proof = new BatchProof(books, { before, kept: since?.batches, tallies, log })
    const { digests, ...counts } = await proof.run()
    const groups = await new GroupProof(books, {
      log,
      since: since && new Date(Date.parse(since.books.startedAt) - GROUPS_BEFORE),
    }).run()
    const balanced = log.count === 0
    const digest = sum.digest()
    if (run && balanced) {
      await writeStateFile(save as string, {
        books: {
          database: databaseOf(books.connection).databaseName,
          startedAt: run.startedAt,
          finishedAt: new Date().toISOString(),
          accounts: sum.accounts,
          transfers: sum.transfers + (since?.books.transfers ?? 0),
          digest,
        },
        accountLines: run.accountLines(),
        batches: { tallies, digests },
      })
    }
    await run?.remove()
    return verificationOf(sum, {
      ...counts,
      groups,
      ...(balanced && { digest }),
      ...(kept && { [kept.mode]: keptBooks(kept.state) }),
      ...(run?.resumed !== undefined && {
        resumed: { startedAt: run.startedAt, accounts: run.resumed },
      }),
      ...(run && { saved: balanced }),
    })
  } finally {
    await run?.close()
  }
}

async function openRun(
  save: string,
  { books, kept }: ProofContext,
  { sum, numbers }: { sum: FindingsSum; numbers: KeptNumbers | undefined },
): Promise<UnfinishedRun> {
  const checksumOf = (mode: KeptMode) => (kept?.mode === mode ? kept.state.checksum : null)
  return await UnfinishedRun.open(`${save}.partial`, {
    identity: {
      database: databaseOf(books.connection).databaseName,
      since: checksumOf('since'),
      against: checksumOf('against'),
    },
    async onFindings(findings) {
      sum.add(findings)
      await numbers?.add(findings.counterparts)
    },
  })
}
