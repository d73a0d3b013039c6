import { createHash } from 'node:crypto'
import { extname } from 'node:path'
import jsTokens from 'js-tokens'

/** After these words the end of a line ends a statement. */
const ENDED_BY_LINE = new Set(['return', 'throw', 'break', 'continue', 'yield'])

/**
 * TypeScript's `!` after a value, as JavaScript that is a value too: before a `/`, the lexer would take
 * it for a negation and what follows for a regular expression.
 */
const ASSERTION =
  /(?<=[\w$)\]])(?<!\b(?:return|throw|case|typeof|void|delete|do|else|in|of|instanceof|yield|await))!(?!=)/g
const VALUE = '.\u01C3'

const INSIGNIFICANT = new Set([
  'WhiteSpace',
  'LineTerminatorSequence',
  'SingleLineComment',
  'MultiLineComment',
  'HashbangComment',
])

/**
 * The checksum of a migration's source, in which white space and comments do not count, nor how a file's
 * lines end. It begins with the language, because a TypeScript file and what was compiled from it cannot
 * be compared.
 */
export function checksumOf(path: string, source: string): string {
  const isTypeScript = extname(path).endsWith('ts')
  const text = source.replaceAll('\r\n', '\n')
  const hash = createHash('sha256')
  let last = ''
  for (const { type, value } of jsTokens(isTypeScript ? text.replaceAll(ASSERTION, VALUE) : text)) {
    const isSignificant = !INSIGNIFICANT.has(type)
    if (isSignificant || (value.includes('\n') && ENDED_BY_LINE.has(last))) {
      last = isSignificant ? value : ''
      hash.update(`${last}\n`)
    }
  }
  return `${isTypeScript ? 'ts' : 'js'}:${hash.digest('hex')}`
}

/** Whether a file is another than the one that was applied, as far as they can be compared. */
export const differs = (applied: string, present: string): boolean =>
  applied !== present && applied.slice(0, 3) === present.slice(0, 3)
