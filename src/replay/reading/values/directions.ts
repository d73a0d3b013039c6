import { quote } from '../../../messages.ts'
import { Problem } from './problem.ts'
import { plainText } from './values.ts'

/** The words of a column that says which way money moved. `out` means that it left the account. */
export interface Directions {
  readonly out: readonly string[]
  readonly in: readonly string[]
}

/** Words that mean the same in every file that has them. Single letters do not: D is a debit, or a deposit. */
const KNOWN_WORDS: Directions = {
  out: ['debit', 'dbit', 'dr', 'debet', 'af', 'soll', 'out', 'outgoing', '-'],
  in: ['credit', 'crdt', 'cr', 'bij', 'haben', 'in', 'incoming', '+'],
}

/** The words that say it also beside an amount, as in `500.00 Dr`. */
const WORDS_BESIDE: Directions = {
  out: ['debit', 'dbit', 'dr'],
  in: ['credit', 'crdt', 'cr'],
}

/** What else beside an amount says which way the money went, though not the same in every file. */
const UNCLEAR_BESIDE = ['d', 'c', 's', 'h', 'debet', 'bij', 'soll', 'haben']

const normalizedWord = (word: string): string => word.trim().toLowerCase()

/** A word that stands for both directions, if there is one. */
export function contradictoryWord(directions: Directions): string | undefined {
  const outgoing = new Set(directions.out.map(normalizedWord))
  return directions.in.find((word) => outgoing.has(normalizedWord(word)))
}

/** Whether an amount without a direction left the account if it is positive, because the words say what its sign means. */
export const signsAreReversed = (directions: Directions | undefined): boolean =>
  directions !== undefined &&
  (directions.out.some((word) => word.trim() === '+') ||
    directions.in.some((word) => word.trim() === '-'))

const withoutPoint = (mark: string): string => normalizedWord(mark).replace(/\.$/, '')

const DIRECTION_MARKS = new Set([...WORDS_BESIDE.out, ...WORDS_BESIDE.in, ...UNCLEAR_BESIDE])

/** Whether a word beside an amount says which way money moved, so that it is never a currency. */
export const isDirectionMark = (mark: string): boolean => DIRECTION_MARKS.has(withoutPoint(mark))

/** A word beside an amount that says which way money moved. */
export interface DirectionMark {
  readonly word: string
  /** Whether money left the account. Undefined if the word does not mean the same in every file. */
  readonly isOutgoing: boolean | undefined
}

/** Makes the function that finds out whether a mark beside an amount is a direction; undefined if it is not. */
export function directionMarkReader(
  directions: Directions = WORDS_BESIDE,
): (mark: string) => DirectionMark | undefined {
  const known = new Map<string, boolean>()
  for (const word of directions.in) known.set(withoutPoint(word), false)
  for (const word of directions.out) known.set(withoutPoint(word), true)
  return (mark) => {
    const isOutgoing = known.get(withoutPoint(mark))
    return isOutgoing !== undefined || isDirectionMark(mark)
      ? { word: mark, isOutgoing }
      : undefined
  }
}

/** Makes the function that reads a direction: true if money left the account. */
export function directionReader(
  directions: Directions = KNOWN_WORDS,
): (value: unknown) => boolean | Problem {
  const known = new Map<string, boolean>()
  for (const word of directions.in) known.set(normalizedWord(word), false)
  for (const word of directions.out) known.set(normalizedWord(word), true)
  const expected = [...directions.out, ...directions.in].map((word) => quote(word)).join(', ')
  return (value) =>
    known.get(normalizedWord(plainText(value))) ??
    new Problem(
      `the direction ${quote(value)} is none of ${expected}: name its words with --directions out=WORD,in=WORD`,
    )
}
