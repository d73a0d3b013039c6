import { unitsPerDollar } from './fake-accounts.ts'
import type { Random } from './random.ts'

/**
 * The quantiles of amounts, in steps of 5 %, with the median 40. A table, because the last digit of `Math.exp`
 * differs between JavaScript engines.
 */
const AMOUNTS_IN_DOLLARS = [
  0.5, 2.5, 4.2, 6, 8.5, 11, 14, 18, 23, 30, 40, 52, 68, 90, 120, 165, 235, 350, 620, 1_400, 20_000,
]

/** The quantiles of what people pay by card, in steps of 10 %. */
const CARD_AMOUNTS_IN_DOLLARS = [1, 3.5, 5, 8, 12, 18, 26, 38, 55, 95, 400]

/** Draws a likely amount of a payment by card, in minor units. */
export const drawCardAmount = (
  random: Random,
  { currency, scale }: { currency: string; scale: number },
): number =>
  Math.max(
    1,
    Math.floor(
      random.fromQuantiles(CARD_AMOUNTS_IN_DOLLARS) * unitsPerDollar(currency) * 10 ** scale,
    ),
  )

/** Draws a likely amount of a transfer, in minor units. Of the amounts above one unit, 40 % are whole. */
export function drawAmount(
  random: Random,
  { currency, scale }: { currency: string; scale: number },
): number {
  const unit = 10 ** scale
  const drawn = Math.floor(
    random.fromQuantiles(AMOUNTS_IN_DOLLARS) * unitsPerDollar(currency) * unit,
  )
  const isRound = random.isLikely(0.4) && drawn > unit
  return Math.max(isRound ? drawn - (drawn % unit) : drawn, 1)
}

/** Each `#` stands for a number. */
const REFERENCES = [
  'invoice #',
  'order #',
  'rent, flat #',
  'salary #',
  'refund of order #',
  'thank you',
  'savings',
]

/** References that are used in only one currency. */
const LOCAL_REFERENCES: Readonly<Record<string, readonly string[]>> = {
  EUR: ['Rückzahlung #', 'café, table #'],
  JPY: ['振込 #', '家賃 #'],
}

/** Draws the reference of a transfer. 40 % have none, which is the empty text. */
export function drawReference(random: Random, currency: string): string {
  if (random.isLikely(0.4)) return ''
  const texts = [...REFERENCES, ...(LOCAL_REFERENCES[currency] ?? [])]
  return random.pick(texts).replace('#', String(random.whole({ least: 1, most: 99_999 })))
}

const CARD_REFERENCES = [
  'groceries',
  'bakery',
  'coffee',
  'lunch',
  'restaurant',
  'pharmacy',
  'petrol',
  'train ticket',
  'cinema',
  'books',
  'clothes',
  'order #',
]

/** Draws the reference of a payment by card. */
export const drawCardReference = (random: Random): string =>
  random.pick(CARD_REFERENCES).replace('#', String(random.whole({ least: 1, most: 99_999 })))
