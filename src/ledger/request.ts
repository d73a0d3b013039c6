import { createHash } from 'node:crypto'
import mongoose from 'mongoose'
import type { Keys } from '../arguments.ts'
import {
  InvalidAccountIdError,
  InvalidAmountError,
  InvalidEffectiveAtError,
  InvalidFieldError,
  InvalidMetadataError,
  InvalidReferenceError,
  InvalidTransferIdError,
  type TransferRefusedError,
} from '../errors.ts'
import { MalformedRequestError, requireRequest } from '../malformed-request.ts'
import { named, quote } from '../messages.ts'
import {
  type Decimal,
  type MoneyInput,
  OUT_OF_RANGE,
  isOutOfRange,
  readDecimal,
} from '../money/money.ts'
import { EFFECTIVE_AT_RULE, copyOfDate, isEffectiveAt } from './effective-at.ts'
import { IDENTIFIER_RULE, isIdentifier } from './identifier.ts'
import { isPrintableText } from './printable-text.ts'
import { isPlainObject, metadataProblem } from './metadata.ts'
import type { FieldValues, OwnFields } from './own-fields.ts'
import type { AccountFields, FieldInputs, Metadata, TransferFields } from './records.ts'

export interface TransferRequest extends FieldInputs<TransferFields> {
  /** The transfer's id, which makes a repeated request safe: 1–128 printable characters. Default: a new id. */
  readonly transferId?: string | undefined
  /** The id of the account that pays. */
  readonly from: string
  /** The id of the account that receives. */
  readonly to: string
  /** More than zero, with no more decimals than the currency has. */
  readonly amount: MoneyInput
  /** An ISO 4217 code. If given, both accounts must be in this currency. */
  readonly currency?: string | undefined
  /** The payer's text for the receiver: 1–256 printable characters. */
  readonly reference?: string | undefined
  readonly metadata?: Metadata | undefined
  /**
   * When the transfer happened, if that is not when it is posted: a date of the years 1 to 9999, in the past or the
   * future. It orders statements by effective date, and changes neither `postedAt` nor the balances along it.
   */
  readonly effectiveAt?: Date | undefined
}

/** A request as it is within Daybook, which knows no names of own fields. */
type WithoutFields = Omit<TransferRequest, keyof TransferFields>

/** An account that a transfer opens if it does not exist. */
export interface MissingAccount extends FieldInputs<AccountFields> {
  readonly accountId: string
  /** Default: the account's id. */
  readonly holder?: string | undefined
  /** Default: the currency of the transfer, or of its other account. */
  readonly currency?: string | undefined
  /** Default: zero. */
  readonly openingBalance?: MoneyInput | undefined
  /** The text `unlimited` is the largest that can be stored: just below 10^24. Default: zero. */
  readonly overdraftLimit?: MoneyInput | undefined
}

/** A request with every part checked and its amount read. Only the ledger can still refuse it. */
export interface WellFormedRequest extends Omit<WithoutFields, 'transferId' | 'amount'> {
  readonly transferId: string
  readonly amount: Decimal
  /** The values of its own fields; undefined if the ledger's transfers have none. */
  readonly own?: OwnValues | undefined
  /** The id of the group that it is a leg of. Requests next to each other with one group are posted all or nothing. */
  readonly group?: string | undefined
  /** Its number among the legs of its group, if they were posted elsewhere: then each is taken over by itself. */
  readonly leg?: number | undefined
  /** How many legs its group has. Known together with `leg`. */
  readonly legs?: number | undefined
  /** Whether its id was made because it has none of its own. In a posted group, the leg in its place counts as it. */
  readonly isIdMade?: boolean | undefined
  /** What else the group contains that is refused, such as `line 5`. So the whole group is refused. */
  readonly refusedBeside?: string | undefined
  /** Whether what is posted under its id is another transfer, even with the same content: then it is refused. */
  readonly mustBeNew?: boolean | undefined
  /** The accounts to open if they do not exist. */
  readonly open?: readonly MissingAccount[] | undefined
  /** The id of the transfer that this one reverses. */
  readonly reverses?: string | undefined
  /** The id of the hold that it captures. The money is promised, so neither funds nor a frozen payer can refuse it. */
  readonly hold?: string | undefined
  /**
   * When it was posted elsewhere, if it is taken over from there, such as from the notebook. It did happen, so
   * neither an account's status nor its overdraft limit can refuse it.
   */
  readonly postedElsewhereAt?: Date | undefined
}

