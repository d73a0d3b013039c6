import type { Faker, LocaleDefinition } from '@faker-js/faker'
import { InputError } from '../errors.ts'
import type { AccountRecord } from '../ledger/records.ts'
import { quote } from '../messages.ts'
import { isCurrency, scaleOf } from '../money/currency.ts'
import { decimal128OfUnits } from '../money/decimal128.ts'
import { Random } from './random.ts'

/** The `createdAt` of every seeded account. No other account has it, so it shows which accounts are seeded. */
export const SEEDED_AT = new Date('2020-01-01T00:00:00.000Z')

export const DEFAULT_SEED = 42
export const MOST_SEED = 2 ** 32 - 1
export const DEFAULT_CURRENCIES: readonly string[] = ['USD', 'EUR', 'JPY']

/** The most accounts that can be made: their ids have nine digits. */
export const MOST_ACCOUNTS = 999_999_999

export interface FakeAccountsOptions {
  /** A whole number from 0 to 4,294,967,295. Another seed makes other accounts, with the same ids. Default: 42. */
  readonly seed?: number | undefined
  /** The currencies of the accounts that are made, as ISO 4217 codes. At least one. Default: USD, EUR and JPY. */
  readonly currencies?: readonly string[] | undefined
}

/** @throws InputError if one of these is not a currency */
export function requireCurrencies(currencies: readonly string[]): void {
  const unknown = currencies.find((currency) => !isCurrency(currency))
  if (unknown === undefined) return
  throw new InputError(`currency ${quote(unknown)} is not an ISO 4217 code in capitals`)
}

/** Makes account `number`, counted from 1. The same number makes the same account, in any order. */
export type AccountMaker = (number: number) => AccountRecord

/**
 * Returns a function that makes accounts with faker, the same ones on every machine. Holders are named after
 * the countries of their currency and balances have a long tail. One account in ten has an overdraft limit, one
 * in a hundred is frozen.
 * @throws InputError if a currency is unknown
 */
export async function fakeAccounts({
  seed = DEFAULT_SEED,
  currencies = DEFAULT_CURRENCIES,
}: FakeAccountsOptions = {}): Promise<AccountMaker> {
  requireCurrencies(currencies)
  const random = new Random()
  const holdersOf = await fakeHolders(seed)
  const kinds = currencies.map((currency) => {
    const scale = scaleOf(currency)
    return {
      currency,
      scale,
      minorUnitsPerDollar: unitsPerDollar(currency) * 10 ** scale,
      zero: decimal128OfUnits(0, scale),
      holderAt: holdersOf(currency),
    }
  })
  return (number) => {
    random.seed([seed, number])
    const { currency, scale, minorUnitsPerDollar, zero, holderAt } = random.pick(kinds)
    const { holder, isCompany } = holderAt(random.whole({ least: 0, most: HOLDERS - 1 }))
    const limitInHundreds = random.isLikely(0.1) ? random.whole({ least: 1, most: 50 }) : 0
    const limit = limitInHundreds * 100 * minorUnitsPerDollar
    const isOverdrawn = limit > 0 && random.isLikely(0.2)
    const dollars = random.fromQuantiles(BALANCES_IN_DOLLARS) * (isCompany ? 20 : 1)
    const minorUnits = isOverdrawn
      ? -Math.floor(limit * random.next())
      : Math.floor(dollars * minorUnitsPerDollar)
    const balance = decimal128OfUnits(minorUnits, scale)
    return {
      _id: `DBK${String(number).padStart(9, '0')}`,
      holder,
      currency,
      status: random.isLikely(0.01) ? 'frozen' : 'open',
      balance,
      openingBalance: balance,
      overdraftLimit: limit > 0 ? decimal128OfUnits(limit, scale) : zero,
      transferCount: 0,
      transfersComplete: [],
      createdAt: SEEDED_AT,
      updatedAt: SEEDED_AT,
    }
  }
}

/**
 * The quantiles of balances, in steps of 5 %: log-normal with the median 1,800, the tail cut. A table, because
 * the last digit of `Math.exp` differs between JavaScript engines.
 */
const BALANCES_IN_DOLLARS = [
  5, 95, 180, 285, 410, 560, 735, 940, 1_180, 1_465, 1_800, 2_210, 2_750, 3_450, 4_400, 5_780,
  7_900, 11_300, 18_000, 34_000, 400_000,
]

