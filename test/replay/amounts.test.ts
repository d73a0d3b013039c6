import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ReadingOptions } from '../../src/replay/reading/reading-options.ts'
import { outcomesOf, readRows } from '../support/read-rows.ts'

/** What the amounts of a file of transfers are read as. */
async function amountsOf(
  amounts: readonly string[],
  options: ReadingOptions = {},
): Promise<string[]> {
  const content = ['from,to,amount', ...amounts.map((amount) => `A,B,"${amount}"`)].join('\n')
  const { rows } = await readRows(content, options)
  return rows.map(({ request, problem, skipped }) => String(request?.amount ?? problem ?? skipped))
}

describe('an amount is read without an option', () => {
  test.each([
    ['5', '5'],
    ['+5.00', '5.00'],
    ['-5.00', '-5.00'],
    ['5.00-', '-5.00'],
    ['\u22125.00', '-5.00'],
    ['5.00\u2212', '-5.00'],
    ['(5.00)', '-5.00'],
    ['- 5.00', '-5.00'],
    ['\u00A05.00\u202F', '5.00'],
    ['.50', '0.50'],
    ['-.50', '-0.50'],
    ['.50-', '-0.50'],
    ['€.50', '0.50'],
    ['EUR.50', '0.50'],
    ['EUR .50', '0.50'],
    ['.50 EUR', '0.50'],
    ['5.00 EUR', '5.00'],
    ['€\u00A05.00', '5.00'],
    ['-€5.00', '-5.00'],
    ['€-5.00', '-5.00'],
    ['(€5.00)', '-5.00'],
    ['€(5.00)', '-5.00'],
    ['EUR (5.00)', '-5.00'],
    ['5.00- EUR', '-5.00'],
    ['5.00 EUR -', '-5.00'],
  ])('%s', async (amount, read) => {
    expect(await amountsOf([amount], { currency: 'EUR' })).toEqual([read])
  })
})

describe('an amount is left to the posting, which refuses it', () => {
  test.each([
    '',
    '1e3',
    '--5',
    '-5-',
    '(-5)',
    '(5',
    '5)',
    'x(5',
    '-€(5)',
    '5.',
    '.',
    '-.',
    '..5',
    'NaN',
    '€5€',
    '٥',
    '12.-',
  ])('%j', async (amount) => {
    expect(await amountsOf([amount])).toEqual([amount])
  })
})

describe('an amount that can mean two things is refused with the options', () => {
  test.each<[string, ReadingOptions, string]>([
    [
      '5,00',
      {},
      'add --decimal "," if decimals follow the ",", or --thousands "," if it separates thousands',
    ],
    ['1,250', {}, 'add --decimal ","'],
    [',50', {}, 'starts with ",": add --decimal "," if decimals follow it'],
    ['.50', { decimal: ',' }, 'starts with ".": add --decimal "." if decimals follow it'],
    [
      '1,250.75',
      {},
      'has a point and a comma: say which one is which with --decimal and --thousands',
    ],
    ['1.250,75', {}, 'has a point and a comma'],
    [
      '1.250',
      {},
      'can mean two things: add --decimal "." if decimals follow the ".", or --decimal "," and --thousands "."',
    ],
    ['(2.000)', { currency: 'USD' }, 'can mean two things'],
    ['1 250', {}, 'has " " between its digits: add --thousands " " if it separates thousands'],
    ['1\u202F250.00', {}, 'add --thousands " "'],
    ['1’250.00', {}, `add --thousands "'"`],
    ['1.250', { decimal: ',' }, 'add --decimal "." if decimals follow the ".", or --thousands "."'],
    [
      '12.50',
      { decimal: ',', thousands: '.' },
      'does not have one "," before the decimals and "." between groups of three digits',
    ],
    [
      '1,25',
      { thousands: ',' },
      'does not have one "." before the decimals and "," between groups of three digits',
    ],
    ['1.25.000', {}, 'does not have one "." before the decimals'],
    [
      '$5.00',
      {},
      '"$" beside the amount 5.00 stands for USD, AUD, CAD and others: say which with --currency',
    ],
    [
      '€5.00',
      { currency: 'USD' },
      '"€" beside the amount 5.00 stands for EUR, but the currency is "USD"',
    ],
    [
      '5.00 EUR',
      { currency: 'USD' },
      '"EUR" beside the amount 5.00 stands for EUR, but the currency is "USD"',
    ],
    [
      '5.00 Taler',
      {},
      '"Taler" beside the amount 5.00 is not a known currency: if it is one, name it with --currencies "Taler"=CODE; if it says which way the money went, with --directions',
    ],
    ...['CR', 'dr.', 'Debit', 'D', 'C', 'S', 'h', 'Soll'].map(
      (word): [string, ReadingOptions, string] => [
        `5.00 ${word}`,
        { currency: 'EUR' },
        `"${word}" beside the amount 5.00 says which way the money went, but its line has a sender and a receiver: for a statement, map account and counterparty instead`,
      ],
    ),
  ])('%s with %j', async (amount, options, message) => {
    expect(await amountsOf([amount], options)).toEqual([expect.stringContaining(message)])
  })
})

