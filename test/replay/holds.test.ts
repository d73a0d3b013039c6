import { readFile } from 'node:fs/promises'
import mongoose from 'mongoose'
import { describe, expect, test, vi } from 'vitest'
import { Rehearsal, type TransformFunction, replay, verify } from '../../src/index.ts'
import { booksOf, makeFile, openAccounts, replayingOn } from '../support/batch.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
const { connection, Account, Hold } = database
const replayed = replayingOn(database)

const { Int32 } = mongoose.mongo.BSON

const HEAD = 'action,transferId,holdId,from,to,amount,currency,expiresAt,final,reference'

/** A CSV file with lines of these columns. */
const fileOf = (...lines: string[]): string => `${[HEAD, ...lines].join('\n')}\n`

const HOTEL = fileOf(
  'hold,,ROOM-7,A0,A1,200,USD,2199-12-31,,ROOM 7',
  ',T1,,A0,A1,10,USD,,,',
  'capture,NIGHT-1,ROOM-7,,,90,USD,,,',
  'capture,,ROOM-7,,,95.50,,,true,last night',
  'hold,,ROOM-8,A0,A1,50,,,,',
  'release,,ROOM-8,,,,,,,',
)

/** The holds as they are stored, in few words. */
async function holdsOf(): Promise<string[]> {
  const holds = await Hold.find().sort({ _id: 1 })
  return holds.map(({ id, status, amount, captured, batch }) =>
    [id, status, `${captured} of ${amount}`, batch].join(' '),
  )
}

/** What differs between a rehearsal and its run. */
const untimed = { dryRun: true, seconds: 0, rate: 0 }

/** The batch of a file is proven by its transfers, its holds and its refusals. */
const expectProven = async () => expect(await verify(connection)).toMatchObject({ violations: [] })

describe('a file with actions', () => {
  test('places, captures and releases holds in the order of its lines', async () => {
    const { summary, posted, refused, transfers } = await replayed(HOTEL)

    expect(refused).toEqual([])
    expect(posted).toEqual(['T1 A0 A1 10', 'NIGHT-1 A0 A1 90', 'ROOM-7:capture A0 A1 95.5'])
    expect(transfers.map(({ hold, reference }) => [hold, reference])).toEqual([
      [undefined, undefined],
      ['ROOM-7', 'ROOM 7'],
      ['ROOM-7', 'last night'],
    ])
    expect(await holdsOf()).toEqual([
      'ROOM-7 captured 185.5 of 200 batch.csv',
      'ROOM-8 released 0 of 50 batch.csv',
    ])
    expect(summary).toMatchObject({
      posted: 6,
      existing: 0,
      refused: 0,
      holdsPlaced: 2,
      holdsReleased: 1,
      amountByCurrency: { USD: '195.50' },
    })
    await expectProven()
  })

  test('changes nothing when its lines come again under another name', async () => {
    await replayed(HOTEL)
    const { accounts, transfers, holds } = await booksOf(connection)
    const { posted, existing } = await replay(connection, {
      file: await makeFile('again.csv', HOTEL),
    })

    expect({ posted, existing }).toEqual({ posted: 0, existing: 6 })
    expect(await booksOf(connection)).toMatchObject({ accounts, transfers, holds })
    await expectProven()
  })

  test('is rehearsed with the result of its run', async () => {
    await openAccounts(Account, { count: 3, openingBalance: '1000' })
    const content = HOTEL + refusedLines.map(([line]) => `${line}\n`).join('')
    const file = await makeFile('batch.csv', content)
    const before = await booksOf(connection)
    const rehearsed = await replay(connection, { file, dryRun: true })
    expect(await booksOf(connection)).toEqual(before)
    const real = await replay(connection, { file })

    expect({ ...real, ...untimed }).toEqual({ ...rehearsed, ...untimed })
    expect(real.refused).toBe(refusedLines.length)
  })
})

