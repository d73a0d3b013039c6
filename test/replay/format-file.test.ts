import { inject, describe, expect, test } from 'vitest'
import { type ReadingOptions, readFormatFile, replay } from '../../src/index.ts'
import { makeFile, openAccounts } from '../support/batch.ts'
import { daybook as runDaybook } from '../support/command-line.ts'
import { useDatabase } from '../support/database.ts'

const { connection, Account, Transfer } = useDatabase()

const uriOf = () => inject('mongodbUri').replace(/\/(\?|$)/, `/${connection.name}$1`)

const daybook = (...parameters: string[]) => runDaybook(uriOf(), parameters)

const STATEMENT =
  'Date;Payee;Amount;Text\n02.01.2026;A1;-1.050,50;Rent\n03.01.2026;A1;12,00;Refund\n'

const FORMAT: ReadingOptions = {
  delimiter: ';',
  decimal: ',',
  thousands: '.',
  map: { counterparty: 'Payee', effectiveAt: 'Date', reference: 'Text' },
  set: { account: 'A0' },
  dateFormat: 'dd.MM.yyyy',
  timeZone: 'Europe/Berlin',
  currency: 'USD',
}

const POSTED = [
  {
    fromAccount: 'A0',
    toAccount: 'A1',
    reference: 'Rent',
    effectiveAt: new Date('2026-01-01T23:00:00Z'),
  },
  {
    fromAccount: 'A1',
    toAccount: 'A0',
    reference: 'Refund',
    effectiveAt: new Date('2026-01-02T23:00:00Z'),
  },
]

const posted = () => Transfer.find().sort({ _id: 1 }).lean()

describe('a format', () => {
  test('is an object in code, and options beside it win over those in it', async () => {
    await openAccounts(Account, { count: 2, openingBalance: '2000' })
    const file = await makeFile('statement.csv', STATEMENT)
    const format = { ...FORMAT, map: { ...FORMAT.map, reference: 'None' }, currency: 'EUR' }

    const summary = await replay(connection, {
      file,
      format,
      currency: 'USD',
      map: { reference: 'Text' },
    })

    expect(summary).toMatchObject({ posted: 2, refused: 0, timeZone: 'Europe/Berlin' })
    expect(await posted()).toMatchObject(POSTED)
  })

  test('is a file for the command line', async () => {
    await openAccounts(Account, { count: 2, openingBalance: '2000' })
    const file = await makeFile('statement.csv', STATEMENT)
    const path = await makeFile('bank.json', JSON.stringify({ ...FORMAT, set: undefined }))

    const { exitCode, stdout } = await daybook(
      'replay',
      file,
      '--format-file',
      path,
      '--set',
      'account=A0',
    )

    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: expect.stringMatching(/posted +2\n[^]*dates without a zone +in Europe\/Berlin\n/),
    })
    expect(await posted()).toMatchObject(POSTED)
  })

  test('says the same as the options of the command line', async () => {
    await openAccounts(Account, { count: 2, openingBalance: '2000' })
    const file = await makeFile('statement.csv', STATEMENT)
    const options = [
      ['--delimiter', ';', '--decimal', ',', '--thousands', '.', '--date-format', 'dd.MM.yyyy'],
      ['--map', 'counterparty=Payee,effectiveAt=Date', '--map', 'reference=Text'],
      ['--set', 'account=A0', '--time-zone', 'Europe/Berlin', '--currency', 'USD'],
    ].flat()

    await daybook('replay', file, ...options, '--on-error', 'stop')
    const again = await replay(connection, { file, format: FORMAT })

    expect(again).toMatchObject({ alreadyFinished: true, posted: 2 })
  })

  test.each([
    ['{', /^".*bank\.json": the format file is not JSON: .+/],
    ['[]', /^".*bank\.json": the format is \[\], not an object such as/],
    [
      '{"mapp":{}}',
      /^".*bank\.json": the format has an unknown key, "mapp": did you mean "map"\?$/,
    ],
    ['{"map":{"form":"x"}}', /^".*bank\.json": "map" cannot map a column to "form": use one of/],
    ['{"decimal":";"}', /^".*bank\.json": "decimal" ";" is not "\." or ","$/],
    ['{"skipZero":1}', /^".*bank\.json": "skipZero" 1 is not true or false$/],
    [
      '{"map":{},"map":{"from":"x"}}',
      /^".*bank\.json": the format file is not JSON: Duplicate key/,
    ],
  ])('in a file is refused with the file and the key: %s', async (content, message) => {
    await expect(readFormatFile(await makeFile('bank.json', content))).rejects.toMatchObject({
      name: 'InputError',
      message: expect.stringMatching(message),
    })
  })

  test('that has no file is refused with the names that there are', async () => {
    const { exitCode, stderr } = await daybook('replay', 'a.csv', '--format', 'no-bank')

    expect({ exitCode, stderr }).toEqual({
      exitCode: 64,
      stderr: expect.stringContaining(
        '--format no-bank: there is no file formats/no-bank.json. Use csv, tsv, jsonl, json, or name any file with --format-file',
      ),
    })
  })
})

test('ids of the content are refused beside a transform, which returns its own', async () => {
  const call = replay(connection, { file: 'none.csv', idFrom: ['date'], transform: () => null })

  await expect(call).rejects.toThrow("'idFrom' cannot be combined with 'transform'")
})

