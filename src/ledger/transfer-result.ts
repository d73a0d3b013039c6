import {
  LinkedTransferRefusedError,
  type RefusalCode,
  type TransferRefusedError,
} from '../errors.ts'
import type { TransferRecord } from './records.ts'

/** The result of one request: posted now, already posted with the same content (`existing`), or refused. */
export type TransferResult =
  { status: 'posted' | 'existing'; transferId: string; transfer: TransferRecord } | RefusedTransfer

export interface RefusedTransfer {
  status: 'refused'
  /** The id as given, even when it is not a valid one. */
  transferId: string
  code: RefusalCode
  message: string
  error: TransferRefusedError
}

/** Makes a result of a refusal. */
export const refused = (transferId: string, error: TransferRefusedError): RefusedTransfer => ({
  status: 'refused',
  transferId,
  code: error.code,
  message: error.message,
  error,
})

/**
 * The results of an atomic group once its request `first` was refused: every request that would have been
 * posted is refused too.
 */
export function refuseGroup(
  results: readonly TransferResult[],
  first: RefusedTransfer,
): TransferResult[] {
  const notPosted = new Set(
    results.flatMap((result) => (result.status === 'posted' ? [result.transfer] : [])),
  )
  return results.map((result) =>
    result === first || (result.status === 'existing' && !notPosted.has(result.transfer))
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
