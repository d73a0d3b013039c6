import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type FileExplanation, explainFile, readFormatFile } from '../../src/index.ts'
import { makeFile } from '../support/batch.ts'
import { daybook as runDaybook } from '../support/command-line.ts'
import { makeFolder } from '../support/temporary-folder.ts'

/** No server has this address, because the command needs none. */
const daybook = (...parameters: string[]) => runDaybook('mongodb://127.0.0.1:1', parameters)

const STATEMENT = [
  'Stand;31.01.2026',
  'Buchungstag;Name;IBAN;Verwendungszweck;Betrag;Waehrung',
  '02.01.2026;Muster AG;DE02300209000106531065;Gehalt;2.500,00;EUR',
  '31.01.2026;Vermieter;DE02500105170137075030;Miete;-1.050,50;EUR',
].join('\n')

const requestsOf = ({ records }: FileExplanation) =>
  records.map(({ request }) => [request?.from, request?.to, request?.amount].join(' '))

test('daybook formats try proposes a format with which the file can be read', async () => {
  const file = await makeFile('statement.csv', STATEMENT)
  const format = join(await makeFolder(), 'bank.json')
  const options = ['--delimiter', ';', '--header', 'IBAN,Betrag']

  const first = await daybook('formats', 'try', file, ...options, '--write', format)

  expect(first).toMatchObject({
    exitCode: 4,
    stdout: expect.stringMatching(
      /^column +role +first values\n[^]*Cannot be read: .*no column was found for "from"/,
    ),
  })
  expect(await readFormatFile(format)).toEqual({
    delimiter: ';',
    header: ['IBAN', 'Betrag'],
    decimal: ',',
    thousands: '.',
    dateFormat: 'dd.MM.yyyy',
    map: {
      effectiveAt: 'Buchungstag',
      counterparty: 'IBAN',
      amount: 'Betrag',
      currency: 'Waehrung',
      reference: 'Verwendungszweck',
    },
    set: { account: 'YOUR-ACCOUNT' },
    idFrom: ['effectiveAt', 'account', 'amount', 'counterparty', 'reference'],
  })

  const second = await daybook(
    'formats',
    'try',
    file,
    '--format-file',
    format,
    '--set',
    'account=ME',
    '--json',
  )

  expect(second.exitCode).toBe(0)
  expect(requestsOf(JSON.parse(second.stdout) as FileExplanation)).toEqual([
    'DE02300209000106531065 ME 2500.00',
    'ME DE02500105170137075030 1050.50',
  ])
})

test('daybook formats try shows each record as it would be read, skipped or refused', async () => {
  const file = await makeFile(
    'a.csv',
    'from,to,amount,status\nA,B,5.00,booked\nA,B,6.00,pending\nA,B,"7,00",booked\n',
  )

  const { exitCode, stdout } = await daybook('formats', 'try', file, '--where', 'status=booked')

  expect(exitCode).toBe(0)
  expect(stdout).toMatch(/^from +from \(recognized\) +A \| A \| A$/m)
  expect(stdout).toMatch(/^ +2 +A +B +5\.00$/m)
  expect(stdout).toMatch(/^ +3 +skipped: "status" is "pending"$/m)
  expect(stdout).toMatch(/^ +4 +refused: the amount "7,00" can mean two things: add --decimal/m)
})

test('explainFile shows a record as refused that no ledger would post', async () => {
  const file = await makeFile(
    'bank.csv',
    'Payee,Amount,Currency\nX,5.00,USD\nX,1E3,USD\nX,Amount,USD\nX,,USD\nX,5.001,USD\nX,5.001,\n,-5,USD\n"X ",0,USD\n',
  )

  const { records } = await explainFile({
    file,
    map: { counterparty: 'Payee' },
    set: { account: 'ME' },
    decimal: '.',
    records: 9,
  })

  expect(records.map(({ request, problem }) => problem ?? request?.amount)).toEqual([
    '5.00',
    'amount "1E3" is not a plain decimal number such as 12.50',
    'amount "Amount" is not a plain decimal number such as 12.50',
    'amount "" is not a plain decimal number such as 12.50',
    'amount "5.001" has more than the 2 decimals of USD',
    '5.001',
    'the column of the counterparty is empty: name an account for such lines with --set counterparty=ACCOUNT',
    'amount "0" is not above zero',
  ])
})