/** Lines after those of the hotel, and why each is refused. */
const refusedLines = [
  ['capture,C1,NONE,,,1,,,,', 'HOLD_NOT_FOUND hold NONE does not exist'],
  ['release,,NONE,,,,,,,', 'HOLD_NOT_FOUND hold NONE does not exist'],
  ['capture,C2,ROOM-7,,,1,,,,', 'HOLD_NOT_ACTIVE hold ROOM-7 is captured'],
  ['release,,ROOM-7,,,,,,,', 'HOLD_NOT_ACTIVE hold ROOM-7 is captured'],
  [
    'hold,,ROOM-7,A0,A2,201,,,,ROOM 7',
    'HOLD_CONFLICT hold ROOM-7 already exists with a different to, amount, expiresAt',
  ],
  [
    'hold,,H1,A0,A1,5000,,,,',
    'INSUFFICIENT_FUNDS account A0 has 804.50 USD available, but the hold needs 5000.00',
  ],
  [
    'hold,,H1,A0,A1,1,,2020-01-01,,',
    'INVALID_EXPIRES_AT expiresAt 2020-01-01T00:00:00.000Z is not in the future',
  ],
  ['hold,,H1,A0,NOBODY,1,,,,', 'ACCOUNT_NOT_FOUND to account NOBODY does not exist'],
  [
    'capture,NIGHT-1,ROOM-7,,,91,,,,',
    'TRANSFER_CONFLICT transfer NIGHT-1 is already posted with a different amount',
  ],
  ['void,,ROOM-7,,,,,,,', 'MALFORMED_LINE the action "void" is none of "transfer", "hold"'],
  ['capture,C3,,,,1,,,,', 'MALFORMED_LINE a capture needs the id of its hold'],
  ['release,,,,,,,,,', 'MALFORMED_LINE a release needs the id of its hold'],
  ['hold,,,A0,A1,1,,,,', 'MALFORMED_LINE a hold needs an id, and its holdId is empty'],
  ['transfer,T9,ROOM-7,A0,A1,1,,,,', 'MALFORMED_LINE a transfer has no holdId'],
  ['transfer,T9,,A0,A1,1,,2199-12-31,,', 'MALFORMED_LINE a transfer has no expiresAt'],
  ['transfer,T9,,A0,A1,1,,,true,', 'MALFORMED_LINE a transfer has no final'],
  ['hold,,H3,A0,A1,1,,,true,', 'MALFORMED_LINE a hold has no final'],
  ['hold,,H3,A0,A1,1,,soon,,', 'MALFORMED_LINE expiresAt: the date "soon"'],
  ['capture,C3,ROOM-7,A0,,1,,,,', 'MALFORMED_LINE a capture has no from'],
  ['capture,C3,ROOM-7,,,1,,,perhaps,', 'MALFORMED_LINE final "perhaps" is not true or false'],
  ['release,,ROOM-7,,,5,,,,', 'MALFORMED_LINE a release has no amount'],
  ['release,,ROOM-7,,,,,,,why', 'MALFORMED_LINE a release has no reference'],
  [
    'capture,,ROOM-8,,,1,,,,',
    'INVALID_TRANSFER_ID transfer id "" is not an id: a capture of a part of a hold needs one',
  ],
] as const

test.each([
  ['hold,,H3,A0,A1,1,EUR,,,', 'CURRENCY_MISMATCH'],
  ['hold,,H3,A0,A1,9999,,,,', 'INSUFFICIENT_FUNDS'],
  ['hold,,H3,A0,A0,1,,,,', 'SAME_ACCOUNT'],
  ['hold,,H3,A0,A9,1,,,,', 'ACCOUNT_NOT_FOUND'],
  ['hold,,H3,A0,A1,0,,,,', 'INVALID_AMOUNT'],
  ['hold,,H3,A0,A1,0.001,,,,', 'INVALID_AMOUNT'],
  ['hold,,H3,,A1,1,,,,', 'INVALID_ACCOUNT_ID'],
  ['hold,,H3,A0,A1,1,,1999-12-31,,', 'INVALID_EXPIRES_AT'],
  ['hold,,ROOM-7,A0,A1,1,,,,', 'HOLD_CONFLICT'],
  ['hold,,H\u202E3,A0,A1,1,,,,', 'INVALID_HOLD_ID'],
  ['release,,H9,,,,,,,', 'HOLD_NOT_FOUND'],
  ['release,,ROOM-7,,,,,,,', 'HOLD_NOT_ACTIVE'],
] as const)('the refusal of the line %s as %s does not call it a transfer', async (line, code) => {
  const { refusals } = await replayed(HOTEL + line)

  expect(refusals).toMatchObject([{ code, message: expect.not.stringMatching(/\btransfer\b/) }])
})

