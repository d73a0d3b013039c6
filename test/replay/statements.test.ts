import { describe, expect, test } from 'vitest'
import type { ReadingOptions } from '../../src/replay/reading/reading-options.ts'
import { outcomesOf } from '../support/read-rows.ts'

const STATEMENT: ReadingOptions = { set: { account: 'ME' }, map: { counterparty: 'other' } }

describe('a statement', () => {
  test('has a sign that says which way the money went', async () => {
    const content = 'other,amount\nA,5.00\nA,-5.00\nA,(5.00)\n'

    expect(await outcomesOf(content, STATEMENT)).toEqual(['A ME 5.00', 'ME A 5.00', 'ME A 5.00'])
  })

  test.each<[string, Partial<ReadingOptions>]>([
    ['both signs', { directions: { out: ['+'], in: ['-'] } }],
    ['one of them', { directions: { out: ['+', 'S'], in: ['H'] } }],
  ])('of a card has the signs the other way round, if %s are named', async (_, options) => {
    const content = 'other,amount\nA,5.00\nA,-5.00\nA,€5.00\nA,(5.00)\nA,+5.00\n'

    expect(await outcomesOf(content, { ...STATEMENT, ...options })).toEqual([
      'ME A 5.00',
      'A ME 5.00',
      'ME A 5.00 EUR',
      'A ME 5.00',
      'ME A 5.00',
    ])
  })

  test('has a direction in its own words, whatever their case', async () => {
    const content = 'other,amount,d\nA,5,S\nA,5,h\nA,5,X\nA,5,\n'
    const options = {
      ...STATEMENT,
      map: { ...STATEMENT.map, direction: 'd' },
      directions: { out: ['S'], in: ['H'] },
    }

    expect(await outcomesOf(content, options)).toEqual([
      'ME A 5',
      'A ME 5',
      'refused: the direction "X" is none of "S", "H": name its words with --directions out=WORD,in=WORD',
      expect.stringContaining('refused: the direction "" is none of'),
    ])
  })

  test('never guesses what a single letter means', async () => {
    expect(await outcomesOf('other,amount,D/C\nA,5,D\n', STATEMENT)).toEqual([
      expect.stringContaining('refused: the direction "D" is none of'),
    ])
  })

  test('is refused where a sign and a direction could contradict each other', async () => {
    const content = 'other,amount,direction\nA,-5,DEBIT\nA,-0.00,DEBIT\n'

    expect(await outcomesOf(content, STATEMENT)).toEqual([
      'refused: the amount "-5" has a sign and its line has a direction, "DEBIT": if the sign says it all, add --map direction=',
      'ME A 0.00',
    ])
  })

  test.each([
    ['5.00 Dr', 'ME A 5.00'],
    ['5.00DR.', 'ME A 5.00'],
    ['dr 5.00', 'ME A 5.00'],
    ['5.00 Debit', 'ME A 5.00'],
    ['5.00 Cr', 'A ME 5.00'],
    ['5.00 CR.', 'A ME 5.00'],
    ['€ 5.00 Dr', 'ME A 5.00 EUR'],
    ['5.00 EUR Dr', 'ME A 5.00 EUR'],
    ['Rs. 5.00 cr', 'refused: "Rs." beside the amount 5.00 stands for INR, PKR, LKR and others'],
    ['-5.00 Dr', 'refused: the amount -5.00 has a sign and a word that says which way'],
    ['+5.00 Dr', 'refused: the amount 5.00 has a sign and a word that says which way'],
    ['5.00 D', 'refused: "D" beside the amount 5.00 may say which way the money went: name its'],
    ['5.00 H', 'refused: "H" beside the amount 5.00 may say which way the money went: name its'],
    ['5.00 Soll', 'refused: "Soll" beside the amount 5.00 may say which way the money went'],
    ['Dr 5.00 Cr', 'A ME Dr 5.00 Cr'],
  ])('has a direction beside an amount: %s', async (amount, expected) => {
    const [outcome] = await outcomesOf(`other,amount\nA,${amount}\n`, STATEMENT)

    expect(outcome?.startsWith(expected)).toBe(true)
  })

  test('has the words of the options beside an amount, and only these', async () => {
    const content = 'other,amount\nA,5 S\nA,5 h.\nA,5 Dr\nA,5 EUR S\n'
    const directions = { out: ['S'], in: ['H'] }

    expect(await outcomesOf(content, { ...STATEMENT, directions })).toEqual([
      'ME A 5',
      'A ME 5',
      'refused: "Dr" beside the amount 5 may say which way the money went: name its words with --directions out=WORD,in=WORD',
      'ME A 5 EUR',
    ])
  })

  test('says only once which way the money went', async () => {
    expect(await outcomesOf('other,amount,direction\nA,5 Dr,DEBIT\n', STATEMENT)).toEqual([
      'refused: "Dr" beside the amount 5 says which way the money went, and its line has a direction, "DEBIT": if the word beside the amount says it all, add --map direction=',
    ])
    expect(await outcomesOf('other,debit,credit\nA,,5 Dr\n', STATEMENT)).toEqual([
      'refused: "Dr" beside the amount 5 says which way the money went, and so does its column, the credit: remove the word, or read the file with --transform',
    ])
  })

  test('has a debit or a credit, and never both', async () => {
    const content = [
      'other,debit,credit',
      'A,5.00,',
      'A,,5.00',
      'A,0.00,5.00',
      'A,5.00,5.00',
      'A,,',
      'A,0.00,0.00',
      'A,-5.00,',
      'A,,-5.00',
    ].join('\n')

    expect(await outcomesOf(content, STATEMENT)).toEqual([
      'ME A 5.00',
      'A ME 5.00',
      'A ME 5.00',
      'refused: the line has a debit, "5.00", and a credit, "5.00": expected one of them',
      'refused: the line has neither a debit nor a credit',
      'ME A 0.00',
      'refused: the debit "-5.00" is negative: add --signed-debit if they all are; if it takes an earlier debit back, turn it round with --transform',
      'refused: the credit "-5.00" is negative: if it takes an earlier credit back, turn it round with --transform',
    ])
  })

  test('has no amount where a dash stands', async () => {
    const content = 'other,debit,credit\nA,5.00,-\nA, - ,5.00\nA,\u2013,-\n'

    expect(await outcomesOf(content, STATEMENT)).toEqual([
      'ME A 5.00',
      'A ME 5.00',
      'refused: the line has neither a debit nor a credit',
    ])
  })

  test('has negative debits if the options say so', async () => {
    const content = 'other,debit,credit\nA,-5.00,\nA,5.00,\nA,,5.00\n'

    expect(await outcomesOf(content, { ...STATEMENT, signedDebit: true })).toEqual([
      'ME A 5.00',
      'refused: the debit "5.00" is not negative, but --signed-debit says that they are negative',
      'A ME 5.00',
    ])
  })

  test('takes the account that is set where its column is empty', async () => {
    const content = 'other,amount\n,-5.00\nA,-5.00\n'
    const set = { account: 'ME', counterparty: 'OUTSIDE' }

    expect(await outcomesOf(content, { ...STATEMENT, set })).toEqual([
      'ME OUTSIDE 5.00',
      'ME A 5.00',
    ])
    expect(await outcomesOf(content, STATEMENT)).toEqual([
      'refused: the column of the counterparty is empty: name an account for such lines with --set counterparty=ACCOUNT',
      'ME A 5.00',
    ])
  })

  test('skips zero amounts if the options say so', async () => {
    const content = 'other,amount\nA,0.00\nA,-0\nA,1\n'

    expect(await outcomesOf(content, { ...STATEMENT, skipZero: true })).toEqual([
      'skipped: the amount is zero',
      'skipped: the amount is zero',
      'A ME 1',
    ])
  })

  test('is not guessed: negative amounts between a sender and a receiver stay negative', async () => {
    expect(await outcomesOf('from,to,amount\nA,B,-5.00\n')).toEqual(['A B -5.00'])
  })

  test.each<[string, string, ReadingOptions, RegExp]>([
    [
      'amounts and debits',
      'other,amount,debit,credit\nA,1,,\n',
      STATEMENT,
      /has columns for an amount and for debit or credit: choose with --map/,
    ],
    [
      'no account',
      'other,amount\nA,1\n',
      { map: { counterparty: 'other' } },
      /no column was found for "account".*or name the account with --set account=ACCOUNT/,
    ],
    [
      'no hint of one',
      'counterparty,amount\nA,1\n',
      {},
      /no column was found for "from".*if this is the statement of an account, map account and counterparty instead/,
    ],
  ])('cannot be read with %s', async (_, content, options, message) => {
    await expect(outcomesOf(content, options)).rejects.toThrow(message)
  })
})