test('daybook formats try shows why a record is refused beside the columns of the others', async () => {
  const file = await makeFile('a.csv', 'from,to,amount\nA,B,5.00\nA,B,"7,00"\n')

  const { stdout } = await daybook('formats', 'try', file)

  expect(stdout).toMatch(/^ +2 +A {5}B +5\.00$/m)
})

test('the proposed format replaces no file', async () => {
  const file = await makeFile('a.csv', 'from,to,amount\nA,B,5.00\n')
  const format = await makeFile('bank.json', 'mine')

  const { exitCode, stderr } = await daybook('formats', 'try', file, '--write', format)

  expect({ exitCode, stderr }).toMatchObject({
    exitCode: 4,
    stderr: expect.stringContaining('EEXIST'),
  })
  expect(await readFile(format, 'utf8')).toBe('mine')
})

/** Files of banks, shortened, with what is to be proposed for them. All are read with no option. */
const EXPORTS: readonly [string, string, object, string[]][] = [
  [
    'lines before the header, and the IBAN of the other side',
    '"Girokonto";"DE12"\n"Kontostand vom 30.06.2026:";"1.234,56 €"\n""\n"Buchungsdatum";"Status";"Zahlungsempfänger*in";"IBAN";"Betrag (EUR)"\n"30.06.26";"Gebucht";"REWE";"DE96";"-23,45"\n"28.06.26";"Gebucht";"ACME";"DE89";"2.850"\n',
    {
      delimiter: ';',
      header: ['Buchungsdatum', 'Status'],
      decimal: ',',
      thousands: '.',
      dateFormat: 'dd.MM.yy',
      currency: 'EUR',
      map: { effectiveAt: 'Buchungsdatum', counterparty: 'IBAN', amount: 'Betrag (EUR)' },
      set: { account: 'YOUR-ACCOUNT' },
      idFrom: ['effectiveAt', 'account', 'amount', 'counterparty'],
    },
    ['YOUR-ACCOUNT DE96 23.45', 'DE89 YOUR-ACCOUNT 2850'],
  ],
  [
    'lines of the width of the table before it',
    'DETAILED STATEMENT,,,,\n,,,,\nNo.,Value Date,Description,Cr/Dr,Transaction Amount(INR)\n1,13/06/2026,zomato,DR,"1,450.50"\n2,14/06/2026,ACME,CR,"1,00,000.00"\n',
    {
      header: ['No.', 'Value Date'],
      thousands: ',',
      dateFormat: 'dd/MM/yyyy',
      currency: 'INR',
      map: { effectiveAt: 'Value Date', direction: 'Cr/Dr', amount: 'Transaction Amount(INR)' },
      set: { account: 'YOUR-ACCOUNT', counterparty: 'OUTSIDE' },
      idFrom: ['effectiveAt', 'account', 'amount', 'reference'],
    },
    ['YOUR-ACCOUNT OUTSIDE 1450.50', 'OUTSIDE YOUR-ACCOUNT 100000.00'],
  ],
  [
    'no header',
    '"06/28/2026","-45.67","*","","SHOP"\n"06/13/2026","1250.00","*","","PAYROLL"\n',
    {
      columns: ['Date', 'Amount', 'Column 3', 'Column 4', 'Text'],
      dateFormat: 'MM/dd/yyyy',
      map: { effectiveAt: 'Date', reference: 'Text' },
      set: { account: 'YOUR-ACCOUNT', counterparty: 'OUTSIDE' },
      idFrom: ['effectiveAt', 'account', 'amount', 'reference'],
    },
    ['YOUR-ACCOUNT OUTSIDE 45.67', 'OUTSIDE YOUR-ACCOUNT 1250.00'],
  ],
  [
    'a delimiter at the end of each line but the header',
    'Details,Posting Date,Description,Amount\nDEBIT,2026-06-05,AMAZON,-23.99,\nCREDIT,2026-06-04,ACME,1500.00,\n',
    {
      map: { effectiveAt: 'Posting Date' },
      set: { account: 'YOUR-ACCOUNT', counterparty: 'OUTSIDE' },
      idFrom: ['effectiveAt', 'account', 'amount', 'reference'],
    },
    ['YOUR-ACCOUNT OUTSIDE 23.99', 'OUTSIDE YOUR-ACCOUNT 1500.00'],
  ],
  [
    'a second amount in the money of the shop, and lines without a counterparty',
    'Date,Partner Iban,Amount (EUR),Original Amount,Original Currency\n2026-06-01,DE89,650.00,650.00,EUR\n2026-06-02,,-9.17,-9.99,USD\n2026-06-03,,-1.00,-1.10,USD\n',
    {
      currency: 'EUR',
      map: { effectiveAt: 'Date', counterparty: 'Partner Iban', amount: 'Amount (EUR)' },
      set: { account: 'YOUR-ACCOUNT', counterparty: 'OUTSIDE' },
      idFrom: ['effectiveAt', 'account', 'amount', 'counterparty'],
    },
    ['DE89 YOUR-ACCOUNT 650.00', 'YOUR-ACCOUNT OUTSIDE 9.17', 'YOUR-ACCOUNT OUTSIDE 1.00'],
  ],
]