test('a column that the options map has no other role, whatever its name', async () => {
  const content = 'action,id,from,to,amount\nhold,H1,A0,A1,5\ncapture,H1,,,2\n'

  const { refused, summary } = await replayed(content, { map: { holdId: 'id' } })

  expect(refused).toEqual([])
  expect(summary).toMatchObject({ posted: 2, holdsPlaced: 1 })
  expect(await Hold.findById('H1')).toMatchObject({ status: 'active' })
})

test('a batch that others continue with other options says how many transfers and holds it has', async () => {
  await replayed(HOTEL)

  await expect(replayed(HOTEL, { currency: 'USD' })).rejects.toThrow(
    'and has posted 3 transfers and placed or released 3 holds',
  )
})

test.each(refusedLines)('the line %s is refused: %s', async (line, reason) => {
  const { refusals } = await replayed(HOTEL + line)

  expect(refusals.map(({ _id, code, message }) => `${_id.line} ${code} ${message}`)).toEqual([
    expect.stringContaining(`8 ${reason}`),
  ])
})

describe('the ids of lines about holds', () => {
  test('are made in a file without ids, and by the hold for a capture that ends it', async () => {
    const { posted, refused } = await replayed(
      'action,holdId,from,to,amount,final\n,,A0,A1,1,\nhold,H1,A0,A1,9,\ncapture,H1,,,2,\ncapture,H1,,,3,\ncapture,H1,,,,\n',
    )

    expect(refused).toEqual([])
    expect(posted).toEqual([
      'batch.csv:2 A0 A1 1',
      'batch.csv:4 A0 A1 2',
      'batch.csv:5 A0 A1 3',
      'H1:capture A0 A1 4',
    ])
  })

  test('are made for holds in a file without any ids', async () => {
    await replayed('action,from,to,amount\nhold,A0,A1,1\nhold,A0,A1,2\n')

    expect(await holdsOf()).toEqual([
      'batch.csv:2 active 0 of 1 batch.csv',
      'batch.csv:3 active 0 of 2 batch.csv',
    ])
  })

  test('may all be in one column', async () => {
    const { refused } = await replayed(
      'action,id,holdId,from,to,amount\nhold,H1,,A0,A1,5\ncapture,C1,H1,,,2\nrelease,,H1,,,\n,T1,,A0,A1,1\n',
    )

    expect(refused).toEqual([])
    expect(await holdsOf()).toEqual(['H1 released 2 of 5 batch.csv'])
  })

  test('all get the prefix', async () => {
    const { posted, refused } = await replayed(
      fileOf('hold,,H1,A0,A1,5,,,,', 'capture,C1,H1,,,2,,,,', 'capture,,H1,,,,,,,'),
      { idPrefix: 'jan-' },
    )

    expect(refused).toEqual([])
    expect(posted).toEqual(['jan-C1 A0 A1 2', 'jan-H1:capture A0 A1 3'])
  })

  test('are of the content with idFrom, so that files overlap, and differ for each hold', async () => {
    const lines = [
      ',,A0,A1,5,1',
      'hold,H1,A0,A1,50,2',
      'hold,H2,A0,A1,50,2',
      'capture,H1,,,5,3',
      'capture,H2,,,5,3',
      'capture,H2,,,5,3',
      'hold,,A0,A1,7,4',
    ]
    const content = (some: string[]) =>
      `${['action,holdId,from,to,amount,day', ...some].join('\n')}\n`
    const idFrom = ['day', 'from', 'to', 'amount']
    const first = await replayed(content(lines.slice(0, 4)), { idFrom })
    const other = await makeFile('other.csv', content(lines.slice(4, 5)))
    const second = await replay(connection, { file: other, idFrom })
    const whole = await makeFile('whole.csv', content(lines))
    const third = await replay(connection, { file: whole, idFrom })

    expect(first.summary).toMatchObject({ posted: 4, refused: 0 })
    expect(second).toMatchObject({ posted: 1 })
    expect(third).toMatchObject({ existing: 5, posted: 2, holdsPlaced: 1, refused: 0 })
    await expectProven()
  })
})

