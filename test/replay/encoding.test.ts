import { readFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import iconv from 'iconv-lite'
import { describe, expect, test } from 'vitest'
import { csvRecords, fieldsOf } from '../../src/replay/reading/csv/csv-records.ts'
import { type ReplayOptions, replay } from '../../src/replay/replay.ts'
import { linesOf } from '../../src/replay/source/lines.ts'
import type { RawRecord } from '../../src/replay/source/raw-record.ts'
import { openSource } from '../../src/replay/source/source.ts'
import { booksOf, makeFile, openAccounts, replayingOn } from '../support/batch.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
const { connection, Account } = database
const replayed = replayingOn(database)

const CSV = 'id,from,to,amount,reference\r\nT1,A0,A1,5.00,Müller\r\n'

describe('replay reads a file in', () => {
  test.each<[string, Buffer, string | undefined]>([
    ['windows-1252', iconv.encode(CSV.replace('Müller', 'Müller €'), 'windows-1252'), 'cp1252'],
    ['ISO-8859-15', iconv.encode(CSV, 'iso-8859-15'), 'ISO-8859-15'],
    ['IBM code page 850', iconv.encode(CSV, 'cp850'), 'cp850'],
    ['UTF-16, by its mark', Buffer.from(`\uFEFF${CSV}`, 'utf16le'), undefined],
    ['UTF-16, by its mark against the option', Buffer.from(`\uFEFF${CSV}`, 'utf16le'), 'latin1'],
    ['UTF-16, big-endian, by its mark', Buffer.from(`\uFEFF${CSV}`, 'utf16le').swap16(), undefined],
    [
      'windows-1252, by its name, although it is ASCII',
      Buffer.from(CSV.replace('Müller', '')),
      'cp1252',
    ],
    ['UTF-16 without a mark', Buffer.from(CSV, 'utf16le'), 'utf-16le'],
    ['UTF-16, big-endian, without a mark', Buffer.from(CSV, 'utf16le').swap16(), 'UTF-16BE'],
    ['UTF-8, by its mark against the option', Buffer.from(`\uFEFF${CSV}`), 'windows-1252'],
    ['UTF-16, gzipped', gzipSync(Buffer.from(`\uFEFF${CSV}`, 'utf16le')), undefined],
  ])('%s', async (_, content, encoding) => {
    const { posted, transfers } = await replayed(content, { encoding })

    expect(posted).toEqual(['T1 A0 A1 5'])
    expect(transfers[0]?.reference ?? 'Müller').toMatch(/^Müller( €)?$/)
  })

  test('UTF-16 from the standard input, however its bytes arrive', async () => {
    await openAccounts(Account, { count: 2, openingBalance: '100' })
    const bytes = [...Buffer.from(`\uFEFF${CSV}`, 'utf16le')].map((byte) => Buffer.of(byte))

    const summary = await replay(connection, { file: '-', stdin: Readable.from(bytes) })

    expect(summary.posted).toBe(1)
  })
})

/** Splits a CSV file into records, without a database. */
async function read(content: Buffer, encoding?: string) {
  const source = await openSource({ file: await makeFile('f.csv', content), encoding })
  try {
    const dialect = { delimiter: ',', quote: '"' }
    const records: RawRecord[] = []
    const lines = linesOf(source.bytes(), 'f', { encoding: source.encoding.name, quote: '"' })
    for await (const block of csvRecords(lines, dialect, 'f')) records.push(...block)
    return records.map((record) => ({
      line: record.line,
      fields: fieldsOf(record, dialect),
      problem: record.problem,
    }))
  } finally {
    await source.close()
  }
}

const WRITTEN = [
  ['windows-1252', 'aäß,"\n'],
  ['iso-8859-5', 'aЖ,"\n'],
  ['shift_jis', 'a日本,"\n'],
  ['gb18030', 'a中😀,"\n'],
  ['utf-16le', 'a日\u0A0D\u0D0A,"\n'],
  ['utf-16be', 'a日\u0A0D\u0D0A😀,"\n'],
] as const

test.each(WRITTEN)('any text in %s reads as the same text in UTF-8', async (encoding, alphabet) => {
  const field = fc.string({ unit: fc.constantFrom(...Array.from(alphabet)), maxLength: 20 })
  const anyText = fc
    .array(fc.array(field, { minLength: 2, maxLength: 2 }), { minLength: 1, maxLength: 9 })
    .map((rows) =>
      rows.map((row) => row.map((value) => `"${value.replaceAll('"', '""')}"`).join()).join('\n'),
    )
  await fc.assert(
    fc.asyncProperty(anyText, fc.nat(300_000), async (text, filler) => {
      // A long line first, so that any character may lie across the end of a block.
      const whole = `${'x'.repeat(filler)}\n${text}`
      const encoded = iconv.encode(whole, encoding)

      expect(await read(encoded, encoding)).toEqual(await read(Buffer.from(whole)))
    }),
    { numRuns: 15 },
  )
})

describe('what is not text is reported with its line', () => {
  const head = 'id,from,to,amount\nT1,A0,A1,1\n'
  const utf16 = (text: string) => Buffer.from(text, 'utf16le')

  test.each([
    ['windows-1252', iconv.encode(head, 'latin1'), Buffer.from('T2,A0\x81', 'latin1')],
    ['utf-16le', utf16(head), utf16('T2,A0\uD800')],
    ['utf-16be', utf16(head).swap16(), utf16('T2,A0\uDC00,A1,1\n').swap16()],
  ])('in %s', async (encoding, text, damage) => {
    const { posted, refusals } = await replayed(Buffer.concat([text, damage]), { encoding })

    expect(posted).toEqual(['T1 A0 A1 1'])
    const message = expect.stringMatching(new RegExp(`^column 6 is not valid ${encoding}$`, 'i'))
    expect(refusals).toMatchObject([{ _id: { line: 3 }, code: 'MALFORMED_LINE', message }])
  })

  test('in UTF-16 that ends in the middle of a unit', async () => {
    const { refused } = await replayed(
      Buffer.concat([utf16(`\uFEFF${head}T2,A0,A1,1`), Buffer.of(48)]),
    )

    expect(refused).toEqual(['3 MALFORMED_LINE'])
  })

  test('in UTF-8, with advice to name the encoding', async () => {
    const { refusals } = await replayed(iconv.encode(CSV, 'windows-1252'))

    expect(refusals).toMatchObject([
      {
        message: expect.stringMatching(
          /^column 16 is not valid UTF-8 \(if the whole file is .* --encoding windows-1252\)$/,
        ),
      },
    ])
  })
})

describe('replay refuses', () => {
  test.each<[string, string | Buffer, Partial<ReplayOptions>, RegExp]>([
    [
      'UTF-16 without a mark if no option names it',
      Buffer.from(CSV, 'utf16le'),
      {},
      /line 1: the file seems to be in UTF-16 and has no byte order mark: add --encoding utf-16le$/,
    ],
    [
      'UTF-16 in the other order of bytes',
      Buffer.from(CSV.replaceAll(/[a-z]/g, 'я'), 'utf16le').swap16(),
      {},
      /add --encoding utf-16be$/,
    ],
    [
      'an unknown encoding',
      CSV,
      { encoding: 'windows-12520' },
      /^'encoding' "windows-12520" is not a known encoding: use for example utf-8, windows-1252/,
    ],
    [
      'UTF-8 if the option says otherwise',
      CSV.replace('Müller', 'Mü'),
      { encoding: 'windows-1252' },
      /line 1: the file is in UTF-8, not in windows-1252: leave out --encoding/,
    ],
    ['what is not an encoding of text', CSV, { encoding: 'base64' }, /not a known encoding/],
    [
      'an array in another encoding',
      iconv.encode('[{"from":"A0","to":"A1","amount":1,"note":"é"}]', 'latin1'),
      { format: 'json' },
      /is not valid UTF-8: add --encoding, such as --encoding windows-1252$/,
    ],
  ])('%s', async (_, content, options, message) => {
    await expect(replayed(content, options)).rejects.toThrow(message)
    expect((await booksOf(connection)).batches).toEqual([])
  })

  test('to continue a batch in another encoding, but takes the default by its name', async () => {
    const { file, summary } = await replayed(CSV)

    expect(await replay(connection, { file, encoding: 'UTF8' })).toMatchObject({
      name: summary.name,
      alreadyFinished: true,
    })
    await expect(replay(connection, { file, encoding: 'Shift_JIS' })).rejects.toThrow(
      /was started with the options .*, not .*"encoding":"shift_jis"/,
    )
  })
})

describe('rejects are written in the encoding of the file and can be replayed with its options:', () => {
  const rows = 'A0;A9;5;Müller €\r\nA0;A1;1;\r\nA0;A9\r\n'
  const objects = ['A9', 'A1'].map((to) => ({ from: 'A0', to, amount: 5, reference: 'Müller €' }))

  test.each<[string, string, string, Partial<ReplayOptions>, string?]>([
    ['CSV', `from;to;amount;reference\r\n${rows}`, 'windows-1252', { delimiter: ';' }],
    ['CSV with a mark', `\uFEFFfrom;to;amount;reference\n${rows}`, 'utf-16le', { delimiter: ';' }],
    ['CSV without a mark', `from;to;amount;reference\n${rows}`, 'utf-16be', { delimiter: ';' }],
    [
      'CSV without a header',
      rows,
      'iso-8859-15',
      { delimiter: ';', columns: ['from', 'to', 'amount', 'Verwendung →'] },
    ],
    [
      'JSON Lines in a file with a name that the encoding does not have',
      objects.map((object) => JSON.stringify(object)).join('\n'),
      'windows-1252',
      { file: '日本.jsonl' },
    ],
    ['a JSON array', JSON.stringify(objects), 'utf-16le', { file: 'batch.json' }],
    ['UTF-8 with a mark', `\uFEFFfrom;to;amount;reference\n${rows}`, 'utf-8', { delimiter: ';' }],
  ])('%s', async (_, text, written, options) => {
    const isMarked = text.startsWith('\uFEFF')
    const encoding = isMarked ? 'windows-1252' : written
    const file = options.file ?? 'batch.csv'
    const rejects = await makeFile('rejects', '')
    const { refusals } = await replayed(iconv.encode(text, written), {
      ...options,
      file,
      encoding,
      rejects,
    })
    const content = await readFile(rejects)
    const again = { ...options, encoding, format: /json/.test(file) ? 'json' : 'csv' } as const
    const unchanged = await replay(connection, {
      ...again,
      file: await makeFile('unchanged', content),
    })
    const ids = (await booksOf(connection)).refusals.map((refusal) => refusal as Refusal)
    const fixed = iconv.encode(
      iconv
        .decode(content, written, { stripBOM: false })
        .replaceAll('A9;5', 'A1;5')
        .replace('"A9"', '"A1"'),
      written,
    )
    const corrected = await replay(connection, { ...again, file: await makeFile('fixed', fixed) })

    expect(iconv.decode(content, written, { stripBOM: false }).startsWith('\uFEFF')).toBe(isMarked)
    expect(unchanged.refused).toBe(refusals.length)
    const idsOf = (batch: string) =>
      ids.filter(({ _id }) => _id.batch === batch).map(({ transferId }) => transferId)
    expect(idsOf('unchanged')).toEqual(idsOf(file))
    expect(corrected.posted).toBe(1)
    const transfers = (await booksOf(connection)).transfers as { reference?: string }[]
    expect(transfers.some(({ reference }) => reference === 'Müller €')).toBe(
      options.columns === undefined,
    )
  })
})

interface Refusal {
  readonly _id: { readonly batch: string }
  readonly transferId?: string
}
