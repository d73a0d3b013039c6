import { createHash } from 'node:crypto'
import mongoose from 'mongoose'
import { type Keys, requireKnownKeys, requireObject } from '../arguments.ts'
import {
  InvalidAccountIdError,
  InvalidAmountError,
  InvalidEffectiveAtError,
  InvalidMetadataError,
  InvalidReferenceError,
  InvalidTransferIdError,
  type TransferRefusedError,
} from '../errors.ts'
import { quote } from '../messages.ts'
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
import type { Metadata } from './records.ts'

export interface TransferRequest {
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

/** An account that a transfer opens if it does not exist. */
export interface MissingAccount {
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
export interface WellFormedRequest extends Omit<TransferRequest, 'transferId' | 'amount'> {
  readonly transferId: string
  readonly amount: Decimal
  /** The business event that it is a part of. Requests next to each other with one group are posted all or nothing. */
  readonly group?: string | undefined
  /** What else the group contains that is refused, such as `line 5`. So the whole group is refused. */
  readonly refusedBeside?: string | undefined
  /** Whether another part of its group is posted already, so that it cannot join it. */
  readonly isLateInGroup?: boolean | undefined
  /** Whether what is posted under its id is another transfer, even with the same content: then it is refused. */
  readonly mustBeNew?: boolean | undefined
  /** The accounts to open if they do not exist. */
  readonly open?: readonly MissingAccount[] | undefined
  /** The id of the transfer that this one reverses. */
  readonly reverses?: string | undefined
  /**
   * When it was posted elsewhere, if it is taken over from there, such as from the notebook. It did happen, so
   * neither an account's status nor its overdraft limit can refuse it.
   */
  readonly postedElsewhereAt?: Date | undefined
}

/** A request that has an id, so that every attempt to post it is for the same transfer. */
export type IdentifiedRequest = TransferRequest &
  Pick<
    WellFormedRequest,
    | 'transferId'
    | 'group'
    | 'refusedBeside'
    | 'isLateInGroup'
    | 'mustBeNew'
    | 'open'
    | 'reverses'
    | 'postedElsewhereAt'
  > & {
    /** Whether its group starts here, even if the request before has the same one: something else stands between them. */
    readonly startsGroup?: boolean | undefined
  }

/** Makes a unique id. Later ids sort after earlier ones, which is the cheapest order for an index. */
export const makeId = (): string => new mongoose.Types.ObjectId().toHexString()

/**
 * A copy of a request as it is now, because the caller may change the object while the request waits. It gets
 * an id if it has none, and null counts as absent. `name` is the request's name in messages.
 * @throws TypeError if the request is not an object, or has an unknown key
 */
export function withId(request: TransferRequest, name = 'the request'): IdentifiedRequest {
  requireObject(request, name, 'an object with from, to and amount')
  requireKnownKeys(request, REQUEST_KEYS, name)
  const { transferId, from, to, amount, currency, reference, metadata, effectiveAt } = request
  return {
    transferId: transferId ?? makeId(),
    from,
    to,
    amount,
    currency: currency ?? undefined,
    reference: reference ?? undefined,
    metadata: isPlainObject(metadata) ? { ...metadata } : (metadata ?? undefined),
    effectiveAt: copyOfDate(effectiveAt),
  }
}

const REQUEST_KEYS: Keys<TransferRequest> = {
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
export function withIds(requests: readonly TransferRequest[]): IdentifiedRequest[] {
  if (!Array.isArray(requests)) {
    throw new TypeError(`the requests are ${quote(requests)}, not an array`)
  }
  return Array.from(requests, (request, index) => withId(request, `requests[${index}]`))
}

const isPlainObject = (value: unknown): value is object => {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** Checks everything that does not depend on the ledger, in the order of precedence of the codes. */
export function readRequest(request: IdentifiedRequest): WellFormedRequest | TransferRefusedError {
  const { transferId, from, to, reference, metadata, effectiveAt } = request
  if (!isIdentifier(transferId)) {
    return new InvalidTransferIdError({ transferId, expected: IDENTIFIER_RULE })
  }
  if (transferId.endsWith(REVERSAL_SUFFIX) && request.reverses === undefined) {
    const expected = `free: ids that end in ${REVERSAL_SUFFIX} belong to reversals`
    return new InvalidTransferIdError({ transferId, expected })
  }
  if (!isIdentifier(from)) {
    return new InvalidAccountIdError({ side: 'from', accountId: from, expected: IDENTIFIER_RULE })
  }
  if (!isIdentifier(to)) {
    return new InvalidAccountIdError({ side: 'to', accountId: to, expected: IDENTIFIER_RULE })
  }
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
  const amount = readAmount(request.amount)
  if (amount instanceof InvalidAmountError) return amount
  const { currency, group, refusedBeside, isLateInGroup, mustBeNew, open } = request
  const { reverses, postedElsewhereAt } = request
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
    refusedBeside,
    isLateInGroup,
    mustBeNew,
    open,
    reverses,
    postedElsewhereAt,
  }
}

function readAmount(value: unknown): Decimal | InvalidAmountError {
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
export function reversalId(transferId: string): string {
  const id = `${transferId}${REVERSAL_SUFFIX}`
  if (isIdentifier(id)) return id
  // Two suffixes: with one, it would be the id of the reversal of a transfer whose id is this digest.
  return `${createHash('sha256').update(transferId).digest('hex')}${REVERSAL_SUFFIX}${REVERSAL_SUFFIX}`
}

/** Operators, paths, names that every prototype has, and names that change how BSON reads a value. */
const UNSAFE_KEY = /^\$|\.|^(?:__proto__|constructor|prototype|_bsontype|toBSON|toJSON)$/
const LONE_SURROGATE = /\p{Cs}/u

/** What is wrong with metadata, as a phrase. Undefined if they can be stored. */
export function metadataProblem(metadata: unknown): string | undefined {
  if (!isPlainObject(metadata)) {
    return `${quote(metadata)} is not an object of keys and values`
  }
  const entries = Object.entries(metadata)
  if (entries.length > 32) return `has ${entries.length} keys, but at most 32 are allowed`
  for (const [key, value] of entries) {
    if (!isPrintableText(key, 64) || UNSAFE_KEY.test(key)) {
      return `key ${quote(key)} is not allowed: a key has 1–64 printable characters, no leading $ and no dot, and is not a reserved name such as __proto__`
    }
    const valid =
      typeof value === 'boolean' ||
      (typeof value === 'number' && Number.isFinite(value)) ||
      (typeof value === 'string' && value.length <= 512 && !LONE_SURROGATE.test(value))
    if (!valid) {
      return `value ${quote(value)} of key ${quote(key)} is not a boolean, a finite number or a text of at most 512 characters`
    }
  }
  return undefined
}
