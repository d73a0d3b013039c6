import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { readFormatFile } from '../../src/index.ts'
import { makeFile } from '../support/batch.ts'
import { outcomesOf, readRows } from '../support/read-rows.ts'

test('a statement with a decimal comma is read with a sign that says who pays', async () => {
  const content = [
    'Buchungstag;Valuta;IBAN;Verwendungszweck;Betrag;Waehrung',
    '02.01.2026;03.01.2026;DE02300209000106531065;"Gehalt\nJanuar";2.500,00;EUR',
    '05.01.2026;05.01.2026;DE02500105170137075030;Miete;-1.050,5;EUR',
    '31.01.2026;;DE02370502990000684712;vorgemerkt;-3,20;EUR',
  ].join('\n')

  const outcomes = await outcomesOf(content, {
    delimiter: ';',
    decimal: ',',
    thousands: '.',
    set: { account: 'DE02100100100006820101' },
    map: {
      counterparty: 'IBAN',
      amount: 'Betrag',
      currency: 'Waehrung',
      effectiveAt: 'Valuta',
      reference: 'Verwendungszweck',
    },
    dateFormat: 'dd.MM.yyyy',
    where: { Valuta: { not: '' } },
  })

  expect(outcomes).toEqual([
    'DE02300209000106531065 DE02100100100006820101 2500.00 EUR Gehalt Januar 2026-01-03',
    'DE02100100100006820101 DE02500105170137075030 1050.5 EUR Miete 2026-01-05',
    'skipped: "Valuta" is ""',
  ])
})

test('a statement with columns of debits and credits is read', async () => {
  const content =
    'date,iban,counterparty,debit,credit,description\n2026-01-02,ADA,BEA,,20.00,refund\n2026-01-03,ADA,CYD,"1,250.75",,rent january\n'

  const outcomes = await outcomesOf(content, {
    map: { account: 'iban', effectiveAt: 'date' },
    thousands: ',',
  })

  expect(outcomes).toEqual([
    'BEA ADA 20.00 refund 2026-01-02',
    'ADA CYD 1250.75 rent january 2026-01-03',
  ])
})

test('a statement with a direction is read by its well-known words', async () => {
  const content =
    'datum\trekening\ttegenrekening\taf_bij\tbedrag\n20260102\tADA\tBEA\tAf\t13,37\n20260103\tADA\tBEA\tBij\t2,00\n'

  const outcomes = await outcomesOf(content, {
    format: 'tsv',
    map: {
      account: 'rekening',
      counterparty: 'tegenrekening',
      amount: 'bedrag',
      effectiveAt: 'datum',
    },
    decimal: ',',
    currency: 'EUR',
  })

  expect(outcomes).toEqual(['ADA BEA 13.37 EUR 2026-01-02', 'BEA ADA 2.00 EUR 2026-01-03'])
})

test('accounts are put together from columns, and currencies are words', async () => {
  const content =
    'Timestamp,From Bank,Account,To Bank,Account,Amount Paid,Payment Currency\n2026/01/02 14:16,0010,8000ECA90,0011,8000EC280,100.50,US Dollar\n'

  const outcomes = await outcomesOf(content, {
    set: { from: '{From Bank}-{#3}', to: '{To Bank}-{#5}' },
    map: { effectiveAt: 'Timestamp' },
    currencies: { 'US Dollar': 'USD' },
  })

  expect(outcomes).toEqual(['0010-8000ECA90 0011-8000EC280 100.50 USD 2026-01-02T14:16:00.000Z'])
})

test('ids of the content are the same in files that overlap', async () => {
  const january =
    'from,to,amount,date\nADA,GRACE,5.00,2026-01-02\nADA,GRACE,5,2026-01-02\nGRACE,ADA,1.00,2026-01-31\n'
  const february =
    'from,to,amount,date\nADA,GRACE,5.00,2026-01-02\nGRACE,ADA,1.00,2026-01-31\nADA,GRACE,2.00,2026-02-01\n'
  const idsOf = async (content: string) =>
    (await readRows(content, { idFrom: ['date', 'from', 'to', 'amount'] })).rows.map(
      ({ request }) => request?.transferId,
    )

  const [first, second, third] = await idsOf(january)
  const [again, thirdAgain, added] = await idsOf(february)

  expect(first).toMatch(/^[0-9a-f]{24}$/)
  expect(second).toBe(`${first}-2`)
  expect([again, thirdAgain]).toEqual([first, third])
  expect([first, second, third]).not.toContain(added)
})

describe('the id of a transfer between two accounts of one statement', () => {
  const header = 'Konto,Gegen,Tag,Betrag'
  const sent = 'GIRO,SPAR,2026-01-05,-100.00'
  const received = 'SPAR,GIRO,2026-01-05,100.00'
  const idsOf = async (lines: readonly string[], idFrom: readonly string[]) => {
    const map = { account: 'Konto', counterparty: 'Gegen', amount: 'Betrag', effectiveAt: 'Tag' }
    const { rows } = await readRows([header, ...lines].join('\n'), { map, idFrom })
    return rows.map(({ request }) => request?.transferId)
  }
  const sides = ['effectiveAt', 'from', 'to', 'amount']

  test('is the same on both sides', async () => {
    const [one, other] = await idsOf([sent, received], sides)

    expect(one).toMatch(/^[0-9a-f]{24}$/)
    expect(other).toBe(one)
    expect(await idsOf([received], sides)).toEqual([one])
  })

  test('counts equal lines of each side', async () => {
    const ids = await idsOf([sent, sent, received, sent, received], sides)
    const [one] = ids

    expect(ids).toEqual([one, `${one}-2`, one, `${one}-3`, `${one}-2`])
  })

  test('has the sign of the amount if the sides are not both named', async () => {
    const [one, other] = await idsOf([sent, received], ['effectiveAt', 'from', 'amount'])

    expect(other).not.toBe(one)
    expect(other).toMatch(/^[0-9a-f]{24}$/)
  })
})

test('a reference that is only recognized never refuses a transfer', async () => {
  const content = `from,to,amount,description\nADA,BEA,5.00,"Rent\nMarch"\nADA,BEA,5.00,\u0007\nADA,BEA,5.00,${'x'.repeat(300)}\n`

  expect(await outcomesOf(content)).toEqual([
    'ADA BEA 5.00 Rent March',
    'ADA BEA 5.00',
    `ADA BEA 5.00 ${'x'.repeat(255)}…`,
  ])
})

test('the format file of docs/replay.md reads the file of a bank', async () => {
  const document = await readFile(new URL('../../docs/replay.md', import.meta.url), 'utf8')
  const [, json = ''] = /```json[^\n]*\n(\{[^`]+"skipLast"[^`]+)```/.exec(document) ?? []
  const content = [
    'Umsatzanzeige;Stand 31.01.2026',
    '"Buchungstag";"Valuta";"Auftraggeber";"IBAN";"Verwendungszweck";"Betrag";"Waehrung"',
    '"02.01.2026";"03.01.2026";"Muster AG";"DE02300209000106531065";"Gehalt";"2.500,00";"EUR"',
    '"31.01.2026";"";"Kiosk";"DE02370502990000684712";"vorgemerkt";"-3,20";"EUR"',
    'Summe;;;;;1.446,30;EUR',
  ].join('\n')

  const outcomes = await outcomesOf(
    content,
    await readFormatFile(await makeFile('bank.json', json)),
  )

  expect(outcomes).toEqual([
    'DE02300209000106531065 DE02100100100006820101 2500.00 EUR 2026-01-02T23:00:00.000Z',
    'skipped: "Valuta" is ""',
  ])
})
