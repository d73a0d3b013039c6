import { describe, expect, test } from 'vitest'
import { replay, verify } from '../../src/index.ts'
import { booksOf, makeFile, openAccounts, replayingOn } from '../support/batch.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
const { connection, Account, Hold } = database
const replayed = replayingOn(database)

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
  ['hold,H2,H3,A0,A1,1,,,,', 'MALFORMED_LINE a hold has one id'],
  ['hold,,H3,A0,A1,1,,,true,', 'MALFORMED_LINE a hold has no final'],
  ['hold,,H3,A0,A1,1,,soon,,', 'MALFORMED_LINE expiresAt: the date "soon"'],
  ['capture,C3,ROOM-7,A0,,1,,,,', 'MALFORMED_LINE a capture has no from'],
  ['capture,C3,ROOM-7,,,1,,,perhaps,', 'MALFORMED_LINE final "perhaps" is not true or false'],
  ['release,R1,ROOM-7,,,,,,,', 'MALFORMED_LINE a release has no transferId'],
  ['release,,ROOM-7,,,5,,,,', 'MALFORMED_LINE a release has no amount'],
  ['release,,ROOM-7,,,,,,,why', 'MALFORMED_LINE a release has no reference'],
  ['capture,,ROOM-8,,,1,,,,', 'INVALID_TRANSFER_ID transfer id "" is not'],
] as const

test.each(refusedLines)('the line %s is refused: %s', async (line, reason) => {
  const { refusals } = await replayed(HOTEL + line)

  expect(refusals.map(({ _id, code, message }) => `${_id.line} ${code} ${message}`)).toEqual([
    expect.stringContaining(`8 ${reason}`),
  ])
})
