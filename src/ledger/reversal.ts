import type { Connection } from 'mongoose'
import { TransferIsReversalError, TransferNotFoundError } from '../errors.ts'
import type { Transaction } from '../mongodb/transaction.ts'
import { isIdentifier } from './identifier.ts'
import { ownFieldsOf } from './own-fields.ts'
import { post } from './posting.ts'
import type { TransferRecord } from './records.ts'
import type { IdentifiedRequest, TransferRequest } from './request.ts'
import { readTransfers } from './stored-ledger.ts'
import { reversalId } from './transfer-id.ts'
import { postedOrThrow } from './transfer-result.ts'

/**
 * Reverses a transfer within a transaction, which reads the original too: a reversal must never outlive a
 * transfer that a failover has rolled back.
 * @throws TransferNotFoundError, TransferIsReversalError, or the refusal of the new transfer
 */
export async function reverse(
  {
    transferId,
    reference,
    effectiveAt,
  }: { transferId: string } & Pick<TransferRequest, 'reference' | 'effectiveAt'>,
  transaction: Transaction,
): Promise<TransferRecord> {
  const found = isIdentifier(transferId)
    ? await readTransfers([transferId], transaction)
    : undefined
  const original = found?.get(transferId)
  if (!original) throw new TransferNotFoundError({ transferId })
  const request = reversalOf(original, { reference, effectiveAt }, transaction.connection)
  const [result] = await post([request], transaction)
  return postedOrThrow(result)
}

/**
 * The request that reverses a transfer.
 * @throws TransferIsReversalError
 */
export function reversalOf(
  original: TransferRecord,
  parts: Pick<TransferRequest, 'reference' | 'effectiveAt'>,
  connection: Connection,
): IdentifiedRequest {
  const { _id: transferId, reverses, fromAccount, toAccount, amount, currency } = original
  if (reverses !== undefined) throw new TransferIsReversalError({ transferId, reverses })
  const { transfer: fields } = ownFieldsOf(connection)
  return {
    transferId: reversalId(transferId),
    from: toAccount,
    to: fromAccount,
    amount,
    currency,
    ...parts,
    reverses: transferId,
    ...(fields && { fieldValues: fields.of(original), keepsFields: true }),
  }
}
