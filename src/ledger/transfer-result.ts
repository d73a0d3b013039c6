import {
  LinkedTransferRefusedError,
  type RefusalCode,
  type TransferRefusedError,
} from '../errors.ts'
import type { TransferRecord } from './records.ts'

/** What became of one request: posted now, posted before with the same content, or refused. */
export type TransferResult =
  { status: 'posted' | 'existing'; transferId: string; transfer: TransferRecord } | RefusedTransfer

export interface RefusedTransfer {
  status: 'refused'
  /** As it was given, be it an id or not. */
  transferId: string
  code: RefusalCode
  message: string
  error: TransferRefusedError
}

/** A refusal as a result. */
export const refused = (transferId: string, error: TransferRefusedError): RefusedTransfer => ({
  status: 'refused',
  transferId,
  code: error.code,
  message: error.message,
  error,
})

/** The results of an atomic group in which one was refused: what would have been posted is refused with it. */
export function refuseGroup(
  results: readonly TransferResult[],
  first: RefusedTransfer,
): TransferResult[] {
  const unposted = new Set(
    results.flatMap((result) => (result.status === 'posted' ? [result.transfer] : [])),
  )
  return results.map((result) =>
    result === first || (result.status === 'existing' && !unposted.has(result.transfer))
      ? result
      : refused(
          result.transferId,
          new LinkedTransferRefusedError({
            transferId: result.transferId,
            refusedTransferId: first.transferId,
          }),
        ),
  )
}
