/**
 * Posting: the one place where balances change. A posting first presumes what is nearly always true, which
 * saves it a read, and finds out when it was wrong:
 *
 * | presumption                           | made by                                     | found wrong by                | then                              |
 * | ------------------------------------- | ------------------------------------------- | ----------------------------- | --------------------------------- |
 * | a transfer's id is new                | `presumeNew`: own transactions, replay      | a duplicate key, on insert    | the caller posts without it       |
 * | a group's id is new                   | the same                                    | the same, of its record       | the same                          |
 * | a refused id was never posted         | `presumeNew`, until something is refused    | a look-up of refused ids      | the result is `existing`          |
 * | accounts are as we last left them     | a lone transfer (`own-transaction.ts`)      | its update, which finds fewer | it reads the accounts             |
 *
 * Without `presumeNew`, as in a caller's own transaction, everything is read first and nothing is presumed.
 */
import { setImmediate } from 'node:timers/promises'
import { REFUSAL_CODES, type RefusalCode, type TransferRefusedError } from '../errors.ts'
import { isDuplicateKey } from '../mongodb/server-errors.ts'
import type { Transaction } from '../mongodb/transaction.ts'
import { type Ledger, type LedgerAccount, evaluate } from './evaluation.ts'
import {
  type GroupLedger,
  evaluateAll,
  isGrouped,
  isRefusedByGroup,
  isWellFormed,
} from './groups.ts'
import { couldBeId } from './identifier.ts'
import { ownFieldsOf } from './own-fields.ts'
import { requireNonePending } from './pending-ids.ts'
import { groupIdsOf, groupRecordsOf } from './posted-groups.ts'
import type { TransferRecord } from './records.ts'
import { type IdentifiedRequest, type WellFormedRequest, readRequest } from './request.ts'
import {
  insertAccounts,
  insertGroups,
  prepareAccountUpdates,
  prepareInsert,
  readAccounts,
  readGroups,
  readTransfers,
} from './stored-ledger.ts'
import { type RefusedTransfer, type TransferResult, refuseGroup } from './transfer-result.ts'

export interface PostingOptions {
  /** All or nothing: if one request is refused, none is posted. */
  readonly atomic?: boolean | undefined
  /** The batch that the transfers are marked with. */
  readonly batch?: string | undefined
  /**
   * Presumes that no id was posted before, which saves a look-up. If one was, the insert fails with a
   * duplicate key and the transaction with it, or a group throws {@link PostedBeforeError}: post again without this
   * option.
   */
  readonly presumeNew?: boolean | undefined
}

/**
 * Applies transfers to balances inside the caller's transaction, as if one by one in their order: a later
 * one can spend what an earlier one brought in. Returns one result for each request, in the same order.
 * Every account that it moves is written, so a concurrent change is a write conflict, which is thrown so
 * that the transaction is tried again.
 */
export async function post(
  requests: readonly IdentifiedRequest[],
  transaction: Transaction,
  options: PostingOptions = {},
): Promise<TransferResult[]> {
  const accounts = await readAccounts(accountIdsOf(requests), transaction)
  return await postToAccounts(accounts, requests, transaction, options)
}

/**
 * {@link post} to accounts that this transaction has read. The accounts in memory change too.
 *
 * While the server inserts the transfers of one slice, the next slice is evaluated.
 */
export async function postToAccounts(
  accounts: Map<string, LedgerAccount>,
  requests: readonly IdentifiedRequest[],
  transaction: Transaction,
  options: PostingOptions,
): Promise<TransferResult[]> {
  // A refusal in an atomic group may depend on an id that is already posted, so ids are looked up first.
  const presumeNew = Boolean(options.presumeNew && !options.atomic)
  const groupIds = groupIdsOf(requests)
  const ledger: GroupLedger = {
    accounts,
    groups: presumeNew ? new Map() : await readGroups(groupIds, transaction),
    transfers: await readTransfers(
      [...(presumeNew ? [] : transferIdsOf(requests)), ...originalIdsOf(requests)],
      transaction,
    ),
  }
  // Ids of which this transaction knows a transfer. While an atomic group is evaluated, none of its own is written.
  const known = options.atomic ? new Set(ledger.transfers.keys()) : ledger.transfers
  const evaluation = { now: new Date(), batch: options.batch }
  const { transfer: fields } = ownFieldsOf(transaction.connection)
  const results: TransferResult[] = []
  const posted: TransferRecord[] = []
  let inserting = Promise.resolve()
  for (const slice of slices(requests, options.atomic)) {
    const readings = slice.map((request) => readRequest(request, fields))
    let outcomes = evaluateAll(slice, readings, ledger, evaluation)
    if (presumeNew && outcomes.some(isRefused)) {
      await inserting
      outcomes = await recognizeExisting(outcomes, readings, ledger, transaction)
    }
    const refusal = options.atomic ? outcomes.find(isRefused) : undefined
    if (refusal) outcomes = refuseGroup(outcomes, refusal)
    const refusedIds = outcomes.some(isRefused) ? idsToRefuse(outcomes, readings, known) : NO_IDS
    if (refusal) {
      await requireNonePending(refusedIds, transaction)
      return outcomes
    }
    const transfers = outcomes.flatMap((outcome) =>
      outcome.status === 'posted' ? [outcome.transfer] : [],
    )
    const insert = prepareInsert(transfers, transaction)
    await inserting
    inserting = both(insert(), requireNonePending(refusedIds, transaction))
    inserting.catch(() => undefined)
    results.push(...outcomes)
    posted.push(...transfers)
    await setImmediate()
  }
  const opened = results.flatMap((result) =>
    result.status === 'posted' && result.opened ? result.opened : [],
  )
  const update = prepareAccountUpdates(posted, { accounts }, transaction)
  await inserting
  if (opened.length > 0) await insertAccounts(opened, transaction)
  if (groupIds.length > 0) await insertGroups(groupRecordsOf(posted), transaction)
  await update()
  return results
}

