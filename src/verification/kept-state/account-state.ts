import { isCurrency, scaleOf } from '../../money/currency.ts'
import { showUnits } from '../units.ts'

/** What is kept of an account: its opening, and what its transfers up to a number have come to. */
export interface AccountState {
  readonly id: string
  readonly currency: string
  /** When the account was opened, in milliseconds since 1970. */
  readonly openedAt: number
  /** Money is in minor units. */
  readonly openingBalance: bigint
  /** The number of its latest transfer. */
  readonly transfers: number
  /** The balance after that transfer. */
  readonly balance: bigint
  /** When that transfer was posted, in milliseconds since 1970. Undefined if there is none. */
  readonly postedAt: number | undefined
  /** In hex. */
  readonly digest: string
}

/** `AccountState` as JSON: money is a text with the currency's decimals. */
export interface AccountLine extends Omit<AccountState, 'openingBalance' | 'balance'> {
  readonly openingBalance: string
  readonly balance: string
}

export function accountLine(state: AccountState): AccountLine {
  const { id, currency, openedAt, openingBalance, transfers, balance, postedAt, digest } = state
  return {
    id,
    currency,
    openedAt,
    openingBalance: showUnits(openingBalance, currency),
    transfers,
    balance: showUnits(balance, currency),
    postedAt,
    digest,
  }
}

/** The reverse of {@link accountLine}. Returns a text that says what is wrong if the line is none. */
export function readAccountLine(line: Readonly<Record<string, unknown>>): AccountState | string {
  const { id, currency, openedAt, transfers, postedAt, digest } = line
  if (typeof id !== 'string') return 'the id is not a text'
  if (!isCurrency(currency)) return 'the currency does not exist'
  if (!isWhole(openedAt)) return 'openedAt is not a number of milliseconds'
  if (!isWhole(transfers) || transfers < 0) return 'transfers is not a whole number of 0 or more'
  if (transfers > 0 && !isWhole(postedAt)) return 'postedAt is not a number of milliseconds'
  if (!isDigest(digest)) return 'the digest is not a SHA-256 in hex'
  const [openingBalance, balance] = [line['openingBalance'], line['balance']].map((money) =>
    unitsOf(money, currency),
  )
  if (openingBalance === undefined) return `the openingBalance is not an amount in ${currency}`
  if (balance === undefined) return `the balance is not an amount in ${currency}`
  return {
    id,
    currency,
    openedAt,
    openingBalance,
    transfers,
    balance,
    postedAt: postedAt as number | undefined,
    digest,
  }
}

export const isDigest = (value: unknown): value is string =>
  typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)

export const isWhole = (value: unknown): value is number => Number.isSafeInteger(value)

/** An amount with exactly the currency's decimals, in minor units: the reverse of `showUnits`. */
export function unitsOf(text: unknown, currency: string): bigint | undefined {
  if (typeof text !== 'string' || text.length > 64) return undefined
  const [, units, decimals = ''] = /^(-?\d+)(?:\.(\d+))?$/.exec(text) ?? []
  if (units === undefined || decimals.length !== scaleOf(currency)) return undefined
  return BigInt(units + decimals)
}
