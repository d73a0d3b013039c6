import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { csvRecords } from '../../src/replay/reading/csv/csv-records.ts'
import { linesOf } from '../../src/replay/source/lines.ts'
import type { RawRecord } from '../../src/replay/source/raw-record.ts'
import { booksOf, replayingOn } from '../support/batch.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
const replayed = replayingOn(database)

const HEAD = 'id,from,to,amount,note\n'

/** Encodes as Latin-1, so that `\xE9` becomes a byte that is not valid UTF-8. */
const bytes = (text: string) => Buffer.from(text, 'latin1')

describe('a record over several lines is refused as a whole when', () => {
  test.each([
    [
      'its first line is not UTF-8',
      '"Caf\xE9\nT2,A0,A2,500,stolen\nend"',
      'line 2, column 16 is not',
    ],
    ['its second line is not UTF-8', '"a\nT2,A0,A2,500,Caf\xE9\nend"', 'line 3, column 17 is not'],
    ['its last line is not UTF-8', '"a\nT2,A0,A2,500,stolen\nCaf\xE9"', 'line 4, column 4 is not'],
    ['it contains a NUL', '"a\0\nT2,A0,A2,500,stolen\nend"', 'line 2, column 14 is a NUL'],
    ['text follows its closing quote', '"a\nT2,A0,A2,500,stolen\nend"x', 'line 4, column 5: text'],
  ])('%s', async (_, note, message) => {
    const { posted, refusals } = await replayed(bytes(`${HEAD}T1,A0,A1,1,${note}\nT3,A0,A1,2,ok\n`))

    expect(posted).toEqual(['T3 A0 A1 2'])
    expect(refusals).toMatchObject([
      {
        _id: { line: 2 },
        code: 'MALFORMED_LINE',
        message: expect.stringContaining(`lines 2–4: ${message}`),
      },
    ])
  })

  test('it has too few fields', async () => {
    const { refusals } = await replayed(`${HEAD}T1,A0,"a\nb"\n`)

    expect(refusals).toMatchObject([
      { message: expect.stringMatching(/^lines 2–3: the record has 3 fields but 5 are expected/) },
    ])
  })
})

test('a line that is not UTF-8 and closes a quoted field opens no other', async () => {
  const { posted, refused } = await replayed(
    bytes(`${HEAD}T1,A0,A1,1,"caf\xE9\n",x\nT2,A0,A1,2,a\nT3,A0,A1,3,"b"\nT4,A0,A1,4,c\n`),
  )

  expect(refused).toEqual(['2 MALFORMED_LINE'])
  expect(posted).toEqual(['T2 A0 A1 2', 'T3 A0 A1 3', 'T4 A0 A1 4'])
})

test('bytes that are not text leave every record on the same lines', async () => {
  const field = fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', ' ') })
  const quoted = field.map((value) => `"${value.replaceAll('"', '""')}"`)
  const records = fc.array(fc.array(quoted, { minLength: 2, maxLength: 3 }), { minLength: 2 })
  const damage = fc.array(fc.tuple(fc.nat(), fc.constantFrom(0, 0xff)), { minLength: 1 })
  await fc.assert(
    fc.asyncProperty(records, damage, async (rows, damages) => {
      const whole = bytes(`head\n${rows.map((row) => `${row.join(',')}\n`).join('')}`)
      const letters = [...whole.keys()].filter((at) => whole[at] === 0x61 && at > 4)
      const damaged = Buffer.from(whole)
      for (const [index, byte] of damages) {
        const letter = letters[index % (letters.length || 1)]
        if (letter !== undefined) damaged[letter] = byte
      }

      expect((await read(damaged)).map(linesOfRecord)).toEqual(
        (await read(whole)).map(linesOfRecord),
      )
    }),
  )
})

const linesOfRecord = ({ line, lastLine }: RawRecord) => ({ line, lastLine })

async function read(content: Buffer): Promise<RawRecord[]> {
  const blocks = (async function* () {
    yield content
  })()
  const records: RawRecord[] = []
  const dialect = { delimiter: ',', quote: '"' }
  for await (const block of csvRecords(linesOf(blocks, 'f'), dialect, 'f')) records.push(...block)
  return records
}

describe('a line that is too long', () => {
  const long = 'x'.repeat(1_100_000)

  test.each([
    ['opens a quoted field', `"${long}\nT2,A0,A2,500,stolen\nend"`],
    ['opens a quoted field near its end', `${long}","\nT2,A0,A2,500,stolen\nend"`],
    ['contains a whole quoted field', `"${long}"`],
  ])('keeps the file from being posted when it %s', async (_, note) => {
    const content = `${HEAD}T0,A0,A1,1,ok\nT1,A0,A1,1,${note}\nT3,A0,A1,2,ok\n`

    await expect(replayed(content)).rejects.toThrow(
      /"\/.*batch.csv", line 3: the line is longer than 1048576 bytes and contains quotes, so/,
    )
    expect((await booksOf(database.connection)).transfers).toEqual([])
  })

  test('keeps the file from being posted when it is inside a quoted field', async () => {
    const content = `${HEAD}T1,A0,A1,1,"a\n${long}\nT2,A0,A2,500,stolen\nend"\n`

    await expect(replayed(content)).rejects.toThrow(
      /line 2, column 12: the quote that opens here is not closed within 1048576 characters/,
    )
  })

  test('is the only line refused if quotes are ordinary text', async () => {
    const { posted, refused } = await replayed(`${HEAD}T1,A0,A1,1,"${long}\nT2,A0,A1,2,ok\n`, {
      quote: '',
    })

    expect({ posted, refused }).toEqual({
      posted: ['T2 A0 A1 2'],
      refused: ['2 MALFORMED_LINE'],
    })
  })
})

test('a line of only delimiters is a record, even if they are tabs', async () => {
  const content = 'id,from,to,amount\n,,,\n \t \nT1,A0,A1,1\n'

  expect((await replayed(content)).refused).toEqual(['2 INVALID_TRANSFER_ID'])
  const { connection } = database
  for (const { name } of await connection.listCollections()) {
    await connection.collection(name).deleteMany({})
  }
  const tabs = content.replace(' \t ', '   ').replaceAll(',', '\t')
  expect((await replayed(tabs, { file: 'batch.tsv' })).refused).toEqual(['2 INVALID_TRANSFER_ID'])
})
