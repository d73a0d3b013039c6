import { quote } from '../../../messages.ts'
import { Problem } from './problem.ts'

export const DECIMAL_MARKS = ['.', ','] as const
export const GROUP_SEPARATORS = ['', ',', '.', "'", ' '] as const

/** How a file writes its amounts. */
export interface AmountSpelling {
  readonly decimal: (typeof DECIMAL_MARKS)[number]
  /** Stands between groups of digits. A space stands for every kind of space, `'` also for `’`. */
  readonly thousands: (typeof GROUP_SEPARATORS)[number]
}

/** An amount that has a currency's sign or code beside it. */
export class MarkedAmount {
  /** A plain decimal number, which may be negative. */
  readonly amount: string
  readonly mark: string

  constructor(amount: string, mark: string) {
    this.amount = amount
    this.mark = mark
  }
}

const SPACES = String.raw` \u00A0\u2000-\u200A\u202F\u205F\u3000`
const APOSTROPHES = String.raw`'\u2019\u02BC`

/** Spaces that do not stand between two digits. */
const LOOSE_SPACES = new RegExp(`(?<!\\d)[${SPACES}]+|[${SPACES}]+(?!\\d)`, 'gu')

/** A currency's sign, code or abbreviation. */
const MARK = String.raw`[\p{L}\p{Sc}]{1,12}\.?`
const SIGN = String.raw`[-+\u2212]`

/** An amount without loose spaces. At most one of the signs and of the marks may be there. */
const SPELLED = new RegExp(
  `^(\\(?)(${SIGN}?)((?:${MARK})?)(${SIGN}?)(\\d(?:.*\\d)?)(${SIGN}?)((?:${MARK})?)(${SIGN}?)(\\)?)$`,
  'u',
)

/** The longest amount that is looked at. */
const LONGEST = 200

/**
 * Makes the function that reads amounts: it returns a plain decimal number as text, with its sign, or a
 * {@link MarkedAmount}. What is not an amount is returned as it is, and the posting refuses it. An amount that would be read otherwise with
 * another option is a {@link Problem} that names the option.
 */
export function amountReader(spelling: AmountSpelling): (value: unknown) => unknown {
  const readDigits = digitReader(spelling)
  const readSpelled = (value: string): MarkedAmount | Problem | string => {
    if (value.length > LONGEST) return value
    const parts = SPELLED.exec(value.replaceAll(LOOSE_SPACES, ''))
    if (!parts) return value
    const [
      ,
      open,
      sign1 = '',
      mark1 = '',
      sign2 = '',
      found = '',
      sign3 = '',
      mark2 = '',
      sign4 = '',
      close,
    ] = parts
    const sign = sign1 + sign2 + sign3 + sign4 + (open === '' ? '' : '-')
    const isOneParenthesis = (open === '') !== (close === '')
    if (sign.length > 1 || isOneParenthesis || (mark1 !== '' && mark2 !== '')) return value
    const digits = readDigits(found)
    if (digits === undefined) return value
    if (digits instanceof Problem) return new Problem(`the amount ${quote(value)} ${digits.text}`)
    const amount = sign === '' || sign === '+' ? digits : `-${digits}`
    const mark = mark1 + mark2
    return mark === '' ? amount : new MarkedAmount(amount, mark)
  }
  if (spelling.decimal === '.') {
    return (value) => (typeof value !== 'string' || PLAIN.test(value) ? value : readSpelled(value))
  }
  return (value) => {
    if (typeof value !== 'string') return value
    return PLAIN_WITH_COMMA.test(value) ? value.replace(',', '.') : readSpelled(value)
  }
}

const PLAIN = /^-?\d+(?:\.\d+)?$/
const PLAIN_WITH_COMMA = /^-?\d+(?:,\d+)?$/

/** Makes the function that reads digits and separators. It returns undefined for what is not a number. */
function digitReader({
  decimal,
  thousands,
}: AmountSpelling): (digits: string) => string | Problem | undefined {
  const separator = `[${CHARACTERS[thousands]}]`
  // In India the groups before the last have two digits.
  const groups =
    thousands === '' ? '' : String.raw`|\d{1,3}(?:${separator}\d{2,3})*${separator}\d{3}`
  const number = new RegExp(String.raw`^(\d+${groups})(?:[${decimal}](\d+))?$`, 'u')
  return (digits) => {
    const found = number.exec(digits)
    if (!found) {
      return SEPARATED.test(digits)
        ? new Problem(adviceOn(digits, { decimal, thousands }))
        : undefined
    }
    const [, whole = '', decimals] = found
    const plain = whole.replaceAll(/\D/g, '')
    return decimals === undefined ? plain : `${plain}.${decimals}`
  }
}

/** The characters that each separator stands for. */
const CHARACTERS = { '': '', ',': ',', '.': '.', "'": APOSTROPHES, ' ': SPACES } as const

/** Digits with single separators between them. */
const SEPARATED = new RegExp(`^\\d+(?:[.,${APOSTROPHES}${SPACES}]\\d+)+$`, 'u')

/** Why digits cannot be read, with the options that would allow it. */
function adviceOn(digits: string, { decimal, thousands }: AmountSpelling): string {
  const found = GROUP_SEPARATORS.filter(
    (each) => each !== '' && new RegExp(`[${CHARACTERS[each]}]`, 'u').test(digits),
  )
  const first = found.find((each) => each !== decimal && each !== thousands)
  if (first === undefined) {
    const expected = [
      `one ${quote(decimal)} before the decimals`,
      ...(thousands === '' ? [] : [`${quote(thousands)} between groups of three digits`]),
    ]
    return `does not have ${expected.join(' and ')}: correct the line, or --decimal and --thousands`
  }
  if (found.includes('.') && found.includes(',')) {
    return 'has a point and a comma: say which one is which with --decimal and --thousands'
  }
  const mark = quote(first)
  return first === '.' || first === ','
    ? `can mean two things: add --decimal ${mark} if decimals follow the ${mark}, or --thousands ${mark} if it separates thousands`
    : `has ${mark} between its digits: add --thousands ${mark} if it separates thousands`
}
