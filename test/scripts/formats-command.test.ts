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
