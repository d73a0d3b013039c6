import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import type { TransformFunction } from '../../src/index.ts'
import { replay } from '../../src/replay/replay.ts'
import { verify } from '../../src/verification/verify.ts'
import { booksOf, makeFile, openAccounts, replayingOn } from '../support/batch.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
const { connection, Account } = database
const replayed = replayingOn(database)

const BANK = 'Kind,Von,Nach,Value,Fee\n'

/** A transfer, and a fee if there is one. Notes ask for nothing. */
const bank: TransformFunction = ({ Kind, Von = '', Nach = '', Value = '', Fee = '' }) => {
  if (Kind === 'note') return null
  if (Kind === 'bad') throw new Error('unknown kind "bad"')
  const transfer = { from: Von, to: Nach, amount: Value }
  return Fee === '' ? transfer : [transfer, { from: Von, to: 'A2', amount: Fee }]
}

describe('a transform', () => {
  test('makes one transfer, several or none of a record, from columns that are not recognized', async () => {
    const { summary, posted } = await replayed(
      `${BANK}pay,A0,A1,5,\nnote,,,,\npay,A0,A1,7,0.50\n`,
      { transform: bank },
    )

    expect(posted).toEqual([
      'batch.csv:2 A0 A1 5',
      'batch.csv:4 A0 A1 7',
      'batch.csv:4#2 A0 A2 0.5',
    ])
    expect(summary).toMatchObject({ records: 3, read: 3, posted: 3, skipped: 1, refused: 0 })
    expect(await verify(connection)).toMatchObject({ balanced: true, violations: [] })
  })

  test('gets the texts of a CSV file by column, with a number for a name that is not unique', async () => {
    const records: object[] = []

    await replayed('Account,"To, or so",Account,,__proto__\nA0, x y ,A1,z,p\n', {
      transform: (record) => void records.push(record),
    })

    expect(records.at(-1)).toEqual({ '#1': 'A0', 'To, or so': 'x y', '#3': 'A1', '#4': 'z' })
  })

  test('gets the objects of a JSON file with their numbers as text', async () => {
    const records: object[] = []
    const json = '{"a":{"amount":12345678901234567890.10},"b":{"$numberDecimal":"1.0"},"c":true}'

    await replayed(`${json}\n`, {
      file: 'batch.jsonl',
      transform: (record) => void records.push(record),
    })

    expect(records.at(-1)).toEqual({
      a: { amount: '12345678901234567890.10' },
      b: '1.0',
      c: true,
    })
  })

  test('can change the request that is read without it', async () => {
    const { posted, refusals } = await replayed(
      'id,from,to,amount\nT1,A0,A1,5\nR2,A0,A1,7\nT3,A0,A1,\n',
      {
        transform: ({ id }, { request }) =>
          id?.startsWith('R') ? { ...request, from: request.to, to: request.from } : request,
      },
    )

    expect(posted).toEqual(['T1 A0 A1 5', 'R2 A1 A0 7'])
    expect(refusals).toMatchObject([{ _id: { line: 4 }, code: 'INVALID_AMOUNT', transferId: 'T3' }])
  })

  test('is refused with the reason if it asks for a request that cannot be read', async () => {
    const { refusals } = await replayed('von,nach\nA0,A1\n', {
      transform: (_, { request }) => request,
    })

    expect(refusals).toMatchObject([
      { message: expect.stringContaining('no column was found for "from"') as unknown },
    ])
  })

  test('refuses a line by throwing, or by returning anything but transfers', async () => {
    const outcomes: Record<string, () => never> = {
      'an error': () => {
        throw new Error('no such kind')
      },
      'a mistake': () => (undefined as never as { x: { y: never } }).x.y,
      'a text': () => {
        // oxlint-disable-next-line no-throw-literal
        throw 'bad \u001B[31m'
      },
      'a number': () => 7 as never,
      'a list in a list': () => [[]] as never,
      'a mistyped key': () => ({ from: 'A0', too: 'A1', amount: '1' }) as never,
    }
    const { refusals } = await replayed(`what\n${Object.keys(outcomes).join('\n')}\n`, {
      transform: ({ what = '' }) => outcomes[what]?.(),
    })

    expect(refusals.map(({ code, message }) => `${code}: ${message}`)).toEqual([
      'MALFORMED_LINE: transform: no such kind',
      "MALFORMED_LINE: transform: TypeError: Cannot read properties of undefined (reading 'x')",
      'MALFORMED_LINE: transform: bad \\u001b[31m',
      'MALFORMED_LINE: transform: it returned 7: expected an object with from, to and amount, a list of them, or nothing',
      'MALFORMED_LINE: transform: it returned []: expected an object with from, to and amount, a list of them, or nothing',
      'MALFORMED_LINE: transform: the returned transfer has an unknown key, "too": did you mean "to"?',
    ])
  })

  test('returns null, an empty text or a text with no more to say of what it does not know', async () => {
    const { transfers } = await replayed('a\n1\n', {
      currency: 'USD',
      transform: () =>
        ({
          transferId: '',
          from: 'A0',
          to: 'A1',
          amount: 3n,
          currency: '',
          reference: '',
          metadata: null,
        }) as never,
    })

    expect(transfers).toMatchObject([{ _id: 'batch.csv:2', currency: 'USD' }])
    expect(transfers[0]).not.toHaveProperty('reference')
  })

  test('is not allowed to be asynchronous', async () => {
    await openAccounts(Account, { count: 2, openingBalance: '10' })
    const file = await makeFile('batch.csv', 'a\n1\n')

    const transform = () => Promise.resolve({ from: 'A0', to: 'A1', amount: '1' }) as never
    await expect(replay(connection, { file, transform })).rejects.toThrow(
      "'transform' returned a promise: it must return its transfers at once",
    )
  })

  test.each([
    [7, "'transform' 7 is not a function"],
    [{}, "'transform' {} is not a function"],
    [{ transform: bank, version: '' }, 'the version "" of \'transform\' is not a text'],
    [bank.bind(null), "the source of 'transform' cannot be read, as of a bound function"],
  ])('is not %j', async (transform, message) => {
    await expect(replay(connection, { file: 'x', transform: transform as never })).rejects.toThrow(
      message,
    )
  })
})

