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

const normalizedWord = (word: string): string => word.trim().toLowerCase()

/** A word that stands for both directions, if there is one. */
export function contradictoryWord(directions: Directions): string | undefined {
  const outgoing = new Set(directions.out.map(normalizedWord))
  return directions.in.find((word) => outgoing.has(normalizedWord(word)))
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
