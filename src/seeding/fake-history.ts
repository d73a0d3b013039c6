import { unitsPerDollar } from './fake-accounts.ts'
import type { Random } from './random.ts'
import type { CurrencyPool, Movement, SimulatedAccounts } from './simulated-accounts.ts'

/** When a transfer of the past happened, and what it is unless it is an ordinary payment. */
export interface Occasion {
  /** In milliseconds, as of `Date`. Never before the occasion ahead of it. */
  readonly at: number
  /** A salary, a rent or a subscription; undefined for a payment that is still to be drawn. */
  readonly recurring?: { readonly movement: Movement; readonly reference: string } | undefined
}

interface HistoryOptions {
  /** How many occasions there are. */
  readonly transfers: number
  /** The start of each day, in milliseconds. */
  readonly days: readonly number[]
  /** For the times of payments. */
  readonly random: Random
}

const HOUR = 60 * 60 * 1000

/** How many payments a day has in relation to others, from Sunday to Saturday. */
const WEIGHTS = [0.7, 1, 1, 1, 1.1, 1.4, 1.3] as const

/** The quantiles of the hour of a payment, at equal steps of probability. */
const HOURS = [7, 8, 9, 10.5, 12, 12.5, 13, 15, 16.5, 17.5, 18.5, 20, 22.9]

/** The share of the transfers that recur, at most. */
const RECURRING = 0.6

/** What recurs for a person in a month: a rent, a subscription and a salary. */
const RECURRING_A_MONTH = 3

/** The days of the month on which companies pay salaries, in turn. */
const PAYDAYS = [25, 28, 27] as const

/** The companies of a pool, which pay salaries and receive payments: its richest accounts. */
export function companiesByPool(
  accounts: SimulatedAccounts,
): ReadonlyMap<CurrencyPool, readonly number[]> {
  return new Map(
    accounts.pools.map((pool) => [
      pool,
      accounts.hot.filter((account) => accounts.poolOf(account) === pool),
    ]),
  )
}

/**
 * The occasions of a past, in chronological order. Persons are paid monthly, and pay a rent and a subscription. The
 * other occasions are payments, spread over the days as people shop. What recurs is left out when the payer cannot
 * afford it. So many persons have recurring transfers as `transfers` has room for; they are the first ones.
 */
export function* fakeHistory(
  accounts: SimulatedAccounts,
  { transfers, days, random }: HistoryOptions,
): Generator<Occasion, void, undefined> {
  const companies = companiesByPool(accounts)
  const months = new Set(days.map((day) => new Date(day).toISOString().slice(0, 7))).size
  const isCompany = new Set(accounts.hot)
  const persons = accounts.members
    .filter((member) => !isCompany.has(member))
    .toSorted()
    .slice(0, Math.floor((transfers * RECURRING) / (RECURRING_A_MONTH * months)))
  const totalWeight = days.reduce((sum, day) => sum + weightOf(day), 0)
  let weight = 0
  let made = 0
  for (const day of days) {
    weight += weightOf(day)
    const due = day === days.at(-1) ? transfers : Math.floor((transfers * weight) / totalWeight)
    for (const recurring of dueOn(day, persons, { accounts, companies })) {
      if (made === transfers) return
      if (!accounts.canMove(recurring.movement)) continue
      made += 1
      yield { at: day + 5 * HOUR, recurring }
    }
    const times = new Float64Array(Math.max(0, due - made))
    for (let index = 0; index < times.length; index++) {
      times[index] = Math.floor(random.fromQuantiles(HOURS) * 3600) * 1000
    }
    for (const time of times.toSorted()) yield { at: day + time }
    made += times.length
  }
}

const weightOf = (day: number): number => WEIGHTS[new Date(day).getUTCDay()] as number

interface Surroundings {
  readonly accounts: SimulatedAccounts
  readonly companies: ReadonlyMap<CurrencyPool, readonly number[]>
}

/** What recurs on a day: each person has a salary, a rent and a subscription, always of the same amount. */
function* dueOn(day: number, persons: Uint32Array, { accounts, companies }: Surroundings) {
  const date = new Date(day).getUTCDate()
  const month = new Date(day).toISOString().slice(0, 7)
  for (const person of persons) {
    const pool = accounts.poolOf(person)
    const own = companies.get(pool) ?? []
    const company = (number: number) => own[number % own.length] as number
    const amount = (dollars: number) =>
      Math.round(dollars * unitsPerDollar(pool.currency)) * 10 ** pool.scale
    // Persons differ, and each one's amounts stay the same.
    const salary = 1_800 + ((person * 37) % 60) * 50
    if (date === 1) {
      const movement = { from: person, to: company(person + 1), minorUnits: amount(salary * 0.3) }
      yield { movement, reference: `rent ${month}` }
    }
    if (date === 2 + (person % 22)) {
      const movement = {
        from: person,
        to: company(person),
        minorUnits: amount(5 + (person % 4) * 5),
      }
      yield { movement, reference: `subscription ${month}` }
    }
    if (date === PAYDAYS[person % PAYDAYS.length]) {
      const movement = { from: company(person), to: person, minorUnits: amount(salary) }
      yield { movement, reference: `salary ${month}` }
    }
  }
}
