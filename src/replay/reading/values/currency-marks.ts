import { quote } from '../../../messages.ts'
import { isCurrency } from '../../../money/currency.ts'
import type { MarkedAmount } from './amounts.ts'
import { Problem } from './problem.ts'
import { isMissing } from './values.ts'

/** The currencies that write a sign or an abbreviation beside an amount. Most signs stand for several. */
const SIGNS = new Map<string, readonly string[]>(
  Object.entries({
    $: `USD AUD CAD NZD SGD HKD TWD MXN ARS CLP COP UYU DOP BBD BSD BMD BZD BND FJD GYD JMD KYD LRD NAD SBD
      SRD SVC TTD XCD CUP CVE`,
    US$: 'USD',
    A$: 'AUD',
    AU$: 'AUD',
    C$: 'CAD NIO',
    CA$: 'CAD',
    NZ$: 'NZD',
    S$: 'SGD',
    HK$: 'HKD',
    NT$: 'TWD',
    MX$: 'MXN',
    R$: 'BRL',
    '€': 'EUR',
    '£': 'GBP GIP FKP SHP EGP SYP LBP SSP SDG',
    '¥': 'JPY CNY',
    '￥': 'JPY CNY',
    円: 'JPY',
    元: 'CNY TWD HKD',
    '₹': 'INR',
    rs: 'INR PKR LKR NPR MUR SCR',
    'rs.': 'INR PKR LKR NPR MUR SCR',
    '₽': 'RUB',
    'руб.': 'RUB',
    руб: 'RUB',
    '₺': 'TRY',
    tl: 'TRY',
    '₩': 'KRW KPW',
    '₪': 'ILS',
    '₫': 'VND',
    đ: 'VND',
    '฿': 'THB',
    '₴': 'UAH',
    '₦': 'NGN',
    '₱': 'PHP CUP',
    '₸': 'KZT',
    '₾': 'GEL',
    '₼': 'AZN',
    '₡': 'CRC SVC',
    '₲': 'PYG',
    '₵': 'GHS',
    zł: 'PLN',
    kč: 'CZK',
    ft: 'HUF',
    kr: 'SEK NOK DKK ISK',
    'kr.': 'SEK NOK DKK ISK',
    fr: 'CHF XAF XOF XPF',
    'fr.': 'CHF XAF XOF XPF',
    sfr: 'CHF',
    'sfr.': 'CHF',
    lei: 'RON MDL',
    лв: 'BGN',
    'лв.': 'BGN',
    rm: 'MYR',
    rp: 'IDR',
  }).map(([sign, codes]) => [sign.toLowerCase(), codes.split(/\s+/)]),
)

/**
 * Makes the function that finds the currency that a text names: with the file's own words, or as an ISO code, also in
 * small letters. Undefined if it names none.
 */
export function currencyWords(
  words: Readonly<Record<string, string>> = {},
): (text: string) => string | undefined {
  const named = new Map(Object.entries(words))
  return (text) => {
    if (named.size === 0 && isCurrency(text)) return text
    const code = named.get(text) ?? (/^[a-z]+$/.test(text) ? text.toUpperCase() : text)
    return isCurrency(code) ? code : undefined
  }
}

/**
 * Makes the function that finds the currency of an amount with a mark beside it. `words` are the file's own. The
 * mark must agree with the currency that the line names, or stand for one currency only. Without a mark it is the
 * line's. What cannot be a currency is a {@link Problem}.
 */
export function currencyBeside(
  words: Readonly<Record<string, string>> = {},
): (amount: MarkedAmount, lineCurrency: unknown) => unknown {
  const named = new Map(Object.entries(words))
  return ({ amount, mark }, lineCurrency) => {
    if (mark === '') return lineCurrency
    const code = named.get(mark) ?? mark.toUpperCase()
    const possible = isCurrency(code) ? [code] : (SIGNS.get(mark.toLowerCase()) ?? [])
    const [only, other] = possible
    const what = `${quote(mark)} beside the amount ${amount}`
    if (only === undefined) {
      return new Problem(
        `${what} is not a known currency: if it is one, name it with --currencies ${quote(mark)}=CODE; if it says which way the money went, with --directions`,
      )
    }
    if (isMissing(lineCurrency)) {
      return other === undefined
        ? only
        : new Problem(
            `${what} stands for ${possible.slice(0, 3).join(', ')}${possible.length > 3 ? ' and others' : ''}: say which with --currency`,
          )
    }
    const found = possible.find((each) => each === lineCurrency)
    return (
      found ?? new Problem(`${what} stands for ${only}, but the currency is ${quote(lineCurrency)}`)
    )
  }
}