test.each(EXPORTS)(
  'the format proposed for a file with %s reads it',
  async (_, content, expected, requests) => {
    const file = await makeFile('bank.csv', content)

    const { problem, proposal } = await explainFile({ file })
    const explained = await explainFile({ file, format: proposal })

    expect(problem).toBeDefined()
    expect(proposal).toEqual(expected)
    expect(requestsOf(explained)).toEqual(requests)
  },
)

test('explainFile proposes no counterparty for all lines if totals have no date to be known by', async () => {
  const file = await makeFile('a.csv', 'Amount,Text\n-5.00,rent\n5.00,total\n')

  const { proposal } = await explainFile({ file })

  expect(proposal).toEqual({ map: { reference: 'Text' }, set: { account: 'YOUR-ACCOUNT' } })
})

test('explainFile proposes nothing for a column that is an id, or has no values', async () => {
  const transactions = [
    {
      Amount: { Amount: '1234.56' },
      CreditDebitIndicator: 'Debit',
      CreditorAccount: { Identification: '80200112345678' },
      payee: null,
    },
  ]
  const file = await makeFile('a.json', JSON.stringify(transactions))

  const { proposal } = await explainFile({ file })

  expect(proposal).toEqual({
    map: { amount: 'Amount.Amount', direction: 'CreditDebitIndicator' },
    set: { account: 'YOUR-ACCOUNT' },
  })
})

test('explainFile proposes options for JSON in one long line', async () => {
  const transactions = Array.from({ length: 12_000 }, (_, index) => ({
    Datum: '2026-06-01',
    Betrag: '5.50',
    Verwendungszweck: `a reference that makes the line a long one: ${index}`,
  }))
  const file = await makeFile('a.json', JSON.stringify(transactions))

  const { proposal } = await explainFile({ file })

  expect(proposal).toMatchObject({ map: { amount: 'Betrag', reference: 'Verwendungszweck' } })
})

test('of several arrays the one with dates is proposed', async () => {
  const file = await makeFile(
    'a.json',
    '{"accounts":[{"account_id":"A","balance":5}],"added":[{"date":"2026-06-01","amount":5.5}]}',
  )

  const { proposal } = await explainFile({ file })

  expect(proposal).toMatchObject({ at: 'added', map: { effectiveAt: 'date' } })
})

test('explainFile proposes alternatives for values within JSON objects', async () => {
  const file = await makeFile(
    'a.json',
    '[{"amount":{"value":"-45.00"},"creditor":{"iban":"GL1"}},{"amount":{"value":"10.5"},"debtor":{"iban":"GL2"}}]',
  )

  const { proposal } = await explainFile({ file })
  const explained = await explainFile({ file, format: proposal })

  expect(proposal).toEqual({
    map: { amount: 'amount.value' },
    set: { counterparty: '{creditor.iban|debtor.iban}', account: 'YOUR-ACCOUNT' },
  })
  expect(requestsOf(explained)).toEqual(['YOUR-ACCOUNT GL1 45.00', 'GL2 YOUR-ACCOUNT 10.5'])
})

const BANK = { delimiter: ';', map: { counterparty: 'Payee' }, set: { account: 'ME' } } as const

const explainedLines = async (...lines: string[]) =>
  await explainFile({ file: await makeFile('bank.csv', lines.join('\n')), format: BANK })

const DAYS = Array.from({ length: 12 }, (_, index) => `01/${String(index + 1).padStart(2, '0')}`)

