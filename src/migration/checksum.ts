import { createHash } from 'node:crypto'
import { extname } from 'node:path'
import jsTokens from 'js-tokens'

const INSIGNIFICANT = new Set([
  'WhiteSpace',
  'LineTerminatorSequence',
  'SingleLineComment',
  'MultiLineComment',
  'HashbangComment',
])

/**
 * The checksum of a migration's source, in which white space and comments do not count. It begins with
 * the language, because a TypeScript file and what was compiled from it cannot be compared.
 */
export function checksumOf(path: string, source: string): string {
  const hash = createHash('sha256')
  for (const { type, value } of jsTokens(source)) {
    if (!INSIGNIFICANT.has(type)) hash.update(`${value}\n`)
  }
  return `${extname(path).endsWith('ts') ? 'ts' : 'js'}:${hash.digest('hex')}`
}

/** Whether a file is another than the one that was applied, as far as they can be compared. */
export const differs = (applied: string, present: string): boolean =>
  applied !== present && applied.slice(0, 3) === present.slice(0, 3)
