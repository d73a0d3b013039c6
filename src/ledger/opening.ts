import type { Keys } from '../arguments.ts'
import {
  InvalidAccountIdError,
  InvalidAmountError,
  InvalidCurrencyError,
  InvalidFieldError,
  InvalidHolderError,
  InvalidMetadataError,
  LedgerError,
} from '../errors.ts'
import { isCurrency } from '../money/currency.ts'
import {
  Decimal,
  type MoneyInput,
  OUT_OF_RANGE,
  decimalsProblem,
  isOutOfRange,
  readDecimal,
  toDecimal,
  toDecimal128,
} from '../money/money.ts'
import { IDENTIFIER_RULE, isIdentifier, newIdentifierProblem } from './identifier.ts'
import { isPrintableText } from './printable-text.ts'
import { metadataProblem } from './metadata.ts'
import type { OwnFields } from './own-fields.ts'
import type { AccountFields, AccountRecord, FieldInputs, Metadata } from './records.ts'

export interface OpeningRequest extends FieldInputs<AccountFields> {
  /** The account's id, which makes a repeated request safe: 1–128 printable characters. Default: a new id. */
  readonly accountId?: string | undefined
  /** 1–256 printable characters. */
  readonly holder: string
  /** An ISO 4217 code in capitals. It never changes. */
  readonly currency: string
  /** Not below −`overdraftLimit`. Default: zero. */
  readonly openingBalance?: MoneyInput | undefined
  /** How far below zero the balance may go. Default: zero. */
  readonly overdraftLimit?: MoneyInput | undefined
  readonly metadata?: Metadata | undefined
}

export const OPENING_KEYS: Keys<Omit<OpeningRequest, keyof AccountFields>> = {
  accountId: true,
  holder: true,
  currency: true,
  openingBalance: true,
  overdraftLimit: true,
  metadata: true,
}

export const HOLDER_RULE = 'a text of 1–256 printable characters'

export const isHolder = (value: unknown): value is string => isPrintableText(value, 256)

/**
 * The record of an account as it is when it is opened, or the reason why it cannot be opened. If there is no such
 * account yet, its id must also pass {@link requireNewAccountId}. An account with a history may have been opened further
 * below zero than its limit of today, and before a field of the ledger's own was required.
 */
export function readOpening(
  request: OpeningRequest & { readonly accountId: string },
  now: Date,
  options: OpeningOptions = {},
): AccountRecord | LedgerError {
  const reading = readRepeatableOpening(request, now, options)
  return reading instanceof LedgerError ? reading : (reading.refusal ?? reading.record)
}

/** What is asked of {@link readRepeatableOpening}. */
export interface OpeningReading {
  readonly record: AccountRecord
  /** Why it cannot be opened if it is new. An account that exists may be from before a rule of its own fields. */
  readonly refusal: InvalidFieldError | undefined
}

/** {@link readOpening} an account that may exist. */
export function readRepeatableOpening(
  request: OpeningRequest & { readonly accountId: string },
  now: Date,
  { hasHistory = false, fields }: OpeningOptions = {},
): OpeningReading | LedgerError {
  const { accountId, holder, currency, metadata } = request
  if (!isIdentifier(accountId))
    return new InvalidAccountIdError({ accountId, expected: IDENTIFIER_RULE })
  if (!isHolder(holder)) {
    return new InvalidHolderError({ holder, expected: HOLDER_RULE })
  }
  if (!isCurrency(currency)) return new InvalidCurrencyError({ currency })
  const overdraftLimit = readOverdraftLimit(request.overdraftLimit ?? 0, currency)
  if (overdraftLimit instanceof InvalidAmountError) return overdraftLimit
  const field = 'openingBalance'
  const openingBalance = readMoney(request.openingBalance ?? 0, currency, field)
  if (openingBalance instanceof InvalidAmountError) return openingBalance
  if (!hasHistory && openingBalance.lt(overdraftLimit.neg())) {
    return new InvalidAmountError({
      amount: request.openingBalance,
      field,
      problem: `is below the overdraft limit: it must be at least ${overdraftLimit.neg()}`,
    })
  }
  const problem = isMissing(metadata) ? undefined : metadataProblem(metadata)
  if (problem !== undefined) return new InvalidMetadataError({ problem })
  const own = fields?.read(fields.of(request), { mayLack: hasHistory })
  if (own instanceof InvalidFieldError) return own
  const record = {
    ...newAccount({ accountId, holder, currency, openingBalance, overdraftLimit }, now),
    ...(!isMissing(metadata) && { metadata: { ...metadata } }),
    ...own?.values,
  }
  return { record, refusal: own?.refusal }
}

const isMissing = (value: unknown): value is null | undefined => (value ?? undefined) === undefined

interface OpeningOptions {
  readonly hasHistory?: boolean
  /** The own fields of accounts, if the ledger has any. */
  readonly fields?: OwnFields | undefined
}

/**
 * Checks the id of an account that does not exist. One of an earlier version, or of a notebook, keeps its id.
 * @throws InvalidAccountIdError
 */
export function requireNewAccountId(accountId: string): void {
  const expected = newIdentifierProblem(accountId)
  if (expected !== undefined) throw new InvalidAccountIdError({ accountId, expected })
}

interface NewAccount {
  readonly accountId: string
  readonly holder: string
  readonly currency: string
  readonly openingBalance: Decimal
  readonly overdraftLimit: Decimal
}

/** The record of an account before its first transfer. */
export const newAccount = (
  { accountId, holder, currency, openingBalance, overdraftLimit }: NewAccount,
  openedAt: Date,
): AccountRecord => ({
  _id: accountId,
  holder,
  currency,
  status: 'open',
  balance: toDecimal128(openingBalance, currency),
  openingBalance: toDecimal128(openingBalance, currency),
  overdraftLimit: toDecimal128(overdraftLimit, currency),
  transferCount: 0,
  transfersComplete: [],
  createdAt: openedAt,
  updatedAt: openedAt,
})

/** Reads an overdraft limit: zero or more, with no more decimals than the currency has. */
export function readOverdraftLimit(value: unknown, currency: string): Decimal | InvalidAmountError {
  const field = 'overdraftLimit'
  const limit = readMoney(value, currency, field)
  return limit instanceof Decimal && limit.lt(0)
    ? new InvalidAmountError({ amount: value, field, problem: 'is below zero' })
    : limit
}

function readMoney(value: unknown, currency: string, field: string): Decimal | InvalidAmountError {
  const money = readDecimal(value)
  if ('problem' in money) {
    return new InvalidAmountError({ amount: value, field, problem: money.problem })
  }
  if (isOutOfRange(money)) {
    return new InvalidAmountError({ amount: value, field, problem: OUT_OF_RANGE })
  }
  const problem = decimalsProblem(money, currency)
  return problem === undefined ? money : new InvalidAmountError({ amount: value, field, problem })
}

/** The fields in which an existing account was opened with other values than those requested. */
export function openingDifferences(
  requested: AccountRecord,
  existing: AccountRecord,
  fields?: OwnFields,
): string[] {
  const equal: Record<string, boolean> = {
    holder: requested.holder === existing.holder,
    currency: requested.currency === existing.currency,
    openingBalance: toDecimal(requested.openingBalance).eq(toDecimal(existing.openingBalance)),
  }
  const different = Object.keys(equal).filter((field) => !equal[field])
  return [...different, ...(fields?.differences(requested, existing) ?? [])]
}