type Reading = WellFormedRequest | TransferRefusedError

/** An id of a group was presumed new and is not: post again without `presumeNew`. */
class PostedBeforeError extends Error {
  override readonly name = 'PostedBeforeError'
}

/** Whether an error shows that an id which was presumed new is posted already. */
export const isPostedBefore = (error: unknown): boolean =>
  isDuplicateKey(error) || error instanceof PostedBeforeError

/**
 * A request that was refused while its id was presumed new may be posted already, which takes precedence
 * over most refusals. Neither outcome moves anything, so it can be decided afterwards, whatever was posted
 * in between.
 */
async function recognizeExisting(
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
  // What a group does depends on all of its ids, so it must be evaluated with them.
  const groups = await readGroups(groupIdsOf(doubtful), transaction)
  if (groups.size > 0) throw new PostedBeforeError()
  const transfers = await readTransfers(transferIdsOf(doubtful), transaction)
  return results.map((result, index) => {
    const reading = readings[index] as Reading
    if (!isRefused(result) || !isWellFormed(reading)) return result
    if (!transfers.has(reading.transferId)) return result
    if (reading.group !== undefined) throw new PostedBeforeError()
    return evaluate(reading, { accounts, transfers }, { now: new Date() })
  })
}

const both = async (...works: Promise<void>[]): Promise<void> => void (await Promise.all(works))

/**
 * The codes that a well-formed request gets because of what was found, or because it was not. An id of an earlier
 * version is refused only if there is no record with it. With another code, the request itself is wrong, or its id
 * is posted.
 */
const LOOKED_UP: ReadonlySet<RefusalCode> = new Set([
  'INVALID_TRANSFER_ID',
  'INVALID_ACCOUNT_ID',
  ...REFUSAL_CODES.slice(REFUSAL_CODES.indexOf('TRANSFER_CONFLICT') + 1),
])

const NO_IDS: ReadonlySet<string> = new Set()

/** The ids that are refused because of what the transaction has read. */
function idsToRefuse(
  results: readonly TransferResult[],
  readings: readonly Reading[],
  known: { has(transferId: string): boolean },
): Set<string> {
  return new Set(
    results.flatMap((result, index) => {
      const { transferId } = result
      return isRefused(result) &&
        (LOOKED_UP.has(result.code) || isRefusedByGroup(result)) &&
        isWellFormed(readings[index] as Reading) &&
        !known.has(transferId)
        ? [transferId]
        : []
    }),
  )
}

const isRefused = (result: TransferResult): result is RefusedTransfer => result.status === 'refused'

export function accountIdsOf(
  requests: readonly Pick<IdentifiedRequest, 'from' | 'to'>[],
): Set<string> {
  const accountIds = new Set<string>()
  for (const { from, to } of requests) {
    if (couldBeId(from)) accountIds.add(from)
    if (couldBeId(to)) accountIds.add(to)
  }
  return accountIds
}

/** The ids of the transfers that requests reverse. They may be among the requests. */
export function originalIdsOf(requests: readonly Pick<IdentifiedRequest, 'reverses'>[]): string[] {
  const ids: string[] = []
  for (const { reverses } of requests) if (couldBeId(reverses)) ids.push(reverses)
  return ids
}

const transferIdsOf = (requests: readonly Pick<IdentifiedRequest, 'transferId'>[]): string[] =>
  requests.map(({ transferId }) => transferId).filter(couldBeId)

/** The most requests that are evaluated in one go. */
const ONE_SLICE = 400

/** The size of the first of several slices: small, because the server waits for it. */
const FIRST_SLICE = 100

/** The most requests that are evaluated while the server inserts the slice before. */
const LARGEST_SLICE = 1_000

/** Splits requests into slices that grow. A few requests, and a group of any size, are in one slice. */
function* slices(
  requests: readonly IdentifiedRequest[],
  atomic = false,
): Generator<readonly IdentifiedRequest[]> {
  const { length } = requests
  let size = atomic || length <= ONE_SLICE ? length : FIRST_SLICE
  for (let start = 0; start < length;) {
    if (start > 0) size = Math.min(2 * size, LARGEST_SLICE)
    let end = Math.min(start + size, length)
    while (isGrouped(requests[end - 1], requests[end])) end++
    yield requests.slice(start, end)
    start = end
  }
}
