import {
  LinkedTransferRefusedError,
  type RefusalCode,
  TransferConflictError,
  type TransferRefusedError,
} from '../errors.ts'
import type { AccountRecord, HoldRecord, TransferRecord } from './records.ts'

/** The result of one request: posted now, already posted with the same content (`existing`), or refused. */
export type TransferResult =
  | {
      status: 'posted' | 'existing'
      transferId: string
      transfer: TransferRecord
      /** The accounts that the transfer opened, as they were before it. Only transfers of a file open any. */
      opened?: readonly AccountRecord[]
    }
  | RefusedTransfer

export interface RefusedTransfer {
  status: 'refused'
  /** The id as given, even when it is not a valid one. */
  transferId: string
  code: RefusalCode
  message: string
  error: TransferRefusedError
}

/** What became of a hold: placed or ended now, already so (`existing`), or refused. */
export type HoldResult =
  | {
      status: 'posted' | 'existing'
      holdId: string
      hold: HoldRecord
      /** The accounts that the hold opened. Only holds of a file open any. */
      opened?: readonly AccountRecord[]
    }
  | RefusedHold

export interface RefusedHold extends Omit<RefusedTransfer, 'transferId'> {
  /** The id as given, even when it is not a valid one. */
  holdId: string
}

/** The hold of a result. @throws TransferRefusedError if it was refused */
export function heldOrThrow(result: HoldResult | undefined): HoldRecord {
  if (!result) throw new RangeError('a posting returned no result')
  if (result.status === 'refused') throw result.error
  return result.hold
}

/** The transfer of a result. @throws TransferRefusedError if it was refused */
export function postedOrThrow(result: TransferResult | undefined): TransferRecord {
  if (!result) throw new RangeError('a posting returned no result')
  if (result.status === 'refused') throw result.error
  return result.transfer
}

export const refused = (transferId: string, error: TransferRefusedError): RefusedTransfer => ({
  status: 'refused',
  transferId,
  code: error.code,
  message: error.message,
  error,
})

export const refusedHold = (holdId: string, error: TransferRefusedError): RefusedHold => ({
  status: 'refused',
  holdId,
  code: error.code,
  message: error.message,
  error,
})

/** The ids that were posted before an atomic group. */
interface KnownIds {
  has(transferId: string): boolean
}

/** The refusal of a transfer of an atomic group, which says so if the other transfer with its id is one of the group, too. */
export function refusedWithinGroup(refusal: RefusedTransfer, known: KnownIds): RefusedTransfer {
  const { transferId, error } = refusal
  if (!(error instanceof TransferConflictError) || error.group !== undefined) return refusal
  if (known.has(transferId)) return refusal
  const { fields } = error
  return refused(transferId, new TransferConflictError({ transferId, fields, isWithinGroup: true }))
}

/**
 * The results of an atomic group after its first refusal. Requests that would have been posted are refused. `known` has the ids
 * that were posted before.
 */
export function refuseGroup(
  results: readonly TransferResult[],
  firstRefusal: RefusedTransfer,
  known: KnownIds,
): TransferResult[] {
  const notPosted = new Set(
    results.flatMap((result) => (result.status === 'posted' ? [result.transfer] : [])),
  )
  return results.map((result) => {
    if (result === firstRefusal) return refusedWithinGroup(firstRefusal, known)
    if (result.status === 'existing' && !notPosted.has(result.transfer)) return result
    const { transferId } = result
    const { transferId: refusedTransferId } = firstRefusal
    return refused(transferId, new LinkedTransferRefusedError({ transferId, refusedTransferId }))
  })
}