test('a transform cannot be combined with ids made of the content', async () => {
  await expect(
    replay(connection, { file: 'x.csv', transform: bank, idFrom: ['amount'] }),
  ).rejects.toThrow("'idFrom' cannot be combined with 'transform'")
})

describe('the refusals of a record with several transfers', () => {
  const content = `${BANK}pay,A0,A1,5,9999\nbad,,,,\npay,A0,NOBODY,7,8888\npay,A0,A1,1,1\n`

  test('are listed one by one, and written to the rejects as one line that can be replayed', async () => {
    const rejects = await makeFile('rejects.csv', '')

    const { file, summary, refusals } = await replayed(content, { transform: bank, rejects })

    expect(summary).toMatchObject({ read: 4, posted: 3, refused: 4 })
    expect(refusals).toMatchObject([
      { _id: { line: 2, item: 1, part: 2 }, transferId: 'batch.csv:2#2', madeId: 'batch.csv:2' },
      { _id: { line: 3 }, transferId: 'batch.csv:3', code: 'MALFORMED_LINE' },
      { _id: { line: 4 }, transferId: 'batch.csv:4', code: 'ACCOUNT_NOT_FOUND' },
      { _id: { line: 4, item: 1, part: 2 }, code: 'INSUFFICIENT_FUNDS' },
    ])
    const lines = (await readFile(rejects, 'utf8')).trimEnd().split('\n')
    expect(lines.map((line) => line.replace(/".*"/, '…'))).toEqual([
      'code,message,line,madeId,Kind,Von,Nach,Value,Fee',
      'INSUFFICIENT_FUNDS,…,2,batch.csv:2,pay,A0,A1,5,9999',
      'MALFORMED_LINE,…,3,batch.csv:3,bad,,,,',
      'ACCOUNT_NOT_FOUND,…,4,batch.csv:4,pay,A0,NOBODY,7,8888',
    ])
    expect(lines[3]).toContain(
      'transfer 1 of 2: to account NOBODY does not exist; transfer 2 of 2: account A0 has 995.00 USD',
    )

    const corrected = lines.join('\n').replaceAll('9999', '2').replace('NOBODY,7,8888', 'A1,7,3')
    const second = await replay(connection, {
      file: await makeFile('again.csv', corrected.replaceAll('bad', 'note')),
      transform: bank,
    })

    expect(second).toMatchObject({ posted: 3, existing: 1, skipped: 1, refused: 0 })
    expect(await replay(connection, { file, transform: bank })).toMatchObject({ posted: 3 })
    expect(await verify(connection)).toMatchObject({ transfers: 6, violations: [] })
  })

  test('stop a replay before the record, none of whose transfers is posted', async () => {
    const { summary, posted } = await replayed(content, { transform: bank, onError: 'stop' })

    expect(summary).toMatchObject({ status: 'stopped', read: 0, stoppedAt: { line: 2, part: 2 } })
    expect(posted).toEqual([])
  })

  test('are the same in a dry run', async () => {
    const rejects = await makeFile('rejects.csv', '')
    const options = { transform: bank, rejects }

    const dry = await replayed(content, { ...options, dryRun: true })
    const text = await readFile(rejects, 'utf8')
    const real = await replay(connection, { ...options, file: dry.file })

    const { refusedByCode, posted, refused, amountByCurrency } = real
    expect(dry.summary).toMatchObject({ refusedByCode, posted, refused, amountByCurrency })
    expect(await readFile(rejects, 'utf8')).toBe(text)
  })

  test('are written in the form of a JSON file', async () => {
    const rejects = await makeFile('rejects.jsonl', '')
    const record = '{"legs":[{"from":"A0","to":"A1","sum":1.50},{"from":"A0","to":"A9","sum":2}]}'
    interface Legs {
      legs: { from: string; to: string; sum: string }[]
    }
    const transform = ({ legs }: Legs) => legs.map(({ sum, ...leg }) => ({ ...leg, amount: sum }))
    await openAccounts(Account, { count: 2, openingBalance: '10' })
    const file = await makeFile('legs.json', `[${record}, ${record}]`)

    await replay(connection, { file, transform, rejects })

    const written = await readFile(rejects, 'utf8')
    expect(JSON.parse(written)).toMatchObject([
      { line: 1, madeId: 'legs.json:1', legs: [{}, {}] },
      { line: 1, madeId: 'legs.json:1.2', legs: [{}, {}] },
    ])
    await Account.open({ accountId: 'A9', holder: 'Ada', currency: 'USD' })
    const again = await makeFile('again.json', written)
    expect(await replay(connection, { file: again, transform })).toMatchObject({
      posted: 2,
      existing: 2,
    })
  })
})

