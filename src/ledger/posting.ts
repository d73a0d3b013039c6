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
 * | a payer's holds have not expired      | each, while the payer has enough beside them | too little available          | it looks for expired ones         |
 *
 * Without `presumeNew`, as in a caller's own transaction, everything is read first and nothing is presumed.
 */
import { setImmediate } from 'node:timers/promises'
import type { Transaction } from '../mongodb/transaction.ts'
import type { LedgerAccount } from './ledger-state.ts'
import { recognizeExisting } from './existing-ids.ts'
import { type GroupLedger, evaluateAll, isGrouped } from './groups.ts'
import { PostedHolds, storedHoldReads } from './holds/posted-holds.ts'
import { couldBeId } from './identifier.ts'
import { InsertQueue } from './insert-queue.ts'
import {
  type LedgerRequest,
  type LedgerResult,
  type ResultOf,
  areTakenOver,
  isRefused,
  readLedgerRequest,
  transferIdsOf,
} from './ledger-request.ts'
import { ownFieldsOf } from './own-fields.ts'
import { refusedIdsOf, requireNonePending } from './pending-ids.ts'
import { groupIdsOf, groupRecordsOf } from './posted-groups.ts'
import type { TransferRecord } from './records.ts'
import {
  insertAccounts,
  insertGroups,
  readAccounts,
  readGroups,
  readTransfers,
} from './stored-ledger.ts'
import { prepareAccountUpdates } from './account-updates.ts'
import { type RefusedTransfer, type TransferResult, refuseGroup } from './transfer-result.ts'

export interface PostingOptions {
  /** All or nothing: if one request is refused, none is posted. All of them are transfers. */
  readonly atomic?: boolean | undefined
  /** The batch that the transfers are marked with. */
  readonly batch?: string | undefined
  /**
   * Presumes that no id was posted before, which saves a look-up. If one was, the insert fails with a
   * duplicate key and the transaction with it, or a group throws a PostedBeforeError: post again without this
   * option.
   */
  readonly presumeNew?: boolean | undefined
}

/**
 * Applies transfers to balances, and actions on holds to what is held, inside the caller's transaction, as if one by one in their order: a later
 * one can spend what an earlier one brought in. Returns one result for each request, in the same order.
 * Every account that it moves is written, so a concurrent change is a write conflict, which is thrown so
 * that the transaction is tried again.
 */
export async function post<Request extends LedgerRequest>(
  requests: readonly Request[],
  transaction: Transaction,
  options: PostingOptions = {},
): Promise<ResultOf<Request>[]> {
  const withOpening = areTakenOver(requests)
  const accounts = await readAccounts(accountIdsOf(requests), transaction, { withOpening })
  return await postToAccounts(accounts, requests, transaction, options)
}

/**
 * {@link post} to accounts that this transaction has read. The accounts in memory change too.
 *
 * While the server inserts the transfers of some slices, the next ones are evaluated.
 */
export async function postToAccounts<Request extends LedgerRequest>(
  accounts: Map<string, LedgerAccount>,
  requests: readonly Request[],
  transaction: Transaction,
  options: PostingOptions,
): Promise<ResultOf<Request>[]> {
  // A refusal in an atomic group may depend on an id that is already posted, so ids are looked up first.
  const presumeNew = Boolean(options.presumeNew && !options.atomic)
  const reads = storedHoldReads(transaction)
  const holds = await PostedHolds.read(requests, { accounts, presumeNew }, reads)
  const groupIds = groupIdsOf(requests)
  const ledger: GroupLedger = {
    accounts,
    holds: holds?.book,
    groups: presumeNew ? new Map() : await readGroups(groupIds, transaction),
    transfers: await readTransfers(
      [...(presumeNew ? [] : transferIdsOf(requests)), ...originalIdsOf(requests)],
      transaction,
    ),
  }
  // Ids of which this transaction knows a transfer. While an atomic group is evaluated, none of its own is written.
  const known = options.atomic ? new Set(ledger.transfers.keys()) : ledger.transfers
  const { transfer: fields, account: accountFields } = ownFieldsOf(transaction.connection)
  const evaluation = { now: new Date(), batch: options.batch, accountFields }
  const results: LedgerResult[] = []
  const posted: TransferRecord[] = []
  const inserts = new InsertQueue(transaction)
  for (const slice of slices(requests, options.atomic)) {
    const readings = slice.map((request) => readLedgerRequest(request, fields))
    if (holds) {
      await inserts.idle()
      await holds.releaseExpired(readings, evaluation.now)
    }
    let outcomes: LedgerResult[] = evaluateAll(slice, readings, ledger, evaluation)
    if (presumeNew && outcomes.some(isRefused)) {
      await inserts.idle()
      outcomes = await recognizeExisting(
        outcomes,
        { requests: slice, readings },
        ledger,
        transaction,
      )
    }
    const refusal = options.atomic ? outcomes.find(isRefused) : undefined
    // An atomic group has only transfers.
    if (refusal) {
      outcomes = refuseGroup(outcomes as TransferResult[], refusal as RefusedTransfer, known)
    }
    const refusedIds = outcomes.some(isRefused)
      ? refusedIdsOf(outcomes, { requests: slice, readings, known })
      : undefined
    if (refusal) {
      await requireNonePending(refusedIds, transaction)
      return outcomes as ResultOf<Request>[]
    }
    const transfers = outcomes.flatMap((outcome) =>
      outcome.status === 'posted' && 'transfer' in outcome ? [outcome.transfer] : [],
    )
    await inserts.add(transfers, refusedIds)
    results.push(...outcomes)
    posted.push(...transfers)
    await setImmediate()
  }
  const opened = results.flatMap((result) =>
    result.status === 'posted' && 'opened' in result ? (result.opened ?? []) : [],
  )
  const held = holds?.prepareWrites(posted, transaction)
  const update = prepareAccountUpdates(posted, { accounts, held: held?.accountIds }, transaction)
  await inserts.finish()
  if (opened.length > 0) await insertAccounts(opened, transaction)
  if (groupIds.length > 0) await insertGroups(groupRecordsOf(posted), transaction)
  await held?.write()
  await update()
  return results as ResultOf<Request>[]
}

/** The ids of the accounts that requests name. Those of a hold that exists are in its record. */
export function accountIdsOf(requests: readonly LedgerRequest[]): Set<string> {
  const accountIds = new Set<string>()
  for (const request of requests) {
    if (!('from' in request)) continue
    const { from, to } = request
    if (couldBeId(from)) accountIds.add(from)
    if (couldBeId(to)) accountIds.add(to)
  }
  return accountIds
}

/** The ids of the transfers that requests reverse. They may be among the requests. */
export function originalIdsOf(requests: readonly LedgerRequest[]): string[] {
  const ids: string[] = []
  for (const request of requests) {
    if ('reverses' in request && couldBeId(request.reverses)) ids.push(request.reverses)
  }
  return ids
}

/** The most requests that are evaluated in one go. */
const ONE_SLICE = 400

/** The size of the first of several slices: small, because the server waits for it. */
const FIRST_SLICE = 100

/** The most requests that are evaluated before the server is looked at again. */
const LARGEST_SLICE = 1_000

/** Splits requests into slices that grow. A few requests, and a group of any size, are in one slice. */
function* slices<Request extends LedgerRequest>(
  requests: readonly Request[],
  atomic = false,
): Generator<readonly Request[]> {
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
