import { DatabaseError, GroupNotFoundError } from '../errors.ts'
import { quote } from '../messages.ts'
import type { Transaction } from '../mongodb/transaction.ts'
import { groupOrThrow } from './group-request.ts'
import { isIdentifier } from './identifier.ts'
import { post } from './posting.ts'
import type { TransferRecord } from './records.ts'
import type { TransferRequest } from './request.ts'
import { reversalOf } from './reversal.ts'
import { readGroups } from './stored-ledger.ts'
import { reversalId } from './transfer-id.ts'

/**
 * Reverses a group within a transaction, which reads its legs too. The last leg is reversed first, because it may have
 * spent what an earlier one brought in. The reversals are a group themselves.
 * @throws GroupNotFoundError, TransferIsReversalError, or the refusal of the leg that cannot be reversed
 */
export async function reverseGroup(
  {
    groupId,
    reference,
    effectiveAt,
  }: { groupId: string } & Pick<TransferRequest, 'reference' | 'effectiveAt'>,
  transaction: Transaction,
): Promise<TransferRecord[]> {
  const legs = await readLegs(groupId, transaction)
  const requests = legs.map((leg, index) => ({
    ...reversalOf(leg, { reference, effectiveAt }, transaction.connection),
    group: reversalId(groupId),
    startsGroup: index === legs.length - 1,
  }))
  const results = await post(requests.toReversed(), transaction)
  // A refusal names the leg as the caller knows it.
  return groupOrThrow(results, (index) => legs.length - index)
}

/**
 * Reads the legs of a group, in order.
 * @throws GroupNotFoundError; DatabaseError if legs are missing
 */
async function readLegs(
  groupId: string,
  transaction: Transaction,
): Promise<readonly TransferRecord[]> {
  const found = isIdentifier(groupId)
    ? (await readGroups([groupId], transaction)).get(groupId)
    : undefined
  if (!found) throw new GroupNotFoundError({ groupId })
  const legs = [...found].toSorted(([one], [other]) => one - other).map(([, leg]) => leg)
  const count = legs[0]?.legs
  if (count === legs.length) return legs
  throw new DatabaseError(
    `group ${quote(groupId)} has ${legs.length} of its ${count} legs in the database, so it cannot be reversed: run daybook verify`,
  )
}
