import { setImmediate } from 'node:timers/promises'
import type { Connection } from 'mongoose'
import { TransferRefusedError } from './errors.ts'
import {
  type Ledger,
  type RefusedTransfer,
  type TransferRecord,
  type TransferResult,
  evaluate,
  refused,
  unlinked,
} from './evaluation.ts'
import { type IdentifiedRequest, type WellFormedRequest, readRequest } from './request.ts'
import {
  accountUpdates,
  insertTransfers,
  readAccounts,
  readTransfers,
  updateAccounts,
} from './stored-ledger.ts'
import { type Transaction, inTransaction, isDuplicateKey } from './transaction.ts'

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
  // What an atomic group refuses may rest on an id that is posted already, so it is told by a look-up.
  const presumeNew = options.presumeNew && !options.atomic
  const readings = requests.map(readRequest)
  const wellFormed = readings.filter(isWellFormed)
  const ledger: Ledger = {
    accounts: await readAccounts(accountIdsOf(wellFormed), transaction),
    transfers: presumeNew ? new Map() : await readTransfers(transferIdsOf(wellFormed), transaction),
  }
  const evaluation = { now: new Date(), batch: options.batch }
  const results: TransferResult[] = []
  const posted: TransferRecord[] = []
  let inserting = Promise.resolve()
  for (const slice of slices(readings, options.atomic ? readings.length : SLICE)) {
    let outcomes = slice.map((reading, index) =>
      isWellFormed(reading)
        ? evaluate(reading, ledger, evaluation)
        : refused((requests[results.length + index] as IdentifiedRequest).transferId, reading),
    )
    await inserting
    if (presumeNew) outcomes = await recognise(outcomes, slice, ledger, transaction)
    const refusal = options.atomic ? outcomes.find(isRefused) : undefined
    if (refusal) return unlinked(outcomes, refusal)
    const transfers = postedOf(outcomes)
    inserting = insertTransfers(transfers, transaction)
    inserting.catch(() => undefined)
    results.push(...outcomes)
    posted.push(...transfers)
    // Once a large insert is under way, what comes next is made ready while the server takes it.
    if (transfers.length === SLICE) await setImmediate()
  }
  const updates = accountUpdates(posted, ledger.accounts)
  await inserting
  await updateAccounts(updates, transaction)
  return results
}

/** How many requests are evaluated at a time. */
const SLICE = 1_000

/** Posts in a transaction of its own; see {@link post}. */
export async function postAlone(
  requests: readonly IdentifiedRequest[],
  connection: Connection,
  options: PostingOptions = {},
): Promise<TransferResult[]> {
  const attempt = (presumeNew: boolean) =>
    inTransaction(connection, (transaction) =>
      post(requests, transaction, { ...options, presumeNew }),
    )
  try {
    return await attempt(true)
  } catch (error) {
    if (!isDuplicateKey(error)) throw error
    return await attempt(false)
  }
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
export function accountIdsOf(requests: readonly WellFormedRequest[]): Set<string> {
  const accountIds = new Set<string>()
  for (const { from, to } of requests) accountIds.add(from).add(to)
  return accountIds
}

const transferIdsOf = (requests: readonly WellFormedRequest[]): string[] =>
  requests.map(({ transferId }) => transferId)

const postedOf = (results: readonly TransferResult[]): TransferRecord[] =>
  results.flatMap((result) => (result.status === 'posted' ? [result.transfer] : []))

function* slices<Item>(items: readonly Item[], size: number): Generator<readonly Item[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size)
}