describe('a batch with a transform', () => {
  const content = `${BANK}pay,A0,A1,5,\npay,A0,A1,6,1\nnote,,,,\npay,A0,NOBODY,7,\n`

  test('is continued only with the same function, or the same version', async () => {
    const { file } = await replayed(content, { transform: bank, maxErrors: 0 })
    const named = { file, name: 'named', transform: { transform: bank, version: '1' } }
    await replay(connection, named)

    await expect(replay(connection, { file, transform: () => null })).rejects.toThrow(
      /^batch "batch.csv" was started with the options \{.*"transform":"\w{32}".*\}, and has posted 3 transfers: use/,
    )
    await expect(replay(connection, { file })).rejects.toThrow('no column was found for "from"')
    expect(await replay(connection, { file, transform: bank })).toMatchObject({ resumedAt: 3 })
    const other = { transform: () => null, version: '1' }
    expect(await replay(connection, { ...named, transform: other })).toMatchObject({
      alreadyFinished: true,
    })
  })

  test('is not posted twice under another name, unless its transfers have ids of their own', async () => {
    await replayed(content, { transform: bank })
    const copy = await makeFile('copy.csv', content)
    await expect(replay(connection, { file: copy, transform: bank })).rejects.toThrow(
      'has the same content as batch "batch.csv"',
    )
    const withId: TransformFunction = ({ Value = '' }) => ({
      transferId: `own-${Value}`,
      from: 'A0',
      to: 'A1',
      amount: Value === '' ? '1' : Value,
    })
    await replay(connection, { file: copy, transform: withId })
    const third = await makeFile('third.csv', content)
    expect(await replay(connection, { file: third, transform: withId })).toMatchObject({
      existing: 4,
    })
  })

  test('is refused as a whole if it is atomic and one of its transfers is refused', async () => {
    const { summary, posted } = await replayed(content, { transform: bank, atomic: true })

    expect(summary.refusedByCode).toEqual({ ACCOUNT_NOT_FOUND: 1, LINKED_TRANSFER_REFUSED: 3 })
    expect(posted).toEqual([])
    expect((await booksOf(connection)).batches).toEqual([])
  })
})