interface Countries {
  readonly locales: readonly string[]
  /** Roughly how many units of the currency a dollar buys, so that balances are worth as much in each. */
  readonly unitsPerDollar: number
}

const COUNTRIES: Readonly<Record<string, Countries>> = {
  AUD: { locales: ['en_AU'], unitsPerDollar: 1 },
  BRL: { locales: ['pt_BR'], unitsPerDollar: 5 },
  CAD: { locales: ['en_CA', 'fr_CA'], unitsPerDollar: 1 },
  CHF: { locales: ['de_CH', 'fr_CH'], unitsPerDollar: 1 },
  CNY: { locales: ['zh_CN'], unitsPerDollar: 7 },
  CZK: { locales: ['cs_CZ'], unitsPerDollar: 22 },
  DKK: { locales: ['da'], unitsPerDollar: 7 },
  EUR: { locales: ['de', 'fr', 'es', 'it', 'pt_PT', 'fi'], unitsPerDollar: 1 },
  GBP: { locales: ['en_GB'], unitsPerDollar: 1 },
  HUF: { locales: ['hu'], unitsPerDollar: 350 },
  IDR: { locales: ['id_ID'], unitsPerDollar: 15_000 },
  INR: { locales: ['en_IN'], unitsPerDollar: 80 },
  JPY: { locales: ['ja'], unitsPerDollar: 150 },
  KRW: { locales: ['ko'], unitsPerDollar: 1_300 },
  MXN: { locales: ['es_MX'], unitsPerDollar: 20 },
  NOK: { locales: ['nb_NO'], unitsPerDollar: 10 },
  PLN: { locales: ['pl'], unitsPerDollar: 4 },
  SEK: { locales: ['sv'], unitsPerDollar: 10 },
  TRY: { locales: ['tr'], unitsPerDollar: 30 },
  TWD: { locales: ['zh_TW'], unitsPerDollar: 30 },
  UAH: { locales: ['uk'], unitsPerDollar: 40 },
  USD: { locales: ['en_US'], unitsPerDollar: 1 },
  VND: { locales: ['vi'], unitsPerDollar: 25_000 },
  ZAR: { locales: ['en_ZA'], unitsPerDollar: 18 },
}

const countriesOf = (currency: string): Countries =>
  COUNTRIES[currency] ?? { locales: ['en'], unitsPerDollar: 1 }

export const unitsPerDollar = (currency: string): number => countriesOf(currency).unitsPerDollar

/** The number of holders in each currency. Many of them hold several accounts. */
const HOLDERS = 4_096

interface Holder {
  readonly isCompany: boolean
  readonly holder: string
}

/**
 * Returns the holders of a currency by their number. Each is made when it is first needed and then kept, because
 * faker needs more time for a name than the server needs to insert an account. The same number makes the same
 * holder.
 */
async function fakeHolders(
  seed: number,
): Promise<(currency: string) => (number: number) => Holder> {
  const random = new Random()
  const fakersOf = await loadFakers(random)
  return (currency) => {
    const holders: Holder[] = []
    const make = (number: number): Holder => {
      random.seed([seed, Number.parseInt(currency, 36), number])
      const faker = random.pick(fakersOf(currency))
      const isCompany = random.isLikely(0.1)
      const holder = isCompany ? faker.company.name() : faker.person.fullName()
      return { isCompany, holder }
    }
    return (number) => (holders[number] ??= make(number))
  }
}

/**
 * Loads faker, and only when accounts are made. The fakers are separate instances, so that no other program's
 * draws change what these draw.
 */
async function loadFakers(random: Random): Promise<(currency: string) => readonly Faker[]> {
  const { Faker, allLocales } = await import('@faker-js/faker')
  const { en, base } = allLocales
  const locales: Readonly<Record<string, LocaleDefinition>> = allLocales
  const randomizer = { next: () => random.next(), seed: () => undefined }
  const fakersByCurrency = new Map<string, readonly Faker[]>()
  return (currency) => {
    let fakers = fakersByCurrency.get(currency)
    if (!fakers) {
      fakers = countriesOf(currency).locales.map((locale) => {
        const definition = locales[locale]
        if (!definition) throw new Error(`faker has no locale ${locale}`)
        return new Faker({ locale: [definition, en, base], randomizer })
      })
      fakersByCurrency.set(currency, fakers)
    }
    return fakers
  }
}
