import type { Keys } from '../arguments.ts'
import type { InvalidFieldError } from '../errors.ts'
import { MalformedRequestError, requireRequest } from '../malformed-request.ts'
import { quote } from '../messages.ts'
import type { Decimal, MoneyInput } from '../money/money.ts'
import { copyOfDate } from './effective-at.ts'
import { isPlainObject } from './metadata.ts'
import type { FieldValues, OwnFields } from './own-fields.ts'
import type { AccountFields, FieldInputs, Metadata, TransferFields } from './records.ts'
import { makeId } from './transfer-id.ts'

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
export interface OwnValues {
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