describe('a text that is set', () => {
  test('is put together from columns, and refused while one is empty', async () => {
    const content = 'bank,number,to,amount\n10,7,B,1\n,7,B,1\n'

    expect(await outcomesOf(content, { set: { from: '{bank}-{#2}', currency: 'USD' } })).toEqual([
      '10-7 B 1 USD',
      `refused: the from cannot be put together, because "bank", which --set from names, is empty: to name a text for such lines, write {bank|'TEXT'}`,
    ])
  })

  test('ends with a text for records in which the columns are empty', async () => {
    const content = 'a,b,to,amount\n,X,B,1\n,,B,1\n'

    expect(await outcomesOf(content, { set: { from: "{a|b|'CASH'}" } })).toEqual([
      'X B 1',
      'CASH B 1',
    ])
    expect(await outcomesOf(content, { set: { from: '{a|b}' } })).toEqual([
      'X B 1',
      expect.stringContaining('because "a" and "b", which --set from names, are empty'),
    ])
  })

  test('takes the first of several columns that is not empty', async () => {
    const content = '[{"debtor":"A","to":"B","amount":1},{"sender":"C","to":"B","amount":1}]'

    expect(await outcomesOf(content, { set: { from: '{debtor|sender}' } })).toEqual([
      'A B 1',
      'C B 1',
    ])
  })

  test('may lack a part if it is a reference', async () => {
    const content = 'from,to,amount,a,b\nA,B,1,x,\nA,B,1,,\n'

    expect(await outcomesOf(content, { set: { reference: '{a} {b}' } })).toEqual([
      'A B 1 x',
      'A B 1',
    ])
  })

  test('names columns of the file', async () => {
    await expect(
      outcomesOf('from,to,amount\nA,B,1\n', { set: { reference: '{Text}' } }),
    ).rejects.toThrow(/no column is named "Text", as --set reference says: the columns are "from"/)
  })
})

