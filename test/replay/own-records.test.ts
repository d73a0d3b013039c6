import { describe, expect, test } from 'vitest'
import type { FoundRecord, TextFile, Transform } from '../../src/index.ts'
import { replay } from '../../src/replay/replay.ts'
import { makeFile, openAccounts, replayingOn } from '../support/batch.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
const { connection, Account } = database
const replayed = replayingOn(database)

/** Reads lines such as `A0>A1 5; A0>A1 6`. */
async function* read(file: TextFile): AsyncGenerator<FoundRecord> {
  for await (const { line, text } of file.lines()) {
    for (const part of text.split('; ')) {
      const [sides = '', sum] = part.split(' ')
      const [from, to] = sides.split('>')
      yield { line, record: { from, to, sum: Number(sum) } }
    }
  }
}

const payments: Transform = {
  read,
  transform: ({ from = '', to = '', sum = '' }) => ({ from, to, amount: sum }),
}

describe('the read of a transform', () => {
  test('finds the records of a file, with their lines and with numbers as text', async () => {
    const { posted, refused } = await replayed('A0>A1 5; A0>A1 6.50\r\n\r\nA0>NOBODY 7', {
      file: 'batch.txt',
      transform: payments,
    })

    expect(posted).toEqual(['batch.txt:1 A0 A1 5', 'batch.txt:1.2 A0 A1 6.5'])
    expect(refused).toEqual(['3 ACCOUNT_NOT_FOUND'])
  })

  test('gets the text in pieces, and numbers records that have no lines', async () => {
    const { posted } = await replayed('\u20AC5|\u20AC6', {
      file: 'batch.txt',
      transform: {
        ...payments,
        async *read(file) {
          let text = ''
          for await (const piece of file.text()) text += piece
          for (const sum of text.split('|'))
            yield { record: { from: 'A0', to: 'A1', sum: sum.slice(1) } }
        },
      },
    })

    expect(posted).toEqual(['batch.txt:1 A0 A1 5', 'batch.txt:2 A0 A1 6'])
  })

  test.each([
    ['throws', [], 'the read of the transform failed: no statement'],
    ['gives no record', [7], 'the read of the transform gave 7: expected { record, line }'],
    [
      'goes back',
      [
        { line: 5, record: {} },
        { line: 4, record: {} },
      ],
      'the read of the transform gave the line 4 after 5',
    ],
  ])('is an error of the file if it %s', async (_, records, problem) => {
    await openAccounts(Account, { count: 2, openingBalance: '10' })
    const file = await makeFile('batch.txt', 'x')
    function* broken() {
      yield { record: { from: 'A0', to: 'A1', sum: '1' } }
      yield* records as FoundRecord[]
      if (records.length === 0) throw new Error('no statement')
    }

    await expect(
      replay(connection, { file, transform: { ...payments, read: broken } }),
    ).rejects.toThrow(problem)
    expect(await connection.collection('transfers').countDocuments()).toBe(0)
  })

  test.each([
    [{ format: 'csv' }, "'format' and 'at' cannot be combined with a transform that reads"],
    [{ delimiter: ';' }, 'for CSV files: leave'],
  ])('cannot be combined with %j', async (options, problem) => {
    const file = await makeFile('batch.txt', 'A0>A1 5')
    await expect(
      replay(connection, { file, transform: payments, ...(options as object) }),
    ).rejects.toThrow(problem)
  })

  test('is a part of what the batch is continued with', async () => {
    const { file } = await replayed('A0>NOBODY 5\nA0>A1 6', {
      file: 'batch.txt',
      transform: payments,
      maxErrors: 0,
    })
    await replay(connection, { file, transform: payments, maxErrors: 1, name: 'other' })
    const changed = { ...payments, read: (text: TextFile) => read(text) }
    await expect(replay(connection, { file, transform: changed, name: 'other' })).rejects.toThrow(
      'was started with the options',
    )
  })
})
