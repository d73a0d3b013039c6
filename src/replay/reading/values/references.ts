import { isPrintableText, withoutUnprintable } from '../../../ledger/printable-text.ts'
import { plainText } from './values.ts'

const LONGEST = 256

/** Words of ASCII with single spaces between them: nearly every text, and the quickest to see. */
const PLAIN_WORDS = /^[!-~]+(?: [!-~]+)*$/

const isPlain = (text: string): boolean => text.length <= LONGEST && PLAIN_WORDS.test(text)

/** A text with every run of white space as one space, and none at its ends. */
const folded = (text: string): string => text.replaceAll(/\s+/g, ' ').trim()

/** A text cut to the longest reference. The last character of one that is cut is `…`. */
function cut(text: string): string {
  if (text.length <= LONGEST) return text
  const start = text.slice(0, LONGEST - 1).replace(/[\uD800-\uDBFF]$/, '')
  return `${start.trimEnd()}…`
}

/** Makes the function that reads a reference. Only the posting refuses one that cannot be stored. */
export function referenceReader({
  isCut,
}: {
  readonly isCut: boolean
}): (value: unknown) => unknown {
  return (value) => {
    if (typeof value !== 'string' || isPlain(value)) return value
    const text = folded(value)
    return isCut ? cut(text) : text
  }
}

/**
 * The reference in a column that nobody mapped, only recognized. It never refuses a transfer: it is cut, loses the
 * characters that cannot be printed, and is left out if nothing is left.
 */
export function recognizedReference(value: unknown): string | undefined {
  const found = plainText(value)
  if (isPlain(found)) return found
  const text = cut(folded(found))
  if (isPrintableText(text, LONGEST)) return text
  const printable = folded(withoutUnprintable(text))
  return isPrintableText(printable, LONGEST) ? printable : undefined
}