describe('JSON', () => {
  test('has lines about holds with keys of their own', async () => {
    const { posted, refused } = await replayed(
      [
        { action: 'hold', holdId: 'H1', from: 'A0', to: 'A1', amount: 9, expiresAt: '2199-12-31' },
        { transferId: 'T1', from: 'A0', to: 'A1', amount: 1 },
        { action: 'capture', holdId: 'H1', transferId: 'C1', amount: 2, final: false },
        { action: 'capture', holdId: 'H1', amount: 3, final: true, transferId: null },
        { action: 'HOLD', holdId: 'H2', from: 'A0', to: 'A1', amount: 9, final: false },
        { action: 'release', holdId: 'H2', amount: null, final: false },
        { holdId: 'H3', from: 'A0', to: 'A1', amount: 1 },
        { from: 'A0', to: 'A1', amount: 1 },
      ]
        .map((record) => JSON.stringify(record))
        .join('\n'),
      { file: 'batch.jsonl' },
    )

    expect(posted).toEqual(['T1 A0 A1 1', 'C1 A0 A1 2', 'H1:capture A0 A1 3'])
    expect(refused).toEqual(['7 MALFORMED_LINE', '8 INVALID_TRANSFER_ID'])
    expect(await holdsOf()).toEqual([
      'H1 captured 5 of 9 batch.jsonl',
      'H2 released 0 of 9 batch.jsonl',
    ])
  })
})

