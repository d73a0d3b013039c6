import type { Connection } from 'mongoose'
import { accountModel } from '../../src/index.ts'

export const CURRENCIES = ['USD', 'EUR'] as const
export type SoakCurrency = (typeof CURRENCIES)[number]

/** What the accounts of a soak hold at its start, in each of its currencies. Some are poor, so that transfers are refused. */
const OPENINGS = [
  ...Array.from({ length: 2 }, (_, index) => ({ name: `hot-${index}`, openingBalance: '100000' })),
  ...Array.from({ length: 30 }, (_, index) => ({
    name: `${index}`,
    openingBalance: index % 3 === 0 ? '50' : '10000',
  })),
]

/** The accounts that every client uses. The first two of a currency are hot. */
export const accountsIn = (currency: SoakCurrency): string[] =>
  OPENINGS.map(({ name }) => `${currency}-${name}`)

/** An account whose status and limit only one worker of one client changes. */
export const ownAccount = (currency: SoakCurrency, worker: string): string =>
  `${currency}-of-${worker}`

export async function openAccounts(
  connection: Connection,
  workers: readonly string[],
): Promise<void> {
  const Account = accountModel(connection)
  const own = workers.map((worker) => ({ name: `of-${worker}`, openingBalance: '1000' }))
  const openings = CURRENCIES.flatMap((currency) =>
    [...OPENINGS, ...own].map(({ name, openingBalance }) => ({
      accountId: `${currency}-${name}`,
      holder: name,
      currency,
      openingBalance,
    })),
  )
  for (const opening of openings) await Account.open(opening)
}
