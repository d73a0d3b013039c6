import type { Faker, LocaleDefinition } from '@faker-js/faker'
import { LedgerError } from '../errors.ts'
import { readOpening } from '../ledger/opening.ts'
import type { AccountRecord } from '../ledger/records.ts'
import { scaleOf } from '../money/currency.ts'
import { decimal128OfUnits } from '../money/money.ts'
import { Random } from './random.ts'

/** When every seeded account was opened: what no account has that was opened in earnest, so it tells them apart. */
export const SEEDED_AT = new Date('2020-01-01T00:00:00.000Z')

export const DEFAULT_SEED = 42
export const MOST_SEED = 2 ** 32 - 1
export const DEFAULT_CURRENCIES: readonly string[] = ['USD', 'EUR', 'JPY']

/** The largest number of accounts: the digits of their numbers. */
export const MOST_ACCOUNTS = 999_999_999

export interface FakeAccountsOptions {
  readonly seed?: number | undefined
  readonly currencies?: readonly string[] | undefined
}

/** What account number `n` is, from 1: it follows from the options and its number alone. */
export type AccountMaker = (number: number) => AccountRecord

/**
 * Gives a maker of accounts by faker, the same ones on every machine: holders after their currency's
 * countries, balances with a long tail, a tenth with an overdraft limit, a hundredth frozen.
 */
export async function fakeAccounts({
  seed = DEFAULT_SEED,
  currencies = DEFAULT_CURRENCIES,
}: FakeAccountsOptions = {}): Promise<AccountMaker> {
  const random = new Random()
  const holdersOf = await fakeHolders(seed)
  const kinds = currencies.map((currency) => {
    const scale = scaleOf(currency)
    return {
      currency,
      scale,
      unit: perDollar(currency) * 10 ** scale,
      holderAt: holdersOf(currency),
    }
  })
  return (number) => {
    random.seed([seed, number])
    const { currency, scale, unit, holderAt } = random.pick(kinds)
    const { empty, isCompany } = holderAt(random.whole({ least: 0, most: HOLDERS - 1 }))
    const hundreds = random.isLikely(0.1) ? random.whole({ least: 1, most: 50 }) : 0
    const limit = hundreds * 100 * unit
    const isOverdrawn = hundreds > 0 && random.isLikely(0.2)
    const dollars = random.tailed(BALANCES) * (isCompany ? 20 : 1)
    const minor = isOverdrawn ? -Math.floor(limit * random.next()) : Math.floor(dollars * unit)
    const balance = decimal128OfUnits(BigInt(minor), scale)
    // In full, not by spreading `empty`, which takes half of all the time.
    return {
      _id: `DBK${String(number).padStart(9, '0')}`,
      holder: empty.holder,
      currency,
      status: random.isLikely(0.01) ? 'frozen' : 'open',
      balance,
      openingBalance: balance,
      overdraftLimit: limit > 0 ? decimal128OfUnits(BigInt(limit), scale) : empty.overdraftLimit,
      transferCount: 0,
      transfersComplete: [],
      createdAt: SEEDED_AT,
      updatedAt: SEEDED_AT,
    }
  }
}

/**
 * The 0th, 5th … 100th percentile of balances in dollars: a log-normal with the median 1,800, its tail
 * cut. A table, because the last digit of `Math.exp` is the engine's own.
 */
const BALANCES = [
  5, 95, 180, 285, 410, 560, 735, 940, 1_180, 1_465, 1_800, 2_210, 2_750, 3_450, 4_400, 5_780,
  7_900, 11_300, 18_000, 34_000, 400_000,
]

interface Countries {
  readonly locales: readonly string[]
  /** Roughly how many make a dollar, so that a fortune is one in every currency. */
  readonly perDollar: number
}

