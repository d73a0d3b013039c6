import { expect, test } from 'vitest'
import { replay } from '../../src/replay/replay.ts'
import { makeFile, replayingOn } from '../support/batch.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase({ ledger: { fields: { transfer: { desk: { type: String } } } } })
const replayed = replayingOn(database)

const lines = (...parts: string[]) =>
  `${['action,transferId,holdId,from,to,amount,desk', ...parts].join('\n')}\n`

test('a line about a hold has no own fields', async () => {
  const { refusals } = await replayed(
    lines('hold,,H1,A0,A1,5,7', 'hold,,H2,A0,A1,5,', 'capture,,H2,,,,7', ',T1,,A0,A1,1,7'),
  )

  expect(refusals.map(({ message }) => message)).toEqual([
    'a hold has no "desk", because only transfers have fields of the ledger’s own: leave "7" out',
    'a capture has no "desk", because only transfers have fields of the ledger’s own: leave "7" out',
  ])
})

test('a text for an own field is for the lines that are transfers', async () => {
  await replayed(lines())
  const file = await makeFile(
    'texts.csv',
    lines('hold,,H1,A0,A1,5,', 'capture,,H1,,,,', ',T1,,A0,A1,1,'),
  )
  const summary = await replay(database.connection, { file, fields: { desk: 'north' } })

  expect(summary).toMatchObject({ posted: 3, refused: 0 })
  const transfers = await database.Transfer.find().sort({ _id: 1 })
  expect(transfers.map((transfer) => [transfer._id, transfer.get('desk')])).toEqual([
    ['H1:capture', undefined],
    ['T1', 'north'],
  ])
})
