import { type AccountRecord, LedgerError } from '../../src/index.ts'
import { Random, readOpening, textOfMinor } from '../../src/internal.ts'

/** A transfer that is to be made, the same for every contestant. */
export interface Payment {
  readonly transferId: string
  readonly from: string
  readonly to: string
  /** In cents. */
  readonly cents: number
  /** The same as text. */
  readonly amount: string
}

/** Gives the next payment at each call. */
export type Payments = () => Payment

/** What each account holds at first, in cents: no payment is ever refused. */
export const OPENING_CENTS = 100_000_000_000

/** The number of an account, by its index from 0. */
export const accountIdAt = (index: number): string => `MDB${String(index).padStart(9, '0')}`

/** Payments between accounts that chance picks; the same ones each time. */
export function randomPayments(accounts: number): Payments {
  return payments((random) => {
    const from = random.whole({ least: 0, most: accounts - 1 })
    return { from, to: (from + random.whole({ least: 1, most: accounts - 1 })) % accounts }
  })
}

/** Payments of chance's accounts that all go into the first. */
export const paymentsIntoOne = (accounts: number): Payments =>
  payments((random) => ({ from: random.whole({ least: 1, most: accounts - 1 }), to: 0 }))

/** Payments that the first account makes and receives in turn, with so many others in turn. */
export const paymentsOfOne = (others: number): Payments =>
  payments((_, index) => {
    const other = 1 + (Math.floor(index / 2) % others)
    return index % 2 === 0 ? { from: 0, to: other } : { from: other, to: 0 }
  })

function payments(
  accountsAt: (random: Random, index: number) => { from: number; to: number },
): Payments {
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
      amount: textOfMinor(cents, 2),
    }
  }
}

/** The accounts as they are opened. */
export const openingsOf = (accounts: number): AccountRecord[] =>
  Array.from({ length: accounts }, (_, index) => {
    const record = readOpening(
      {
        accountId: accountIdAt(index),
        holder: `Holder ${index}`,
        currency: 'USD',
        openingBalance: textOfMinor(OPENING_CENTS, 2),
      },
      new Date(),
    )
    if (record instanceof LedgerError) throw record
    return record
  })
