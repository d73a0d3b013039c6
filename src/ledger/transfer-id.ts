import { createHash } from 'node:crypto'
import mongoose from 'mongoose'
import { InvalidTransferIdError, type TransferRefusedError } from '../errors.ts'
import { named } from '../messages.ts'
import { IDENTIFIER_RULE, isIdentifier } from './identifier.ts'

/** Makes a unique id. Later ids sort after earlier ones, which is the cheapest order for an index. */
export const makeId = (): string => new mongoose.Types.ObjectId().toHexString()

/** Why a transfer cannot have an id, unless one of an earlier version has it. Undefined if it can. */
export function refusalOfTransferId(
  transferId: unknown,
  reverses?: string,
): TransferRefusedError | undefined {
  if (!isIdentifier(transferId)) {
    return new InvalidTransferIdError({ transferId, expected: IDENTIFIER_RULE })
  }
  if (transferId.endsWith(REVERSAL_SUFFIX) && reverses === undefined) {
    const original = transferId.slice(0, -REVERSAL_SUFFIX.length)
    // A long id is not in the id of its reversal.
    const expected =
      isIdentifier(original) && !original.endsWith(REVERSAL_SUFFIX)
        ? `free: it belongs to the reversal of transfer ${named(original)}, which Transfer.reverse() or daybook reverse posts`
        : `free: ids that end in ${REVERSAL_SUFFIX} belong to reversals`
    return new InvalidTransferIdError({ transferId, expected })
  }
  return undefined
}

/** The end of every reversal's id. No other id may end like this. */
export const REVERSAL_SUFFIX = ':reversal'

/** The id of a transfer's reversal. A transfer has at most one, because its id follows from the original's. */
export const reversalId = (transferId: string): string => derivedId(transferId, REVERSAL_SUFFIX)

/** The id that follows from another one: with the suffix at its end, or that of its digest if it would be too long. */
export function derivedId(originalId: string, suffix: string): string {
  const id = `${originalId}${suffix}`
  if (isIdentifier(id)) return id
  // Two suffixes: with one, it would be the id that follows from an original whose id is this digest.
  return `${createHash('sha256').update(originalId).digest('hex')}${suffix}${suffix}`
}
