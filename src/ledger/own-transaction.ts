import type { Connection } from 'mongoose'
import { TransferRefusedError } from '../errors.ts'
import { waitUntilOpen } from '../mongodb/connection.ts'
import { type Call, type WaitOptions, withinPatience } from '../mongodb/patience.ts'
import { type Transaction, attemptUntilKnown } from '../mongodb/transaction.ts'
import { memoryOf } from './account-memory.ts'
import { evaluate } from './evaluation.ts'
import type { LedgerAccount } from './ledger-state.ts'
import { ownFieldsOf } from './own-fields.ts'
import { isPostedBefore } from './existing-ids.ts'
import { type PostingOptions, accountIdsOf, postToAccounts } from './posting.ts'
import type { LedgerRequest, ResultOf } from './ledger-request.ts'
import type { IdentifiedRequest } from './request.ts'
import { readRequest } from './request-reading.ts'
import { readAccounts } from './stored-ledger.ts'
import { ChangedAccountError, prepareAccountUpdates } from './account-updates.ts'
import { TransferInsert } from './transfer-insert.ts'
import type { TransferResult } from './transfer-result.ts'

/**
 * Posts in a new transaction; see `post`. Ids are presumed new at first. A lone request also
 * presumes that its accounts are as this connection left them, if it remembers both.
 */
export async function postInOwnTransaction<Request extends LedgerRequest>(
  requests: readonly Request[],
  connection: Connection,
  { atomic, ...waiting }: Pick<PostingOptions, 'atomic'> & WaitOptions = {},
): Promise<ResultOf<Request>[]> {
  await waitUntilOpen(connection)
  return await withinPatience(waiting, (call) => postInCall(requests, connection, { atomic, call }))
}

/** {@link postInOwnTransaction}, as part of a call that several callers may share. */
export async function postInCall<Request extends LedgerRequest>(
  requests: readonly Request[],
  connection: Connection,
  { atomic, call }: Pick<PostingOptions, 'atomic'> & { call: Call },
): Promise<ResultOf<Request>[]> {
  const accountIds = accountIdsOf(requests)
  const memory = memoryOf(connection)
  const lone = loneTransfer(requests)
  let recalled = lone && memory.recall(accountIds)
  let presumeNew = true

  const attempt = async (transaction: Transaction) => {
    // Only the first attempt presumes accounts: what made it fail may have changed them.
    const presumed = recalled
    recalled = undefined
    if (lone && presumed) {
      const result = await postToPresumedAccounts(presumed, lone, transaction)
      if (result) return { accounts: presumed, results: [result] as ResultOf<Request>[] }
    }
    const accounts = await readAccounts(accountIds, transaction)
    const results = await postToAccounts(accounts, requests, transaction, {
      atomic,
      presumeNew,
    })
    return { accounts, results }
  }

  for (;;) {
    try {
      const { accounts, results } = await attemptUntilKnown(connection, attempt, call)
      memory.remember(accounts)
      return results
    } catch (error) {
      if (error instanceof ChangedAccountError) memory.distrust()
      else if (presumeNew && isPostedBefore(error)) presumeNew = false
      else throw error
    }
  }
}

/** The transfer, if nothing else is requested. Whether a group is posted is not known without reading. */
function loneTransfer(requests: readonly LedgerRequest[]): IdentifiedRequest | undefined {
  const [request] = requests
  return requests.length === 1 && request?.kind === undefined && request?.group === undefined
    ? request
    : undefined
}

/**
 * Posts a request to accounts that were not read: their update finds them only if they are as presumed.
 * Returns undefined, and writes nothing, if the request would not be posted: a refusal needs accounts that
 * were read.
 * @throws ChangedAccountError if an account is not as presumed
 */
async function postToPresumedAccounts(
  accounts: Map<string, LedgerAccount>,
  request: IdentifiedRequest,
  transaction: Transaction,
): Promise<TransferResult | undefined> {
  const presumed = new Map([...accounts].map(([accountId, account]) => [accountId, { ...account }]))
  const reading = readRequest(request, ownFieldsOf(transaction.connection).transfer)
  if (reading instanceof TransferRefusedError) return undefined
  const result = evaluate(reading, { accounts, transfers: new Map() }, { now: new Date() })
  if (result.status !== 'posted') return undefined
  const inserting = new TransferInsert(transaction, [result.transfer]).send()
  const update = prepareAccountUpdates([result.transfer], { accounts, presumed }, transaction)
  await inserting
  await update()
  return result
}