describe('a line about a hold', () => {
  test('is never a transfer because its action is missing', async () => {
    const { posted, refusals } = await replayed('holdId,from,to,amount\nH1,A0,A1,5\n,A0,A1,1\n')

    expect(posted).toEqual(['batch.csv:3 A0 A1 1'])
    expect(refusals.map(({ message }) => message)).toEqual([
      'a transfer has no holdId, because it is not about a hold: name an action (hold, capture or release), or leave "H1" out, or add --map holdId= if no line needs it',
    ])
  })

  test('has its columns recognized in other spellings beside the id of a hold', async () => {
    await replayed('Action,HOLD_ID,from,to,amount,Expires At\nHold,H1,A0,A1,5,2199-12-31\n')

    expect(await holdsOf()).toEqual(['H1 active 0 of 5 batch.csv'])
    expect((await Hold.findById('H1').orFail()).expiresAt).toEqual(new Date('2199-12-31'))
  })

  test('is not recognized by a column such as Action without ids of holds', async () => {
    const { posted } = await replayed('Action,Final,from,to,amount\nBUY,x,A0,A1,5\n')

    expect(posted).toEqual(['batch.csv:2 A0 A1 5'])
  })

  test('needs only the columns of its action', async () => {
    await replayed(fileOf('hold,,H1,A0,A1,5,,,,'))
    const file = await makeFile('release.csv', 'action,holdId\nrelease,H1\nhold,H2\n,\n')
    const summary = await replay(connection, { file })

    expect(summary).toMatchObject({ posted: 1, refusedByCode: { MALFORMED_LINE: 2 } })
    expect((await booksOf(connection)).refusals).toMatchObject([
      { message: expect.stringContaining('a hold needs it: no column was found for "from"') },
      { message: expect.stringContaining('a transfer needs it: no column was found for "from"') },
    ])
  })

  test('can be what each line of a file is', async () => {
    const { summary } = await replayed('Auth,Von,Nach,Summe\nH1,A0,A1,5\nH2,A0,A1,6\n', {
      map: { holdId: 'Auth', from: 'Von', to: 'Nach', amount: 'Summe' },
      set: { action: 'hold', reference: 'auth {Auth}', expiresAt: '2199-01-01' },
    })

    expect(summary).toMatchObject({ posted: 2, holdsPlaced: 2 })
    expect(await Hold.findById('H2')).toMatchObject({ reference: 'auth H2' })
  })

  test('is left out by where, and keeps other columns', async () => {
    const { summary } = await replayed(
      'action,holdId,from,to,amount,state,desk\nhold,H1,A0,A1,5,booked,7\nhold,H2,A0,A1,5,draft,7\n',
      { where: { state: 'booked' }, keep: ['desk'] },
    )

    expect(summary).toMatchObject({ posted: 1, skipped: 1 })
    expect(await Hold.findById('H1')).toMatchObject({ metadata: { desk: '7' } })
  })

  test('is not a leg of a group, and the groups beside it are refused with it', async () => {
    const { refusals, posted } = await replayed(
      'action,group,id,holdId,from,to,amount\n,G1,T1,,A0,A1,1\nhold,G1,,H1,A0,A1,1\n,G1,T2,,A0,A1,1\n,,T3,,A0,A1,1\n',
    )

    expect(posted).toEqual(['T3 A0 A1 1'])
    expect(refusals.map(({ code, message }) => `${code} ${message}`)).toEqual([
      'LINKED_TRANSFER_REFUSED transfer T1 is in group G1 beside line 3, which cannot be read and may belong to the group. Correct that line first',
      'MALFORMED_LINE a hold has no group, because a group has only transfers: leave "G1" out, or add --map group= if no line needs it',
      'LINKED_TRANSFER_REFUSED transfer T2 is in group G1 beside line 3, which cannot be read and may belong to the group. Correct that line first',
    ])
  })

  test('opens the accounts that it names, if the options say so', async () => {
    const content =
      'action,holdId,from,to,amount\nhold,H1,A0,SHOP,5\nhold,H2,NEW,A0,5\nhold,H3,NEW,A0,1\n'
    const options = { openMissing: { currency: 'USD', from: { openingBalance: '5' } } }
    const { summary, file } = await replayed(content, options)

    expect(summary).toMatchObject({
      posted: 2,
      accountsOpened: 2,
      refusedByCode: { INSUFFICIENT_FUNDS: 1 },
    })
    expect((await Account.findById('NEW').orFail()).openingBalance.toString()).toBe('5')
    expect(await replay(connection, { file, ...options })).toMatchObject({ posted: 2 })
    await expectProven()
  })

  test('cannot have another action by an option', async () => {
    await expect(replayed('a', { set: { action: 'void' } })).rejects.toThrow(
      `'set' {"action":"void"} is wrong for action: "void" is not transfer, hold, capture or release`,
    )
  })

  test('is refused by the clock also if its payer was opened right before, and by a missing account first', async () => {
    const { refused } = await replayed(
      'action,holdId,from,to,amount,expiresAt\n,,A0,NEW,5,\nhold,H1,NEW,A1,1,2020-01-01\nhold,H2,NEW,NOBODY,1,2020-01-01\nhold,H3,NOBODY,A1,1,2020-01-01\n',
      { openMissing: true },
    )
    expect(refused).toEqual([
      '3 INVALID_EXPIRES_AT',
      '4 INVALID_EXPIRES_AT',
      '5 INVALID_EXPIRES_AT',
    ])

    const file = await makeFile('closed.csv', fileOf('hold,,H4,A0,NONE,1,,2020-01-01,,'))
    expect(await replay(connection, { file })).toMatchObject({
      refusedByCode: { ACCOUNT_NOT_FOUND: 1 },
    })
  })

  test('in a statement is an option that cannot be', async () => {
    await expect(
      replayed('a', { map: { action: 'a', account: 'b', counterparty: 'c' } }),
    ).rejects.toThrow(
      "'map' and 'set' name action, but the lines of a statement are transfers: use from and to, or read the file with 'transform'",
    )
  })
})