describe('where', () => {
  const content =
    'from,to,amount,status,type\nA,B,1,booked,x\nA,B,2,pending,y\nA,B,3,booked,z\nA,B,4,,z\n'

  test.each<[NonNullable<ReadingOptions['where']>, readonly number[]]>([
    [{ status: 'booked' }, [1, 3]],
    [{ status: ['booked', ''] }, [1, 3, 4]],
    [{ status: { not: ['booked', 'pending'] } }, [4]],
    [{ status: 'booked', type: { not: 'x' } }, [3]],
    [{ '#4': '' }, [4]],
  ])('%j selects the transfers', async (where, selected) => {
    const outcomes = await outcomesOf(content, { where })

    expect(outcomes.filter((outcome) => outcome.startsWith('A B'))).toEqual(
      selected.map((amount) => `A B ${amount}`),
    )
    expect(outcomes).toHaveLength(4)
  })

  test('says why a line is skipped', async () => {
    expect(await outcomesOf(content, { where: { status: 'pending' } })).toContain(
      'skipped: "status" is "booked"',
    )
  })
})

describe('currencies', () => {
  test('may be ISO codes in small letters', async () => {
    const content = 'from,to,amount,currency\nA,B,1,eur\nA,B,1,usd\n'

    expect(await outcomesOf(content)).toEqual(['A B 1 EUR', 'A B 1 USD'])
    expect(await outcomesOf(content, { currencies: { usd: 'CAD' } })).toEqual([
      'A B 1 EUR',
      'A B 1 CAD',
    ])
  })

  test('are never other words if they would open an account', async () => {
    const content = 'from,to,amount,currency\nA,B,1,Euro\n'

    expect(await outcomesOf(content, { openMissing: true })).toEqual([
      'refused: the currency "Euro" is neither an ISO 4217 code nor a word that --currencies names: name it with --currencies "Euro"=CODE',
    ])
  })

  test.each(['Dr', 'CR.', 'd', 'S', 'Haben'])('are never directions: %s', async (word) => {
    await expect(outcomesOf('from,to,amount\n', { currencies: { [word]: 'EUR' } })).rejects.toThrow(
      `has "${word}", which is not a currency: it says which way the money went. Name it in 'directions'`,
    )
  })

  test('are words, and an unknown one is refused', async () => {
    const content = 'from,to,amount,currency\nA,B,1,US Dollar\nA,B,1,EUR\nA,B,1,Rupee\n'

    expect(await outcomesOf(content, { currencies: { 'US Dollar': 'USD' } })).toEqual([
      'A B 1 USD',
      'A B 1 EUR',
      'refused: the currency "Rupee" is neither an ISO 4217 code nor a word that --currencies names: name it with --currencies "Rupee"=CODE',
    ])
  })
})

describe('a reference', () => {
  test('has its white space folded', async () => {
    const content = 'from,to,amount,reference\nA,B,1,"  Rent\n\tMarch\u00A0 2026 "\n'

    expect(await outcomesOf(content)).toEqual(['A B 1 Rent March 2026'])
  })

  test('that was mapped is cut only if the options say so', async () => {
    const content = `from,to,amount,t\nA,B,1,${'x'.repeat(300)}\n`
    const map = { reference: 't' }

    expect(await outcomesOf(content, { map })).toEqual([`A B 1 ${'x'.repeat(300)}`])
    expect(await outcomesOf(content, { map, cutReference: true })).toEqual([
      `A B 1 ${'x'.repeat(255)}…`,
    ])
  })
})
