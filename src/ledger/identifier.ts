/** The rule of {@link isIdentifier}, as a phrase for messages. */
export const IDENTIFIER_RULE = 'a text of 1–128 printable characters with no space at its ends'

/** Nearly every id, and the quickest to see. */
const ASCII_ID = /^[!-~](?:[ -~]*[!-~])?$/
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/u

/**
 * Whether a value can be the id of a transfer or an account that exists. A new one is held to
 * {@link newIdentifierProblem} too.
 */
export const isIdentifier = (value: unknown): value is string =>
  couldBeId(value) &&
  (ASCII_ID.test(value) || (value !== '' && value.trim() === value && !UNPRINTABLE.test(value)))

/** Whether it makes sense to look a value up as an id. A cheap check: {@link isIdentifier} decides later. */
export const couldBeId = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= 128

/**
 * What is displayed as nothing or drawn as a blank, what is not assigned to a character, and every space but
 * the plain one.
 */
const UNSEEN = /(?! )[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800\u{16FE4}\u{1D159}]/u

/**
 * Why an id cannot be given to a new transfer or account, as a phrase that says what it is not: two ids that
 * look the same must be the same. Ids that are in a database already are not held to this.
 */
export function newIdentifierProblem(id: string): string | undefined {
  if (ASCII_ID.test(id)) return undefined
  const [unseen] = UNSEEN.exec(id) ?? []
  if (unseen !== undefined) {
    const codePoint = Number(unseen.codePointAt(0)).toString(16).toUpperCase().padStart(4, '0')
    return `free of characters that cannot be seen or told from a space: it contains U+${codePoint}`
  }
  return id.normalize('NFC') === id
    ? undefined
    : 'in the composed form of Unicode: normalize it to NFC'
}
