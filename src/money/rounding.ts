import { Decimal } from './money.ts'

/** The ways to round, by decimal.js's names. */
const MODES = {
  up: Decimal.ROUND_UP,
  down: Decimal.ROUND_DOWN,
  ceil: Decimal.ROUND_CEIL,
  floor: Decimal.ROUND_FLOOR,
  'half-up': Decimal.ROUND_HALF_UP,
  'half-down': Decimal.ROUND_HALF_DOWN,
  'half-even': Decimal.ROUND_HALF_EVEN,
  'half-ceil': Decimal.ROUND_HALF_CEIL,
  'half-floor': Decimal.ROUND_HALF_FLOOR,
} as const

/** How to round: up is away from zero, down towards it, and half says what becomes of a half. */
export type Rounding = keyof typeof MODES

export const ROUNDINGS = Object.keys(MODES) as readonly Rounding[]

/** A value with so many decimals. */
export const rounded = (value: Decimal, scale: number, rounding: Rounding): Decimal =>
  value.toDecimalPlaces(scale, MODES[rounding])
