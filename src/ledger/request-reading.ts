import {
  InvalidAccountIdError,
  InvalidAmountError,
  InvalidEffectiveAtError,
  InvalidFieldError,
  InvalidMetadataError,
  InvalidReferenceError,
  type TransferRefusedError,
} from '../errors.ts'
import { type Decimal, OUT_OF_RANGE, isOutOfRange, readDecimal } from '../money/money.ts'
import { EFFECTIVE_AT_RULE, isEffectiveAt } from './effective-at.ts'
import { IDENTIFIER_RULE, isIdentifier } from './identifier.ts'
import { metadataProblem } from './metadata.ts'
import type { OwnFields } from './own-fields.ts'
import { isPrintableText } from './printable-text.ts'
import type { IdentifiedRequest, OwnValues, WellFormedRequest } from './request.ts'
import { refusalOfTransferId } from './transfer-id.ts'

/**
 * Checks everything that does not depend on the ledger's records, in the order of precedence of the codes. `fields` are
 * those that its transfers have of their own.
 */
export function readRequest(
  request: IdentifiedRequest,
  fields: OwnFields | undefined,
): WellFormedRequest | TransferRefusedError {
  const { transferId, from, to, reference, metadata, effectiveAt } = request
  const idRefusal = refusalOfTransferId(transferId, request.reverses)
  if (idRefusal) return idRefusal
  if (!isIdentifier(from)) {
    return new InvalidAccountIdError({ side: 'from', accountId: from, expected: IDENTIFIER_RULE })
  }
  if (!isIdentifier(to)) {
    return new InvalidAccountIdError({ side: 'to', accountId: to, expected: IDENTIFIER_RULE })
  }
  const contentRefusal = refusalOfContent({ reference, metadata, effectiveAt })
  if (contentRefusal) return contentRefusal
  const own = fields && readOwn(request, fields)
  if (own instanceof InvalidFieldError) return own
  const amount = readAmount(request.amount)
  if (amount instanceof InvalidAmountError) return own?.refusal ?? amount
  const { currency, group, leg, legs, isIdMade, refusedBeside } = request
  const { mustBeNew, open, reverses, postedElsewhereAt } = request
  return {
    transferId,
    from,
    to,
    amount,
    currency,
    reference,
    metadata,
    effectiveAt,
    group,
    leg,
    legs,
    isIdMade,
    refusedBeside,
    mustBeNew,
    open,
    reverses,
    postedElsewhereAt,
    own,
  }
}

function readOwn(
  { fieldValues = {}, keepsFields = false }: IdentifiedRequest,
  fields: OwnFields,
): OwnValues | InvalidFieldError {
  const reading = fields.read(fieldValues)
  if (reading instanceof InvalidFieldError) return reading
  const { values, refusal } = reading
  return { values, fields, refusal: keepsFields ? undefined : refusal }
}

/** Why the optional content of a request is not acceptable. Undefined if it is. */
export function refusalOfContent({
  reference,
  metadata,
  effectiveAt,
}: Pick<WellFormedRequest, 'reference' | 'metadata' | 'effectiveAt'>):
  TransferRefusedError | undefined {
  if (reference !== undefined && !isPrintableText(reference, 256)) {
    return new InvalidReferenceError({
      reference,
      expected: 'a text of 1–256 printable characters',
    })
  }
  const problem = metadata === undefined ? undefined : metadataProblem(metadata)
  if (problem !== undefined) return new InvalidMetadataError({ problem })
  if (effectiveAt !== undefined && !isEffectiveAt(effectiveAt)) {
    return new InvalidEffectiveAtError({ effectiveAt, expected: EFFECTIVE_AT_RULE })
  }
  return undefined
}

export function readAmount(value: unknown): Decimal | InvalidAmountError {
  const amount = readDecimal(value)
  if ('problem' in amount) return new InvalidAmountError({ amount: value, problem: amount.problem })
  if (amount.isNeg() || amount.isZero()) {
    return new InvalidAmountError({ amount: value, problem: 'is not above zero' })
  }
  if (isOutOfRange(amount)) {
    return new InvalidAmountError({ amount: value, problem: OUT_OF_RANGE })
  }
  return amount
}