/** The values of a request's own fields as they are stored, and the fields themselves. */
interface OwnValues {
  readonly values: FieldValues
  readonly fields: OwnFields
  /** Why they refuse the request if it is new: a repeat of what is posted may be from before a limit. */
  readonly refusal: InvalidFieldError | undefined
}

/** A request that has an id, so that every attempt to post it is for the same transfer. */
export type IdentifiedRequest = WithoutFields &
  Pick<
    WellFormedRequest,
    | 'transferId'
    | 'group'
    | 'leg'
    | 'legs'
    | 'isIdMade'
    | 'refusedBeside'
    | 'mustBeNew'
    | 'open'
    | 'reverses'
    | 'postedElsewhereAt'
  > & {
    /** What tells it from a request about a hold. */
    readonly kind?: undefined
    /** Whether its group starts here, even if the request before has the same one: something else stands between them. */
    readonly startsGroup?: boolean | undefined
    /** The values of its own fields as they were given. */
    readonly fieldValues?: FieldValues | undefined
    /**
     * Whether the values of its own fields are kept from a transfer that was posted before, or nobody could give them: then
     * only their types count.
     */
    readonly keepsFields?: boolean | undefined
  }

/** Makes a unique id. Later ids sort after earlier ones, which is the cheapest order for an index. */
export const makeId = (): string => new mongoose.Types.ObjectId().toHexString()

/**
 * A copy of a request as it is now, because the caller may change the object while the request waits. It gets
 * an id if it has none, and null counts as absent. `fields` are those that the ledger's transfers have of their own,
 * `name` is the request's name in messages.
 * @throws MalformedRequestError if the request is not an object, or has an unknown key
 */
export function withId(
  request: TransferRequest,
  fields: OwnFields | undefined,
  name = 'the request',
): IdentifiedRequest {
  requireRequest<object>(request, fields?.keysWith(REQUEST_KEYS) ?? REQUEST_KEYS, {
    what: name,
    expected: 'an object with from, to and amount',
  })
  const { transferId, from, to, amount, currency, reference, metadata, effectiveAt } = request
  return {
    transferId: transferId ?? makeId(),
    from,
    to,
    amount,
    currency: currency ?? undefined,
    reference: reference ?? undefined,
    metadata: copyOfMetadata(metadata),
    effectiveAt: copyOfDate(effectiveAt),
    ...(fields && { fieldValues: fields.of(request) }),
  }
}

/** A copy of metadata, because the caller may change them while the request waits. Null counts as absent. */
export const copyOfMetadata = (metadata: Metadata | null | undefined): Metadata | undefined =>
  isPlainObject(metadata) ? { ...metadata } : (metadata ?? undefined)

const REQUEST_KEYS: Keys<WithoutFields> = {
  transferId: true,
  from: true,
  to: true,
  amount: true,
  currency: true,
  reference: true,
  metadata: true,
  effectiveAt: true,
}

/** {@link withId} for each request. */
export function withIds(
  requests: readonly TransferRequest[],
  fields: OwnFields | undefined,
): IdentifiedRequest[] {
  if (!Array.isArray(requests)) {
    throw new MalformedRequestError(`the requests are ${quote(requests)}, not an array`)
  }
  return Array.from(requests, (request, index) => withId(request, fields, `requests[${index}]`))
}

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
