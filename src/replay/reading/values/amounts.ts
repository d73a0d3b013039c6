import { quote } from '../../../messages.ts'
import { isCurrency, scaleOf } from '../../../money/currency.ts'
import { type DirectionMark, type Directions, directionMarkReader } from './directions.ts'
import { Problem } from './problem.ts'

export const DECIMAL_MARKS = ['.', ','] as const
export const GROUP_SEPARATORS = ['', ',', '.', "'", ' '] as const

/** How a file writes its amounts. */
export interface AmountSpelling {
  readonly decimal?: (typeof DECIMAL_MARKS)[number] | undefined
  /** Stands between groups of digits. A space stands for every kind of space, `'` also for `’`. */
  readonly thousands?: (typeof GROUP_SEPARATORS)[number] | undefined
}

/** An amount that has a currency's sign or code beside it, or a direction, or both. */
export class MarkedAmount {
  /** A plain decimal number, which may be negative. */
  readonly amount: string
  /** A currency's sign or code; empty if there is none. */
  readonly mark: string
  readonly direction: DirectionMark | undefined
  /** Whether the amount has a sign, which may be `+`. */
  readonly hasSign: boolean

  constructor(parts: Pick<MarkedAmount, 'amount' | 'mark' | 'direction' | 'hasSign'>) {
    this.amount = parts.amount
    this.mark = parts.mark
    this.direction = parts.direction
    this.hasSign = parts.hasSign
  }
}

const SPACES = String.raw` \u00A0\u2000-\u200A\u202F\u205F\u3000`
const APOSTROPHES = String.raw`'\u2019\u02BC`

/** Spaces that do not stand between two digits. */
const LOOSE_SPACES = new RegExp(`(?<!\\d)[${SPACES}]+|[${SPACES}]+(?!\\d)`, 'gu')

/** A currency's sign, code or abbreviation. */
const MARK = String.raw`[\p{L}\p{Sc}]{1,12}\.?`
/** The same before an amount. A point after a sign is that of the amount, as in `$.50`. */
const MARK_BEFORE = String.raw`\p{L}{1,12}\.|[\p{L}\p{Sc}]{1,12}`
const SIGN = String.raw`[-+\u2212]`

/** An amount without loose spaces. At most one of the signs and of the marks may be there. */
const SPELLED = new RegExp(
  `^(\\(?)(${SIGN}?)((?:${MARK_BEFORE})?)(${SIGN}?)([.,]?\\d(?:.*\\d)?)(${SIGN}?)((?:${MARK})?)(${SIGN}?)(\\)?)$`,
  'u',
)

/** Spaces between a mark and an amount without a digit before its decimals, as in `Rs .50`. */
const BEFORE_DECIMALS = new RegExp(`(?<![\\d${SPACES}])[${SPACES}]+(?=[.,]\\d)`, 'u')

/** A mark before the parentheses of a negative amount, as in `$(5.00)`. */
const BEFORE_PARENTHESIS = new RegExp(`^(${MARK_BEFORE})\\(`, 'u')

const DASH = new RegExp(`^[${SPACES}]*[-\\u2010-\\u2015\\u2212][${SPACES}]*$`, 'u')

/** Whether a text is a dash, which stands for no amount. */
export const isDash = (text: unknown): boolean => typeof text === 'string' && DASH.test(text)

/** A word after another one, as in `500.00 EUR Dr`. */
const TWO_WORDS = new RegExp(`^(.*[\\p{L}\\p{Sc}]\\.?)[${SPACES}]+(${MARK})[${SPACES}]*$`, 'u')

/** The longest amount that is looked at. */
const LONGEST = 200

/** Reads an amount. `currency` is the one that its line names. */
export type AmountReader = (value: unknown, currency?: unknown) => unknown

/**
 * Makes the function that reads amounts: it returns a plain decimal number as text, with its sign, or a
 * {@link MarkedAmount}. What is not an amount is returned as it is, and the posting refuses it. An amount that
 * would be read otherwise with another option is a {@link Problem} that names the option.
 */
