import type { AccountRecord } from './records.ts'
import type { LedgerError } from '../errors.ts'
import {
  InvalidAccountIdError,
  InvalidAmountError,
  InvalidCurrencyError,
  InvalidHolderError,
} from '../errors.ts'
import { isCurrency } from '../money/currency.ts'
import {
  Decimal,
  LIMIT,
  type MoneyInput,
  decimalsProblem,
  isOutOfRange,
  readDecimal,
  toDecimal,
  toDecimal128,
} from '../money/money.ts'
import { IDENTIFIER_RULE, isIdentifier, isPrintableText } from './request.ts'

/** An account that is asked for. */
export interface OpeningRequest {
  /** The key of idempotency: 1–128 printable characters. One is made where there is none. */
  readonly accountId?: string | undefined
  /** 1–256 printable characters. */
  readonly holder: string
  /** ISO 4217, in capitals. It stays for the life of the account. */
  readonly currency: string
  /** Zero unless given; not below −`overdraftLimit`. */
  readonly openingBalance?: MoneyInput | undefined
  /** How far below zero the balance may go: zero unless given. */
  readonly overdraftLimit?: MoneyInput | undefined
}

/** What {@link isHolder} asks for, as a phrase for messages. */
export const HOLDER_RULE = 'a text of 1–256 printable characters'

/** Whether a value can be the holder of an account. */
export const isHolder = (value: unknown): value is string => isPrintableText(value, 256)

/** The record of a new account, or why it cannot be opened. */
export function readOpening(
  request: OpeningRequest & { readonly accountId: string },
  now: Date,
): AccountRecord | LedgerError {
  const { accountId, holder, currency } = request
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
  if (openingBalance.lt(overdraftLimit.neg())) {
    return new InvalidAmountError({
      amount: request.openingBalance,
      field,
      problem: `is below the overdraft limit: the least is ${overdraftLimit.neg()}`,
    })
  }
  return {
    _id: accountId,
    holder,
    currency,
    status: 'open',
    balance: toDecimal128(openingBalance, currency),
    openingBalance: toDecimal128(openingBalance, currency),
    overdraftLimit: toDecimal128(overdraftLimit, currency),
    transferCount: 0,
    transfersComplete: [],
    createdAt: now,
    updatedAt: now,
  }
}

/** Reads an overdraft limit: zero or more, in the currency's decimals. */
export function readOverdraftLimit(given: unknown, currency: string): Decimal | InvalidAmountError {
  const field = 'overdraftLimit'
  const limit = readMoney(given, currency, field)
  return limit instanceof Decimal && limit.lt(0)
    ? new InvalidAmountError({ amount: given, field, problem: 'is below zero' })
    : limit
}

function readMoney(given: unknown, currency: string, field: string): Decimal | InvalidAmountError {
  const money = readDecimal(given)
  if ('problem' in money) {
    return new InvalidAmountError({ amount: given, field, problem: money.problem })
  }
  if (isOutOfRange(money)) {
    return new InvalidAmountError({
      amount: given,
      field,
      problem: `is not below ${LIMIT} in magnitude`,
    })
  }
  const problem = decimalsProblem(money, currency)
  return problem === undefined ? money : new InvalidAmountError({ amount: given, field, problem })
}

/** The fields in which an account that is there was opened differently. */
export function openingDifferences(asked: AccountRecord, existing: AccountRecord): string[] {
  const equal: Record<string, boolean> = {
    holder: asked.holder === existing.holder,
    currency: asked.currency === existing.currency,
    openingBalance: toDecimal(asked.openingBalance).eq(toDecimal(existing.openingBalance)),
  }
  return Object.keys(equal).filter((field) => !equal[field])
}