const COUNTRIES: Readonly<Record<string, Countries>> = {
  AUD: { locales: ['en_AU'], perDollar: 1 },
  BRL: { locales: ['pt_BR'], perDollar: 5 },
  CAD: { locales: ['en_CA', 'fr_CA'], perDollar: 1 },
  CHF: { locales: ['de_CH', 'fr_CH'], perDollar: 1 },
  CNY: { locales: ['zh_CN'], perDollar: 7 },
  CZK: { locales: ['cs_CZ'], perDollar: 22 },
  DKK: { locales: ['da'], perDollar: 7 },
  EUR: { locales: ['de', 'fr', 'es', 'it', 'pt_PT', 'fi'], perDollar: 1 },
  GBP: { locales: ['en_GB'], perDollar: 1 },
  HUF: { locales: ['hu'], perDollar: 350 },
  IDR: { locales: ['id_ID'], perDollar: 15_000 },
  INR: { locales: ['en_IN'], perDollar: 80 },
  JPY: { locales: ['ja'], perDollar: 150 },
  KRW: { locales: ['ko'], perDollar: 1_300 },
  MXN: { locales: ['es_MX'], perDollar: 20 },
  NOK: { locales: ['nb_NO'], perDollar: 10 },
  PLN: { locales: ['pl'], perDollar: 4 },
  SEK: { locales: ['sv'], perDollar: 10 },
  TRY: { locales: ['tr'], perDollar: 30 },
  TWD: { locales: ['zh_TW'], perDollar: 30 },
  UAH: { locales: ['uk'], perDollar: 40 },
  USD: { locales: ['en_US'], perDollar: 1 },
  VND: { locales: ['vi'], perDollar: 25_000 },
  ZAR: { locales: ['en_ZA'], perDollar: 18 },
}

const countriesOf = (currency: string): Countries =>
  COUNTRIES[currency] ?? { locales: ['en'], perDollar: 1 }

/** Roughly how many of a currency make a dollar. */
export const perDollar = (currency: string): number => countriesOf(currency).perDollar

/** How many holders a currency has: many of them hold several accounts. */
const HOLDERS = 4_096

/** A holder, and the account in its name while nothing is in it. */
interface Holder {
  readonly isCompany: boolean
  readonly empty: AccountRecord
}

/**
 * Gives the holders of a currency by their number. A name takes faker longer than the server takes to
 * insert an account, so each is made once, when it is first needed, and follows from its number alone.
 */
async function fakeHolders(
  seed: number,
): Promise<(currency: string) => (number: number) => Holder> {
  const random = new Random()
  const fakersOf = await fakers(random)
  return (currency) => {
    const made: Holder[] = []
    const make = (number: number): Holder => {
      random.seed([seed, Number.parseInt(currency, 36), number])
      const faker = random.pick(fakersOf(currency))
      const isCompany = random.isLikely(0.1)
      const holder = isCompany ? faker.company.name() : faker.person.fullName()
      const empty = readOpening({ accountId: 'DBK', holder, currency }, SEEDED_AT)
      if (empty instanceof LedgerError) throw empty
      return { isCompany, empty }
    }
    return (number) => (made[number] ??= make(number))
  }
}

/** Fakers of our own, so that nobody else's draws come between ours, loaded only where accounts are made. */
async function fakers(random: Random): Promise<(currency: string) => readonly Faker[]> {
  const { Faker, allLocales } = await import('@faker-js/faker')
  const { en, base } = allLocales
  const locales: Readonly<Record<string, LocaleDefinition>> = allLocales
  const randomizer = { next: () => random.next(), seed: () => undefined }
  const made = new Map<string, readonly Faker[]>()
  return (currency) => {
    let ours = made.get(currency)
    if (!ours) {
      ours = countriesOf(currency).locales.map((locale) => {
        const definition = locales[locale]
        if (!definition) throw new Error(`faker has no locale ${locale}`)
        return new Faker({ locale: [definition, en, base], randomizer })
      })
      made.set(currency, ours)
    }
    return ours
  }
}
