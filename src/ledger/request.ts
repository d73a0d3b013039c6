import { createHash } from 'node:crypto'
import mongoose from 'mongoose'
import {
  InvalidAccountIdError,
  InvalidAmountError,
  InvalidMetadataError,
  InvalidReferenceError,
  InvalidTransferIdError,
  type TransferRefusedError,
} from '../errors.ts'
import { quote } from '../messages.ts'
import { type Decimal, LIMIT, type MoneyInput, isOutOfRange, readDecimal } from '../money/money.ts'
import type { Metadata } from './records.ts'

/** A transfer that is asked for. */
export interface TransferRequest {
  /** The key of idempotency: 1–128 printable characters. One is made where there is none. */
  readonly transferId?: string | undefined
  /** The number of the account that pays. */
  readonly from: string
  /** The number of the account that is paid. */
  readonly to: string
  /** More than zero, with no more decimals than the currency has. */
  readonly amount: MoneyInput
  /** ISO 4217. Where it is given both accounts must be in it. */
  readonly currency?: string | undefined
  /** The payer's text for the receiver: 1–256 printable characters. */
  readonly reference?: string | undefined
  readonly metadata?: Metadata | undefined
}

/** A request whose every part is well formed, its amount read. What depends on the accounts is still open. */
export interface WellFormedRequest extends Omit<TransferRequest, 'transferId' | 'amount'> {
  readonly transferId: string
  readonly amount: Decimal
  /** The transfer that this one takes back. */
  readonly reverses?: string | undefined
  readonly postedBefore?: PostedBefore | undefined
}

/** A request that has its id, so that each attempt to post it asks for the very same transfer. */
export type IdentifiedRequest = TransferRequest &
  Pick<WellFormedRequest, 'transferId' | 'reverses' | 'postedBefore'>

/**
 * Of a transfer that another book had posted and that is taken over from there. It did happen, so that
 * neither an account's status nor its overdraft limit refuses it.
 */
interface PostedBefore {
  readonly at: Date
  readonly batch?: string | undefined
}

/** An id of our own making: unique, and in the order of making, which is what an index takes best. */
export const makeId = (): string => new mongoose.Types.ObjectId().toHexString()

/**
 * The request as it is at this moment, with its id, made where the caller gave none. A copy: the caller
 * may change its own while it waits. What is null is not given.
 */
export function withId(request: TransferRequest, name = 'the request'): IdentifiedRequest {
  if (typeof request !== 'object' || request === null) {
    throw new TypeError(`${name} is ${quote(request)}, and not an object with from, to and amount`)
  }
  const { transferId, from, to, amount, currency, reference, metadata } = request
  return {
    transferId: transferId ?? makeId(),
    from,
    to,
    amount,
    currency: currency ?? undefined,
    reference: reference ?? undefined,
    metadata: isPlainObject(metadata) ? { ...metadata } : (metadata ?? undefined),
  }
}

/** {@link withId} of each of many. */
export function withIds(requests: readonly TransferRequest[]): IdentifiedRequest[] {
  if (!Array.isArray(requests)) {
    throw new TypeError(`the requests are ${quote(requests)}, and not an array`)
  }
  return Array.from(requests, (request, index) => withId(request, `requests[${index}]`))
}

const isPlainObject = (value: unknown): value is object => {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** Checks all that can be known of a request without its accounts, in the order of the codes' precedence. */
export function readRequest(request: IdentifiedRequest): WellFormedRequest | TransferRefusedError {
  const { transferId, from, to, amount: given, reference, metadata } = request
  if (!isIdentifier(transferId)) {
    return new InvalidTransferIdError({ transferId, expected: IDENTIFIER_RULE })
  }
  if (transferId.endsWith(REVERSAL_SUFFIX) && request.reverses === undefined) {
    const expected = `free: an id that ends in ${REVERSAL_SUFFIX} is a reversal's`
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
  const amount = readAmount(given)
  if (amount instanceof InvalidAmountError) return amount
  const { currency, reverses, postedBefore } = request
  return { transferId, from, to, amount, currency, reference, metadata, reverses, postedBefore }
}

function readAmount(given: unknown): Decimal | InvalidAmountError {
  const amount = readDecimal(given)
  if ('problem' in amount) return new InvalidAmountError({ amount: given, problem: amount.problem })
  if (amount.isNeg() || amount.isZero())
    return new InvalidAmountError({ amount: given, problem: 'is not above zero' })
  if (isOutOfRange(amount)) {
    return new InvalidAmountError({ amount: given, problem: `is not below ${LIMIT}` })
  }
  return amount
}

/** How the id of a reversal ends, and no other. */
export const REVERSAL_SUFFIX = ':reversal'

/** The id of the one reversal that a transfer can have. */
export function reversalId(transferId: string): string {
  const id = `${transferId}${REVERSAL_SUFFIX}`
  if (isIdentifier(id)) return id
  // Twice: the one reversal of a transfer that has the digest for its id is another.
  return `${createHash('sha256').update(transferId).digest('hex')}${REVERSAL_SUFFIX}${REVERSAL_SUFFIX}`
}

/** What {@link isIdentifier} asks for, as a phrase for messages. */
export const IDENTIFIER_RULE = 'a text of 1–128 printable characters with no space at its ends'
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/u
/** The zero-width joiner and non-joiner, which are letters' neighbours in Hindi, Persian and emoji. */
const JOINERS = /[\u200C\u200D]/g

/** Whether a value is a text of 1 to so many printable characters, not all of them spaces. */
export const isPrintableText = (value: unknown, longest: number): value is string =>
  typeof value === 'string' &&
  value.length <= longest &&
  value.trim() !== '' &&
  !UNPRINTABLE.test(value.replace(JOINERS, ''))

/** Whether a value can be the id of a transfer or the number of an account. It has nothing invisible. */
export const isIdentifier = (value: unknown): value is string =>
  isPrintableText(value, 128) && value.trim() === value && !UNPRINTABLE.test(value)

/** Whether a value is worth a look-up as an id: what is not well formed is refused in any case. */
export const couldBeId = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= 128

/** Besides operators and paths: names that a prototype has, or that make BSON take a value for another. */
const UNSAFE_KEY = /^\$|\.|^(?:__proto__|constructor|prototype|_bsontype|toBSON|toJSON)$/
const LONE_SURROGATE = /\p{Cs}/u

function metadataProblem(metadata: unknown): string | undefined {
  if (!isPlainObject(metadata)) {
    return `${quote(metadata)} is not an object of keys and values`
  }
  const entries = Object.entries(metadata)
  if (entries.length > 32) return `has ${entries.length} keys, 32 are allowed`
  for (const [key, value] of entries) {
    if (!isPrintableText(key, 64) || UNSAFE_KEY.test(key)) {
      return `key ${quote(key)} is not 1–64 printable characters without a leading $, a dot, or a name with a meaning of its own`
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
