import type { TransferRefusedError } from '../errors.ts'
import { type HoldAction, type WellFormedAction, readHoldAction } from './holds/hold-request.ts'
import { couldBeId } from './identifier.ts'
import type { OwnFields } from './own-fields.ts'
import type { IdentifiedRequest, WellFormedRequest } from './request.ts'
import { readRequest } from './request-reading.ts'
import type { HoldResult, RefusedHold, RefusedTransfer, TransferResult } from './transfer-result.ts'

/** What can be posted: a transfer, or an action on a hold. */
export type LedgerRequest = IdentifiedRequest | HoldAction

/** A request whose parts are checked, or the reason why it is refused whatever the ledger holds. */
export type Reading = WellFormedRequest | WellFormedAction | TransferRefusedError

/** `fields` are those that transfers have of their own. A capture has none of them. */
export const readLedgerRequest = (
  request: LedgerRequest,
  fields: OwnFields | undefined,
): Reading => (request.kind === undefined ? readRequest(request, fields) : readHoldAction(request))

export type LedgerResult = TransferResult | HoldResult

/** The result of a request. A capture posts a transfer. */
export type ResultOf<Request extends LedgerRequest> = Request extends {
  readonly kind: 'hold' | 'release' | 'expire'
}
  ? HoldResult
  : TransferResult

export const isRefused = (result: LedgerResult): result is RefusedTransfer | RefusedHold =>
  result.status === 'refused'

/** Whether some requests are taken over from other books: then their accounts must have been open at that time. */
export const areTakenOver = (requests: readonly LedgerRequest[]): boolean =>
  requests.some(({ postedElsewhereAt }) => postedElsewhereAt !== undefined)

/** The ids of the transfers that requests post. A capture posts one too. */
export function transferIdsOf(requests: readonly LedgerRequest[]): string[] {
  const ids: string[] = []
  for (const request of requests) {
    if ('transferId' in request && couldBeId(request.transferId)) ids.push(request.transferId)
  }
  return ids
}
