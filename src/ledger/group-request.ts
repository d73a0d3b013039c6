import { createHash } from 'node:crypto'
import type { Keys } from '../arguments.ts'
import { InvalidGroupIdError } from '../errors.ts'
import { MalformedRequestError, requireRequest } from '../malformed-request.ts'
import { quote } from '../messages.ts'
import { IDENTIFIER_RULE, isIdentifier, newIdentifierProblem } from './identifier.ts'
import type { OwnFields } from './own-fields.ts'
import type { TransferRecord } from './records.ts'
import { type IdentifiedRequest, type TransferRequest, withId } from './request.ts'
import { ATOMIC_LIMIT } from './transaction-size.ts'
import { REVERSAL_SUFFIX } from './transfer-id.ts'
import type { TransferResult } from './transfer-result.ts'

/** A business event that moves money between more than two accounts. */
export interface GroupRequest {
  /** The group's id, which makes a repeated request safe: 1–128 printable characters. */
  readonly groupId: string
  /** Its transfers, in order: a later one can spend what an earlier one brings in. Without an id, the second is `GROUP:2`. */
  readonly legs: readonly TransferRequest[]
}

/** Why a value cannot be the id of a new group, as a phrase that says what it is not. Two ids that look the same must be the same. */
export function groupIdProblem(groupId: unknown): string | undefined {
  if (!isIdentifier(groupId)) return IDENTIFIER_RULE
  return groupId.endsWith(REVERSAL_SUFFIX)
    ? `free: ids that end in ${REVERSAL_SUFFIX} belong to reversals`
    : newIdentifierProblem(groupId)
}

/**
 * The legs of a group as requests that are posted all or nothing. They are copies, because the caller may change the
 * objects while they wait.
 * @throws InvalidGroupIdError; MalformedRequestError, also if it has no leg or too many
 */
export function legsOf(request: GroupRequest, fields: OwnFields | undefined): IdentifiedRequest[] {
  requireRequest(request, GROUP_KEYS, {
    what: 'the group',
    expected: 'an object with groupId and legs',
  })
  const { groupId, legs } = request
  const expected = groupIdProblem(groupId)
  if (expected !== undefined) throw new InvalidGroupIdError({ groupId, expected })
  if (!Array.isArray(legs)) {
    throw new MalformedRequestError(`the legs are ${quote(legs)}, not an array`)
  }
  requireCount(groupId, legs.length)
  return Array.from(legs as readonly TransferRequest[], (leg, index) => {
    const { transferId } = (leg ?? {}) as { transferId?: unknown }
    const isIdMade = transferId === undefined || transferId === null
    const identified = withId(leg, fields, `legs[${index}]`)
    return {
      ...identified,
      ...(isIdMade && { transferId: legId(groupId, index + 1), isIdMade }),
      group: groupId,
      startsGroup: index === 0,
    }
  })
}

const GROUP_KEYS: Keys<GroupRequest> = { groupId: true, legs: true }

function requireCount(groupId: string, count: number): void {
  if (count > 0 && count <= ATOMIC_LIMIT) return
  throw new MalformedRequestError(
    count === 0
      ? `group ${quote(groupId)} has no legs: it needs at least one`
      : `group ${quote(groupId)} has ${count} legs, which are too many for one transaction: at most ${ATOMIC_LIMIT} are allowed`,
  )
}

/** The id of a leg that has none of its own. */
function legId(groupId: string, leg: number): string {
  const id = `${groupId}:${leg}`
  if (isIdentifier(id)) return id
  return `${createHash('sha256').update(groupId).digest('hex')}:${leg}`
}

/**
 * The transfers of a group, in the order in which they were posted. `legOf` is the number of a leg by its index in this order.
 * @throws TransferRefusedError with the reason of the first leg that cannot be posted
 */
export function groupOrThrow(
  results: readonly TransferResult[],
  legOf = (index: number): number => index + 1,
): TransferRecord[] {
  const refusals = results.flatMap((result, index) =>
    result.status === 'refused' ? [{ error: result.error, leg: legOf(index) }] : [],
  )
  const cause =
    refusals.find(({ error }) => error.code !== 'LINKED_TRANSFER_REFUSED') ?? refusals[0]
  if (cause) throw cause.error.atLeg(cause.leg)
  return results.flatMap((result) => (result.status === 'refused' ? [] : [result.transfer]))
}
