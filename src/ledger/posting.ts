import { setImmediate } from 'node:timers/promises'
import type { Connection } from 'mongoose'
import { TransferRefusedError } from '../errors.ts'
import { isDuplicateKey } from '../mongodb/server-errors.ts'
import { inTransaction, type Transaction } from '../mongodb/transaction.ts'
import { memoryOf } from './account-memory.ts'
import {
  evaluate,
  type Ledger,
  type LedgerAccount,
  refused,
  type RefusedTransfer,
  type TransferResult,
  unlinked,
} from './evaluation.ts'
import type { TransferRecord } from './records.ts'
import {
  type IdentifiedRequest,
  type WellFormedRequest,
  mayIdentify,
  readRequest,
} from './request.ts'
import {
  ChangedAccountError,
  accountUpdateOf,
  insertOf,
  readAccounts,
  readTransfers,
} from './stored-ledger.ts'

export interface PostingOptions {
  /** All or nothing: when one request is refused none is posted. */
  readonly atomic?: boolean | undefined
  /** The batch that the transfers are marked with. */
  readonly batch?: string | undefined
  /**
   * Takes it that no id was posted before, which saves a look-up. Where one was, the insert fails with
   * a duplicate key and with it the transaction: {@link postAlone} then posts with the look-up.
   */
  readonly presumeNew?: boolean | undefined
}

/**
 * Applies transfers to balances inside the caller's transaction, as if one by one in their order: a
 * later one can spend what an earlier one brought. This is the one place where balances change.
 * One result a request, in the same order. Every account that it moves is written, so that a
 * concurrent change is a write conflict, thrown for the transaction to be tried again.
 */
export async function post(
  requests: readonly IdentifiedRequest[],
  transaction: Transaction,
  options: PostingOptions = {},
): Promise<TransferResult[]> {
  const accounts = await readAccounts(accountIdsOf(requests), transaction)
  return await postTo(accounts, requests, transaction, options)
}

/** Posts to accounts that this transaction has read; moves them in memory too. See {@link post}. */
async function postTo(
  accounts: Map<string, LedgerAccount>,
  requests: readonly IdentifiedRequest[],
  transaction: Transaction,
  options: PostingOptions,
): Promise<TransferResult[]> {
  // What an atomic group refuses may rest on an id that is posted already, so it is told by a look-up.
  const presumeNew = Boolean(options.presumeNew && !options.atomic)
  const ledger: Ledger = {
    accounts,
    transfers: presumeNew ? new Map() : await readTransfers(transferIdsOf(requests), transaction),
  }
  const evaluation = { now: new Date(), batch: options.batch }
  const results: TransferResult[] = []
  const posted: TransferRecord[] = []
  let inserting = Promise.resolve()
  for (const slice of slices(requests, options.atomic)) {
    const readings = slice.map(readRequest)
    let outcomes = readings.map((reading, index) =>
      isWellFormed(reading)
        ? evaluate(reading, ledger, evaluation)
        : refused((slice[index] as IdentifiedRequest).transferId, reading),
    )
    if (presumeNew && outcomes.some(isRefused)) {
      await inserting
      outcomes = await recognise(outcomes, readings, ledger, transaction)
    }
    const refusal = options.atomic ? outcomes.find(isRefused) : undefined
    if (refusal) return unlinked(outcomes, refusal)
    const transfers = postedOf(outcomes)
    const insert = insertOf(transfers, transaction)
    await inserting
    inserting = insert()
    inserting.catch(() => undefined)
    results.push(...outcomes)
    posted.push(...transfers)
    await setImmediate()
  }
  const update = accountUpdateOf(posted, { accounts }, transaction)
  await inserting
  await update()
  return results
}

/**
 * Posts in a transaction of its own; see {@link post}. Ids are presumed new at first. A lone request also
 * presumes its accounts to be as this connection left them, where it has posted to both.
 */