export function amountReader(
  spelling: AmountSpelling & { readonly directions?: Directions | undefined },
): AmountReader {
  const readDigits = digitReader(spelling)
  const directionOf = directionMarkReader(spelling.directions)
  const readSpelled = (value: string, currency: unknown): MarkedAmount | Problem | string => {
    if (value.length > LONGEST) return value
    const [, before = '', last = ''] = TWO_WORDS.exec(value) ?? []
    const lastDirection = directionOf(last)
    const text = (lastDirection ? before : value).replace(BEFORE_DECIMALS, '0')
    const dense = text.replaceAll(LOOSE_SPACES, '').replace(BEFORE_PARENTHESIS, '($1')
    const parts = SPELLED.exec(dense)
    if (!parts) return value
    const [, open, sign1 = '', foundMark = '', sign2 = '', found = '', ...rest] = parts
    // A code is never written with a point, so this one is that of the amount, as in `EUR.50`.
    const isCode = foundMark.endsWith('.') && isCurrency(foundMark.slice(0, -1).toUpperCase())
    const [mark1, number] = isCode ? [foundMark.slice(0, -1), `.${found}`] : [foundMark, found]
    const [sign3 = '', mark2 = '', sign4 = '', close] = rest
    const sign = sign1 + sign2 + sign3 + sign4 + (open === '' ? '' : '-')
    const isOneParenthesis = (open === '') !== (close === '')
    if (sign.length > 1 || isOneParenthesis) return value
    const marks = [mark1, mark2].filter((mark) => mark !== '')
    const directions = marks.map((each) => directionOf(each))
    const [direction, ...others] = [...directions, lastDirection].filter(
      (each) => each !== undefined,
    )
    const [mark = '', ...more] = marks.filter((_, index) => directions[index] === undefined)
    // A text with two currencies or two directions is not an amount.
    if (others.length > 0 || more.length > 0) return value
    const digits = readDigits(number, currency)
    if (digits === undefined) return value
    if (digits instanceof Problem) return new Problem(`the amount ${quote(value)} ${digits.text}`)
    const amount = sign === '' || sign === '+' ? digits : `-${digits}`
    return mark === '' && !direction
      ? amount
      : new MarkedAmount({ amount, mark, direction, hasSign: sign !== '' })
  }
  const { decimal = '.', thousands = '' } = spelling
  if (decimal === '.' && thousands !== '.') {
    const plain = isDefault(spelling) ? CLEAR : PLAIN
    return (value, currency) =>
      typeof value !== 'string' || plain.test(value) ? value : readSpelled(value, currency)
  }
  // What nearly every amount looks like is read without looking for signs and marks.
  return (value, currency) => {
    if (typeof value !== 'string') return value
    const digits = value.charCodeAt(0) === MINUS ? value.slice(1) : value
    const first = digits.charCodeAt(0)
    const read = first >= ZERO && first <= NINE ? readDigits(digits, currency) : undefined
    if (typeof read !== 'string') return readSpelled(value, currency)
    return digits === value ? read : `-${read}`
  }
}

const [MINUS, ZERO, NINE] = [45, 48, 57]

/** Whether nothing says how the amounts are spelled. */
const isDefault = ({ decimal, thousands = '' }: AmountSpelling): boolean =>
  decimal === undefined && thousands === ''

const PLAIN = /^-?\d+(?:\.\d+)?$/
/** A plain decimal number in which the point cannot separate thousands. */
const CLEAR = /^-?\d+(?:\.\d{1,2})?$/

/** A number in which the point could separate thousands. */
const UNCLEAR = /^[1-9]\d{0,2}\.\d{3}$/

/** Makes the function that reads digits and separators. It returns undefined for what is not a number. */
function digitReader(
  spelling: AmountSpelling,
): (digits: string, currency: unknown) => string | Problem | undefined {
  const { decimal = '.', thousands = '' } = spelling
  const separator = `[${CHARACTERS[thousands]}]`
  // In India the groups before the last have two digits.
  const groups =
    thousands === '' ? '' : String.raw`|\d{1,3}(?:${separator}\d{2,3})*${separator}\d{3}`
  const number = new RegExp(String.raw`^(?=.*\d$)(\d+${groups})?(?:[${decimal}](\d+))?$`, 'u')
  const isUnsaid = isDefault(spelling)
  return (digits, currency) => {
    const found = number.exec(digits)
    if (!found) {
      return SEPARATED.test(digits)
        ? new Problem(adviceOn(digits, { decimal, thousands }))
        : undefined
    }
    // Where the currency has three decimals, three are what its amounts have.
    if (isUnsaid && UNCLEAR.test(digits) && !(isCurrency(currency) && scaleOf(currency) >= 3)) {
      return new Problem(
        'can mean two things: add --decimal "." if decimals follow the ".", or --decimal "," and --thousands "." if it separates thousands',
      )
    }
    const [, whole = '0', decimals] = found
    const plain = whole.length > 3 && thousands !== '' ? whole.replaceAll(/\D/g, '') : whole
    return decimals === undefined ? plain : `${plain}.${decimals}`
  }
}

/** The characters that each separator stands for. */
const CHARACTERS = { '': '', ',': ',', '.': '.', "'": APOSTROPHES, ' ': SPACES } as const

/** Digits with single separators between them. */
const SEPARATED = new RegExp(`^(?:[.,]?\\d+)(?:[.,${APOSTROPHES}${SPACES}]\\d+)*$`, 'u')

/** Why digits cannot be read, with the options that would allow it. */
function adviceOn(digits: string, { decimal, thousands }: Required<AmountSpelling>): string {
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
  if (digits.startsWith(first)) {
    return `starts with ${mark}: add --decimal ${mark} if decimals follow it`
  }
  return first === '.' || first === ','
    ? `can mean two things: add --decimal ${mark} if decimals follow the ${mark}, or --thousands ${mark} if it separates thousands`
    : `has ${mark} between its digits: add --thousands ${mark} if it separates thousands`
}