describe('an atomic batch with holds', () => {
  test('is posted as a whole', async () => {
    const { summary } = await replayed(HOTEL, { atomic: true })

    expect(summary).toMatchObject({
      status: 'finished',
      posted: 6,
      holdsPlaced: 2,
      holdsReleased: 1,
    })
    await expectProven()
  })

  test.each([{ dryRun: false }, { dryRun: true }])(
    'is refused as a whole, and each line says why, with %j',
    async (options) => {
      const rejects = await makeFile('rejects.csv', '')
      const { summary } = await replayed(`${HOTEL}capture,C9,ROOM-8,,,1,,,,\n`, {
        atomic: true,
        rejects,
        ...options,
      })
      const lines = (await readFile(rejects, 'utf8')).trim().split('\n').slice(1)

      expect(summary).toMatchObject({ status: 'refused', posted: 0, refused: 7 })
      expect(
        lines.map((line) => line.replaceAll('"', '').split(',').slice(0, 2).join(' ')),
      ).toEqual([
        'LINKED_TRANSFER_REFUSED hold ROOM-7 is in the same atomic group as C9',
        'LINKED_TRANSFER_REFUSED transfer T1 is in the same atomic group as C9',
        'LINKED_TRANSFER_REFUSED transfer NIGHT-1 is in the same atomic group as C9',
        'LINKED_TRANSFER_REFUSED transfer ROOM-7:capture is in the same atomic group as C9',
        'LINKED_TRANSFER_REFUSED hold ROOM-8 is in the same atomic group as C9',
        'LINKED_TRANSFER_REFUSED hold ROOM-8 is in the same atomic group as C9',
        'HOLD_NOT_ACTIVE hold ROOM-8 is released',
      ])
      expect(await booksOf(connection)).toMatchObject({ transfers: [], holds: [], batches: [] })
    },
  )
})

describe('refused lines about holds', () => {
  const later = fileOf('capture,C1,H1,,,5,,,,', 'hold,,H2,A0,LATE,5,,,,', 'release,,H9,,,,,,,')

  test('are posted by a retry once their cause is gone, as its rehearsal said', async () => {
    const { file, refused } = await replayed(later)
    expect(refused).toEqual(['2 HOLD_NOT_FOUND', '3 ACCOUNT_NOT_FOUND', '4 HOLD_NOT_FOUND'])
    await Account.hold({ holdId: 'H1', from: 'A0', to: 'A1', amount: '7' })
    await Account.open({ accountId: 'LATE', holder: 'Late', currency: 'USD' })
    const rehearsed = await replay(connection, { file, retry: true, dryRun: true })
    const retried = await replay(connection, { file, retry: true })

    expect(retried).toMatchObject({
      retry: { posted: 2, refused: 1 },
      posted: 2,
      holdsPlaced: 1,
      refusedByCode: { HOLD_NOT_FOUND: 1 },
    })
    expect({ ...rehearsed, ...untimed }).toEqual({ ...retried, ...untimed })
    await expectProven()
  })

  test.each(['batch.csv', 'batch.jsonl'])('are corrected in the rejects of %s', async (name) => {
    const records = [
      {
        action: 'hold',
        ...(name === 'batch.csv' && { holdId: 'H4' }),
        from: 'A0',
        to: 'NOBODY',
        amount: '5',
      },
      { action: 'capture', holdId: 'H1', amount: '2' },
      { action: 'capture', holdId: 'H1' },
      { action: 'release', holdId: 'H2' },
      { action: 'void', holdId: 'H2' },
    ]
    const keys = ['action', 'holdId', 'from', 'to', 'amount'] as const
    const asCsv = [
      keys.join(','),
      ...records.map((record: Partial<Record<string, string>>) =>
        keys.map((key) => record[key] ?? '').join(','),
      ),
    ]
    const content = name.endsWith('csv') ? asCsv : records.map((each) => JSON.stringify(each))
    const rejects = await makeFile(name.replace('batch', 'rejects'), '')
    const { refused } = await replayed(content.join('\n'), { file: name, rejects })
    const first = name === 'batch.csv' ? 2 : 1
    expect(refused).toEqual([
      `${first} ACCOUNT_NOT_FOUND`,
      `${first + 1} HOLD_NOT_FOUND`,
      `${first + 2} HOLD_NOT_FOUND`,
      `${first + 3} HOLD_NOT_FOUND`,
      `${first + 4} MALFORMED_LINE`,
    ])
    // The id of a capture of all that is left follows from the hold's, also if that is corrected.
    expect(await readFile(rejects, 'utf8')).toContain(
      name === 'batch.csv' ? ',4,,capture,H1,' : '"line":3,"action":"capture","holdId":"H1"}',
    )
    for (const holdId of ['H1', 'H2', 'H3']) {
      await Account.hold({ holdId, from: 'A0', to: 'A1', amount: '9' })
    }
    const corrected = (await readFile(rejects, 'utf8'))
      .replaceAll('NOBODY', 'A1')
      .replace('void,H2', 'release,H3')
      .replace('"void","holdId":"H2"', '"release","holdId":"H3"')
    const summary = await replay(connection, {
      file: await makeFile(`corrected-${name}`, corrected),
    })

    expect(summary).toMatchObject({ posted: 5, refused: 0 })
    expect(await holdsOf()).toContain(
      `${name === 'batch.csv' ? 'H4' : 'batch.jsonl:1'} active 0 of 5 corrected-${name}`,
    )
    expect((await database.Transfer.find().sort({ _id: 1 })).map(({ _id }) => _id)).toEqual([
      'H1:capture',
      `${name}:${first + 1}`,
    ])
    await expectProven()
  })
})

