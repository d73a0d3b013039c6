import { type AccountRecord, LedgerError } from '../../src/index.ts'
import { Random, readOpening, formatMinorUnits } from '../../src/internal.ts'

/** A transfer to make, the same for every contestant. */
export interface Payment {
  readonly transferId: string
  readonly from: string
  readonly to: string
  /** In cents. */
  readonly cents: number
  /** The same amount as text, with two decimals. */
  readonly amount: string
}

export type NextPayment = () => Payment

/** Which payments a contestant makes between this many accounts. */
export interface PaymentsBetween {
  readonly payments: (accounts: number) => NextPayment
}

/** The opening balance of each account, in cents: enough for every payment. */
export const OPENING_CENTS = 100_000_000_000

/** The id of the account with an index from 0. */
export const accountIdAt = (index: number): string => `MDB${String(index).padStart(9, '0')}`

/** Payments between random accounts. The sequence is the same in each run. */
export function randomPayments(accounts: number): NextPayment {
  return payments((random) => {
    const from = random.whole({ least: 0, most: accounts - 1 })
    return { from, to: (from + random.whole({ least: 1, most: accounts - 1 })) % accounts }
  })
}

/** Payments from random accounts, all into the first account. */
export const paymentsIntoOne = (accounts: number): NextPayment =>
  payments((random) => ({ from: random.whole({ least: 1, most: accounts - 1 }), to: 0 }))

/** Payments that the first account makes and receives alternately, with each of its counterparties in turn. */
export const paymentsOfFirstAccount = (counterparties: number): NextPayment =>
  payments((_, index) => {
    const counterparty = 1 + (Math.floor(index / 2) % counterparties)
    return index % 2 === 0 ? { from: 0, to: counterparty } : { from: counterparty, to: 0 }
  })

function payments(
  accountsAt: (random: Random, index: number) => { from: number; to: number },
): NextPayment {
  const random = new Random(1)
  let index = 0
  return () => {
    const { from, to } = accountsAt(random, index)
    const cents = random.whole({ least: 1, most: 10_000 })
    index += 1
    return {
      transferId: `TR${String(index).padStart(9, '0')}`,
      from: accountIdAt(from),
      to: accountIdAt(to),
      cents,
      amount: formatMinorUnits(cents, 2),
    }
  }
}

/** This many accounts, of which the first has the index `first`. */
export const newAccounts = (accounts: number, first = 0): AccountRecord[] =>
  Array.from({ length: accounts }, (_, index) => {
    const record = readOpening(
      {
        accountId: accountIdAt(first + index),
        holder: `Holder ${first + index}`,
        currency: 'USD',
        openingBalance: formatMinorUnits(OPENING_CENTS, 2),
      },
      new Date(),
    )
    if (record instanceof LedgerError) throw record
    return record
  })