test('three decimals are clear in a currency that has three, and in JSON', async () => {
  const content = 'from,to,amount,currency\nA,B,1.250,KWD\nA,B,1.250,USD\n'

  expect(await outcomesOf(content)).toEqual(['A B 1.250 KWD', expect.stringContaining('refused')])
  expect(await outcomesOf('{"from":"A","to":"B","amount":1.250}')).toEqual(['A B 1.250'])
})

test('a sign that stands for one currency is the currency of its line', async () => {
  const content = 'from,to,amount\nA,B,€5\nA,B,5 usd\nA,B,5 Taler\n'

  expect(await outcomesOf(content, { currencies: { Taler: 'CHF' } })).toEqual([
    'A B 5 EUR',
    'A B 5 USD',
    'A B 5 CHF',
  ])
})

test('groups are of three digits, or of two before the last as in India', async () => {
  const amounts = ['1,234,567.89', '12,34,567.89', '1,23,456', '1234567.89']

  expect(await amountsOf(amounts, { thousands: ',' })).toEqual([
    '1234567.89',
    '1234567.89',
    '123456',
    '1234567.89',
  ])
})

const anyDecimal = fc
  .tuple(
    fc.boolean(),
    fc.bigInt({ min: 0n, max: 10n ** 15n }),
    fc.integer({ min: 0, max: 4 }),
    fc.nat(9999),
  )
  .map(([isNegative, whole, places, fraction]) => ({
    isNegative,
    whole: String(whole),
    decimals: String(fraction).padStart(4, '0').slice(0, places),
  }))

const grouped = (whole: string, separator: string): string =>
  whole.replaceAll(/\B(?=(\d{3})+$)/g, separator)

const SIGNS: readonly ((amount: string) => string)[] = [
  (amount) => `-${amount}`,
  (amount) => `${amount}-`,
  (amount) => `\u2212${amount}`,
  (amount) => `(${amount})`,
  (amount) => `- ${amount}`,
  (amount) => `EUR -${amount}`,
  (amount) => `-${amount}\u00A0€`,
]

const anySpelling = fc.record({
  decimal: fc.constantFrom('.' as const, ',' as const),
  separator: fc.constantFrom('', ',', '.', "'", '’', ' ', '\u00A0', '\u202F', '\u2009'),
  sign: fc.constantFrom(...SIGNS),
})

const thousandsOf = (separator: string): ReadingOptions['thousands'] =>
  /^\s$/.test(separator) ? ' ' : separator === '’' ? "'" : (separator as '')

test('any amount in any spelling is read as the same number, and without the options never as another', async () => {
  const cases = fc.array(fc.tuple(anyDecimal, anySpelling), { minLength: 1, maxLength: 40 })
  await fc.assert(
    fc.asyncProperty(cases, async (amounts) => {
      for (const [{ isNegative, whole, decimals }, { decimal, separator, sign }] of amounts) {
        if (separator === decimal) continue
        const fraction = decimals === '' ? '' : decimal + decimals
        const unsigned = grouped(whole, separator) + fraction
        const spelled = isNegative ? sign(unsigned) : unsigned
        const plain = `${isNegative ? '-' : ''}${whole}${decimals === '' ? '' : `.${decimals}`}`
        const options = { decimal, thousands: thousandsOf(separator), currency: 'EUR' }

        expect(await amountsOf([spelled], options)).toEqual([plain])
        const [guessed = ''] = await amountsOf([spelled], { currency: 'EUR' })
        expect([plain, expect.stringContaining('the amount')]).toContainEqual(guessed)
      }
    }),
    { numRuns: 30 },
  )
})