test.each([
  ['both', [], undefined],
  ['the month', ['01/13/2026;X;1'], 'MM/dd/yyyy'],
  ['the day', ['13/01/2026;X;1'], 'dd/MM/yyyy'],
])(
  'a proposal has the date format that the whole file shows: %s can be first',
  async (_, more, dateFormat) => {
    const lines = DAYS.map((day) => `${day}/2026;X;1`)

    const { proposal, notes } = await explainedLines('Date;Payee;Amount', ...lines, ...more)

    expect(proposal).toMatchObject({ map: { effectiveAt: 'Date' } })
    expect(proposal.dateFormat).toBe(dateFormat)
    expect(notes).toEqual(
      dateFormat === undefined
        ? [
            `the dates of "Date", such as "01/01/2026", can mean two days: add --date-format 'dd/MM/yyyy' if the day comes first, or --date-format 'MM/dd/yyyy' if the month does`,
          ]
        : [],
    )
  },
)

test('dates with and without leading zeros have one format', async () => {
  const { proposal } = await explainedLines('Date;Payee;Amount', '1.5.2026;X;1', '31.12.2026;X;1')

  expect(proposal.dateFormat).toBe('d.M.yyyy')
})

test.each([
  [
    ['1,250', '-2,500'],
    {},
    /^the amounts of "Amount", such as "1,250", can mean two things: add --decimal ","(?: --thousands "[.]")?, or|--thousands ","/,
  ],
  [['1,250', '12.50'], { thousands: ',' }, undefined],
  [['1,250', '12,5'], { decimal: ',' }, undefined],
  [['1.250', '1250.5'], { decimal: '.' }, undefined],
  [
    ['1.250', '7'],
    {},
    /can mean two things: add --decimal "\.", or --decimal "," --thousands "\."$/,
  ],
  [["1'250.00", '7'], { thousands: "'" }, undefined],
])('amounts %j are proposed as %j', async (amounts, spelling, note) => {
  const { proposal, notes } = await explainedLines(
    'Payee;Amount',
    ...amounts.map((amount) => `X;${amount}`),
  )

  const { decimal, thousands } = proposal
  expect({ ...(decimal && { decimal }), ...(thousands && { thousands }) }).toEqual(spelling)
  expect(notes).toEqual(note === undefined ? [] : [expect.stringMatching(note)])
})

test('only a column of amounts is proposed as a debit, a credit or an amount', async () => {
  const file = await makeFile(
    'bank.csv',
    'creditorName,Debit Card,Paid out,Paid in,IBAN\nAda,Visa,-5.00,,X1\nBob,Visa,,7.50,X2\n',
  )

  const { proposal } = await explainFile({ file })

  expect(proposal).toEqual({
    signedDebit: true,
    map: { debit: 'Paid out', credit: 'Paid in', counterparty: 'IBAN' },
    set: { account: 'YOUR-ACCOUNT' },
  })
  expect(requestsOf(await explainFile({ file, format: proposal }))).toEqual([
    'YOUR-ACCOUNT X1 5.00',
    'X2 YOUR-ACCOUNT 7.50',
  ])
})

test('a file that names one side is proposed as a statement, unless the options name the sides', async () => {
  const file = await makeFile('bank.csv', 'Payee,Amount\nX1,-5.00\n')

  const { proposal } = await explainFile({ file })
  const ofTransfers = await explainFile({ file, set: { from: 'ME' } })

  expect(proposal).toEqual({ map: { counterparty: 'Payee' }, set: { account: 'YOUR-ACCOUNT' } })
  expect(ofTransfers.proposal).toEqual({ set: { from: 'ME' } })
})

test('an array within the only object of a file is proposed as at', async () => {
  const booked = [{ transactionAmount: { amount: '-45.00' }, creditorAccount: { iban: 'GL1' } }]
  const file = await makeFile(
    'a.json',
    JSON.stringify({ transactions: { booked, pending: booked } }),
  )

  const { problem, proposal, notes } = await explainFile({ file })

  expect(problem).toMatch(/add --at/)
  expect(proposal).toEqual({
    at: 'transactions.booked',
    map: { amount: 'transactionAmount.amount', counterparty: 'creditorAccount.iban' },
    set: { account: 'YOUR-ACCOUNT' },
  })
  expect(notes).toEqual([
    expect.stringMatching(/"transactions.booked" is proposed for at, and "transactions.pending"/),
    expect.stringMatching(/^set\.account is a placeholder/),
  ])
  expect(requestsOf(await explainFile({ file, format: proposal }))).toEqual([
    'YOUR-ACCOUNT GL1 45.00',
  ])
})