describe('wrong options are refused with their names', () => {
  test.each<[ReadingOptions, string]>([
    [
      { thousands: '.' },
      '\'thousands\' "." is also the decimal mark: say which mark stands before',
    ],
    [{ decimal: ';' as ',' }, '\'decimal\' ";" is not "." or ","'],
    [{ timeZone: 'Berlin' }, '\'timeZone\' "Berlin" is not the name of a time zone, such as'],
    [
      { dateFormat: 'DD.MM.YYYY' },
      '\'dateFormat\' "DD.MM.YYYY" has DD, which means nothing here: write dd',
    ],
    [{ dateFormat: 'dd.mm.yyyy' }, 'has no month: write MM for it (mm are minutes)'],
    [{ dateFormat: 'dd.MM.yyyy hh:mm' }, 'needs both hh, the hour from 1 to 12, and a'],
    [{ dateFormat: '%d.%m.%Y' }, 'has %, which means nothing here'],
    [{ directions: { out: ['D'], in: ['d '] } }, 'has "d " for both out and in'],
    [{ currencies: { Euro: 'EURO' } }, 'has "EURO" for "Euro", which is not an ISO 4217 code'],
    [{ where: { a: { no: 'x' } as never } }, 'is wrong for "a": {"no":"x"} is not a text'],
    [{ set: { from: '{Bank' } }, 'is wrong for from: "{Bank" has a brace without its partner'],
    [{ set: { from: '{}' } }, 'has braces without the name of a column in them'],
    [
      { map: { from: 'a', account: 'b' } },
      "'map' and 'set' name both from and account: use from and",
    ],
    [{ map: { debit: 'a', amount: 'b' } }, "'map' and 'set' name both debit and amount"],
    [{ idFrom: [] }, "'idFrom' [] is not a list of roles or columns"],
    [
      { idFrom: ['a'], map: { transferId: 'id' } },
      "'idFrom' makes the ids, but 'map' or 'set' names",
    ],
  ])('%j', async (options, message) => {
    await expect(replay(connection, { file: 'none.csv', ...options })).rejects.toMatchObject({
      name: 'InputError',
      message: expect.stringContaining(message),
    })
  })
})

describe('ids of the content', () => {
  const ids = { idFrom: ['date', 'from', 'to', 'amount'] }
  const head = 'from,to,amount,date\n'
  const january = `${head}A0,A1,5.00,2026-01-02\nA0,A1,5.00,2026-01-02\nA1,A0,1.00,2026-01-31\n`
  const february = `${head}A0,A1,5.00,2026-01-02\nA1,A0,1.00,2026-01-31\nA0,A1,2.00,2026-02-01\n`

  test('post of overlapping files only what is new', async () => {
    await openAccounts(Account, { count: 2, openingBalance: '100' })

    const first = await replay(connection, { file: await makeFile('january.csv', january), ...ids })
    const second = await replay(connection, {
      file: await makeFile('february.csv', february),
      ...ids,
    })

    expect(first).toMatchObject({ posted: 3, existing: 0, refused: 0 })
    expect(second).toMatchObject({ posted: 1, existing: 2, refused: 0 })
  })

  test('post a transfer between two own accounts once, from whichever side', async () => {
    await openAccounts(Account, { count: 2, openingBalance: '100' })
    const format = {
      map: { account: 'Konto', counterparty: 'Gegen', effectiveAt: 'Tag', amount: 'Betrag' },
      idFrom: ['effectiveAt', 'from', 'to', 'amount', 'Text'],
    }
    const columns = 'Konto,Gegen,Tag,Text,Betrag\n'
    const received = 'A1,A0,2026-01-05,Sparen,10.00\n'
    const both = `${columns}A0,A1,2026-01-05,Sparen,-10.00\n${received}`

    const first = await replay(connection, { file: await makeFile('both.csv', both), format })
    const again = await replay(connection, {
      file: await makeFile('received.csv', columns + received),
      format,
    })

    expect(first).toMatchObject({ posted: 1, existing: 1, refused: 0 })
    expect(again).toMatchObject({ posted: 0, existing: 1, refused: 0 })
  })

  test('are the same after a batch has stopped between equal lines, in a retry and in the rejects', async () => {
    await openAccounts(Account, { count: 2, openingBalance: '10' })
    const lines = `${head}${'A0,A1,5.00,2026-01-02\nA0,A1,5,2026-01-02\n'.repeat(2)}`
    const file = await makeFile('january.csv', lines)
    const rejects = await makeFile('rejects.csv', '')

    const stopped = await replay(connection, { file, ...ids, onError: 'stop' })
    expect(stopped).toMatchObject({ status: 'stopped', posted: 2 })
    const refused = await replay(connection, { file, ...ids, rejects })
    expect(refused).toMatchObject({ posted: 2, refused: 2, existing: 0 })
    await Account.transfer({ from: 'A1', to: 'A0', amount: '10' })
    const corrected = await replay(connection, { file: rejects, ...ids })
    expect(corrected).toMatchObject({ posted: 2, refused: 0, existing: 0 })
    const retried = await replay(connection, { file, ...ids, retry: true })

    expect(retried.retry).toMatchObject({ existing: 2, posted: 0, refused: 0 })
  })
})
