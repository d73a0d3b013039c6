import { quote } from '../../../messages.ts'
import { Problem } from './problem.ts'
import { isMissing, plainText } from './values.ts'

/** What a record asks for: a transfer, or an action on a hold. */
export type Action = 'transfer' | 'hold' | 'capture' | 'release'

const ACTIONS: readonly Action[] = ['transfer', 'hold', 'capture', 'release']

/** Reads what a record asks for. Without a value it is a transfer. Case does not matter. */
export function readAction(value: unknown): Action | Problem {
  if (isMissing(value)) return 'transfer'
  const word = plainText(value).trim().toLowerCase()
  if (word === '' && typeof value === 'string') return 'transfer'
  return (
    ACTIONS.find((action) => action === word) ??
    new Problem(
      `the action ${quote(value)} is none of ${ACTIONS.map((action) => quote(action)).join(', ')}: if the column is something else, add --map action=; if it has other words, read the file with --transform`,
    )
  )
}

/** Reads whether a capture ends its hold. */
export function readFinal(value: unknown): boolean | Problem {
  if (isMissing(value)) return false
  const word = plainText(value).trim().toLowerCase()
  if (word === 'true' || word === 'false') return word === 'true'
  return new Problem(`final ${quote(value)} is not true or false`)
}