export async function postAlone(
  requests: readonly IdentifiedRequest[],
  connection: Connection,
  { patience, ...options }: Pick<PostingOptions, 'atomic'> & { patience?: number | undefined } = {},
): Promise<TransferResult[]> {
  const accountIds = accountIdsOf(requests)
  const memory = memoryOf(connection)
  const [lone] = requests.length === 1 ? requests : []
  let recalled = lone && memory.recall(accountIds)
  let presumeNew = true

  const attempt = async (transaction: Transaction) => {
    // For the first attempt alone: what made it fail may have changed the accounts.
    const presumed = recalled
    recalled = undefined
    if (lone && presumed) {
      const result = await postPresuming(presumed, lone, transaction)
      if (result) return { accounts: presumed, results: [result] }
    }
    const accounts = await readAccounts(accountIds, transaction)
    const results = await postTo(accounts, requests, transaction, { ...options, presumeNew })
    return { accounts, results }
  }

  for (;;) {
    try {
      const { accounts, results } = await inTransaction(connection, attempt, patience)
      memory.remember(accounts)
      return results
    } catch (error) {
      if (error instanceof ChangedAccountError) memory.distrust()
      else if (presumeNew && isDuplicateKey(error)) presumeNew = false
      else throw error
    }
  }
}

/**
 * Posts a request to accounts that nobody has read: their update finds them only if they are as presumed.
 * Undefined, and nothing written, where it would not be posted: that is for accounts that were read to say.
 */
async function postPresuming(
  accounts: Map<string, LedgerAccount>,
  request: IdentifiedRequest,
  transaction: Transaction,
): Promise<TransferResult | undefined> {
  const presumed = new Map([...accounts].map(([accountId, account]) => [accountId, { ...account }]))
  const reading = readRequest(request)
  if (!isWellFormed(reading)) return undefined
  const result = evaluate(reading, { accounts, transfers: new Map() }, { now: new Date() })
  if (result.status !== 'posted') return undefined
  const inserting = insertOf([result.transfer], transaction)()
  const update = accountUpdateOf([result.transfer], { accounts, presumed }, transaction)
  await inserting
  await update()
  return result
}

type Reading = WellFormedRequest | TransferRefusedError

/**
 * What was refused while its id was presumed new may be posted already, which goes before most
 * refusals. Neither moves anything, so it can be told afterwards, whatever came in between.
 */
async function recognise(
  results: TransferResult[],
  readings: readonly Reading[],
  { accounts }: Ledger,
  transaction: Transaction,
): Promise<TransferResult[]> {
  const doubtful = readings.filter(
    (reading, index): reading is WellFormedRequest =>
      isWellFormed(reading) && results[index]?.status === 'refused',
  )
  if (doubtful.length === 0) return results
  const transfers = await readTransfers(transferIdsOf(doubtful), transaction)
  return results.map((result, index) => {
    const reading = readings[index] as Reading
    return isRefused(result) && isWellFormed(reading) && transfers.has(reading.transferId)
      ? evaluate(reading, { accounts, transfers }, { now: new Date() })
      : result
  })
}

const isWellFormed = (reading: Reading): reading is WellFormedRequest =>
  !(reading instanceof TransferRefusedError)

const isRefused = (result: TransferResult): result is RefusedTransfer => result.status === 'refused'

/** The numbers of all accounts that requests name. */
export function accountIdsOf(
  requests: readonly Pick<IdentifiedRequest, 'from' | 'to'>[],
): Set<string> {
  const accountIds = new Set<string>()
  for (const { from, to } of requests) {
    if (mayIdentify(from)) accountIds.add(from)
    if (mayIdentify(to)) accountIds.add(to)
  }
  return accountIds
}

const transferIdsOf = (requests: readonly Pick<IdentifiedRequest, 'transferId'>[]): string[] =>
  requests.map(({ transferId }) => transferId).filter(mayIdentify)

const postedOf = (results: readonly TransferResult[]): TransferRecord[] =>
  results.flatMap((result) => (result.status === 'posted' ? [result.transfer] : []))

/** So many requests are evaluated in one go. */
const ONE_SLICE = 400

/** How many of more than these are evaluated at first, while the server has nothing to do yet. */
const FIRST_SLICE = 100

/** How many are evaluated at most while the server takes those before. */
const LARGEST_SLICE = 1_000

/** Items in slices that grow, so that the first is soon ready; few in one, and all where they are atomic. */
function* slices<Item>(items: readonly Item[], atomic = false): Generator<readonly Item[]> {
  let size = atomic || items.length <= ONE_SLICE ? items.length : FIRST_SLICE
  for (let start = 0; start < items.length; start += size) {
    if (start > 0) size = Math.min(2 * size, LARGEST_SLICE)
    yield items.slice(start, start + size)
  }
}