test('a corrected line about a hold without an id is not taken for its equal', async () => {
  const rejects = await makeFile('rejects.csv', '')
  const options = { idFrom: ['day', 'from', 'to', 'amount'] }
  await replayed(
    'action,holdId,from,to,amount,day\nhold,,A0,A1,5,1\nhold,,A0,A1,five,1\nhold,,A0,A1,"1,000",1\n',
    { ...options, rejects },
  )
  const corrected = (await readFile(rejects, 'utf8')).replace('"1,000",1', '5,1')
  const file = await makeFile('corrected.csv', corrected)

  expect(await replay(connection, { file, ...options })).toMatchObject({
    posted: 0,
    existing: 0,
    refusedByCode: { MALFORMED_LINE: 1, INVALID_AMOUNT: 1 },
  })
})

describe('a transform', () => {
  const transform: TransformFunction = ({ kind = '', key = '', sum = '' }) => {
    if (kind === 'auth') return { action: 'hold', holdId: key, from: 'A0', to: 'A1', amount: sum }
    if (kind === 'part') return { action: 'capture', holdId: key, amount: sum }
    if (kind === 'both') {
      return [
        { action: 'capture', holdId: key, amount: sum, final: true, reference: '' },
        { from: 'A0', to: 'A2', amount: '0.10' },
        { action: 'release', holdId: 'H2' },
        { action: 'hold', from: 'A0', to: 'A1', amount: '1' },
      ]
    }
    if (kind === 'typo') return { action: 'capture', holdId: key, sum } as never
    return { action: 'void', holdId: key } as never
  }

  test('returns actions on holds, alone and with transfers', async () => {
    const { posted, refusals, summary } = await replayed(
      'kind,key,sum\nauth,H1,9\nauth,H2,9\npart,H1,2\nboth,H1,3\nboth,H1,3\ntypo,H1,1\nvoid,H1,\n',
      { transform },
    )

    expect(posted).toEqual([
      'batch.csv:4 A0 A1 2',
      'H1:capture A0 A1 3',
      'batch.csv:5#2 A0 A2 0.1',
      'batch.csv:6#2 A0 A2 0.1',
    ])
    expect(await holdsOf()).toEqual([
      'H1 captured 5 of 9 batch.csv',
      'H2 released 0 of 9 batch.csv',
      'batch.csv:5#4 active 0 of 1 batch.csv',
      'batch.csv:6#4 active 0 of 1 batch.csv',
    ])
    expect(summary).toMatchObject({ posted: 9, existing: 2, holdsPlaced: 4, holdsReleased: 1 })
    expect(refusals.map(({ message }) => message)).toEqual([
      expect.stringContaining('transform: TypeError: the returned capture'),
      expect.stringContaining(
        'the action "void" is not "transfer", "hold", "capture" or "release"',
      ),
    ])
    await expectProven()
  })

  test('gets what a line about a hold asks for, and can pass it on', async () => {
    const { refused } = await replayed(
      fileOf(
        'hold,,H1,A0,A1,5,,,,',
        'capture,C1,H1,,,2,,,,',
        'release,,H1,,,,,,,',
        ',T1,,A0,A1,1,,,,',
      ),
      { transform: (_, { request }) => request },
    )

    expect(refused).toEqual([])
    expect(await holdsOf()).toEqual(['H1 released 2 of 5 batch.csv'])
  })
})

