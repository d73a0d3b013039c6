/**
 * Currency codes by their number of decimals: list one of ISO 4217 as of January 2026, and the codes that it
 * has withdrawn since 2020. This is a table because `Intl` returns the decimals used for cash, and they
 * change between versions of Node (HUF has 2 decimals or none). With `Intl`, a database written on one
 * machine could be unreadable on another.
 */
const CURRENCIES = {
  0: 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF',
  2: `
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP
    BYN BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR
    FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IRR JMD KES KGS KHR
    KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR
    MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK
    SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN
    UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG ZWL
  `,
  3: 'BHD IQD JOD KWD LYD OMR TND',
  4: 'CLF UYW',
}

const scales = new Map(
  Object.entries(CURRENCIES).flatMap(([scale, codes]) =>
    (codes.match(/\w+/g) ?? []).map((code): [string, number] => [code, Number(scale)]),
  ),
)

/**
 * Whether a value is an ISO 4217 code in capitals. Codes for which it defines no decimals, such as XAU for
 * gold, do not count.
 */
export const isCurrency = (currency: unknown): currency is string =>
  typeof currency === 'string' && scales.has(currency)

/**
 * The number of decimals of a currency in ISO 4217: JPY 0, USD 2, KWD 3.
 * @throws RangeError if {@link isCurrency} is false for the code
 */
export function scaleOf(currency: string): number {
  const scale = scales.get(currency)
  if (scale === undefined) throw new RangeError(`${currency} is not an ISO 4217 currency`)
  return scale
}