test('a file of actions that no export wrote cannot be restored', async () => {
  const { refusals } = await replayed(HOTEL, { restore: true })

  expect(refusals[0]?.message).toBe(
    'postedAt is missing: expected a record as daybook export writes it',
  )
})

describe('a rehearsal', () => {
  /** Rehearses files one after another, then replays them. Returns what both have said. */
  async function both(...contents: string[]) {
    const files = await Promise.all(
      contents.map((content, index) => makeFile(`${index}.csv`, content)),
    )
    const dryRun = new Rehearsal(connection)
    const [rehearsed, real] = [[], []] as [object[], object[]]
    for (const file of files)
      rehearsed.push({ ...(await replay(connection, { file, dryRun })), ...untimed })
    for (const file of files) real.push({ ...(await replay(connection, { file })), ...untimed })
    return { rehearsed, real }
  }

  test('finds the holds that its earlier files would have placed, captured and released', async () => {
    await openAccounts(Account, { count: 2, openingBalance: '100' })
    const { rehearsed, real } = await both(
      fileOf('hold,,H1,A0,A1,60,,,,', 'hold,,H2,A0,A1,40,,2199-01-01,,', 'capture,C1,H1,,,10,,,,'),
      fileOf(
        'hold,,H1,A0,A1,60,,,,',
        ',T1,,A0,A1,1,,,,',
        'capture,,H1,,,40,,,true,',
        ',T1,,A0,A1,10,,,,',
      ),
      fileOf(
        'capture,C1,H1,,,10,,,,',
        'release,,H2,,,,,,,',
        'release,,H1,,,,,,,',
        ',T2,,A0,A1,40,,,,',
      ),
    )

    expect(rehearsed).toEqual(real)
    expect(real).toMatchObject([
      { posted: 3 },
      { posted: 2, existing: 1, refusedByCode: { INSUFFICIENT_FUNDS: 1 } },
      { posted: 2, existing: 1, refusedByCode: { HOLD_NOT_ACTIVE: 1 } },
    ])
  })

  test('knows that a hold which it would have placed has expired', async () => {
    await openAccounts(Account, { count: 2, openingBalance: '100' })
    const serverTime = async () =>
      ((await connection.getClient().db().command({ hello: 1 })).localTime as Date).getTime()
    const expiresAt = new Date((await serverTime()) + 1_500)
    const placing = fileOf(
      `hold,,H1,A0,A1,60,,${expiresAt.toISOString()},,`,
      'hold,,H2,A0,A1,30,,2199-01-01,,',
    )
    const spending = fileOf(
      ',T1,,A0,A1,70,,,,',
      'capture,,H1,,,,,,,',
      'release,,H1,,,,,,,',
      ',T2,,A0,A1,1,,,,',
    )
    const dryRun = new Rehearsal(connection)
    const files = [await makeFile('0.csv', placing), await makeFile('1.csv', spending)] as const
    const rehearsed = [await replay(connection, { file: files[0], dryRun })]
    const real = [await replay(connection, { file: files[0] })]
    await vi.waitUntil(async () => (await serverTime()) > expiresAt.getTime(), { timeout: 10_000 })
    rehearsed.push(await replay(connection, { file: files[1], dryRun }))
    real.push(await replay(connection, { file: files[1] }))

    expect(real).toMatchObject([
      { posted: 2, refused: 0 },
      { posted: 1, refusedByCode: { HOLD_NOT_ACTIVE: 2, INSUFFICIENT_FUNDS: 1 } },
    ])
    expect(rehearsed.map((each) => ({ ...each, ...untimed }))).toEqual(
      real.map((each) => ({ ...each, ...untimed })),
    )
  })
})

test.each([
  ['holdsPlaced', 1, 'has placed 1 hold, but 2 holds name it'],
  ['holdsReleased', 2, 'has 6 posted, of which 2 are transfers, but 3 transfers name it'],
  ['holdsReleased', 7, 'has 6 posted, but 2 holds placed and 7 released'],
])('verify finds a batch whose %s is %i', async (field, count, problem) => {
  await replayed(HOTEL)
  await connection.collection('batches').updateOne({}, { $set: { [field]: new Int32(count) } })

  const { violations } = await verify(connection)
  expect(violations.map(({ message }) => message)).toContain(`batch batch.csv ${problem}`)
})
