import { readFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { jsonElements } from '../../src/replay/reading/json/json-elements.ts'
import { openBatchFile } from '../../src/replay/reading/format.ts'
import type { ReadingOptions } from '../../src/replay/reading/reading-options.ts'
import { type ReplayOptions, replay } from '../../src/replay/replay.ts'
import { openSource } from '../../src/replay/source/source.ts'
import { booksOf, makeFile, openAccounts, replayingOn } from '../support/batch.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
const { connection, Account } = database
const replayed = replayingOn(database)

const ROWS = [
  { id: 'T1', from: 'A0', to: 'A1', amount: '12.34', details: { note: ']}"{[' } },
  { id: 'T2', from: 'A1', to: 'A2', amount: '5', details: {} },
]
const pretty = (value: unknown) => JSON.stringify(value, null, 2)
const AT = 'transactions.booked'
const wrapped = (booked: unknown) => ({
  info: { booked: [1], 'transactions.x': [] },
  transactions: { pending: ['{'], booked, other: { booked: [] } },
  end: ']}',
})

describe('replay reads', () => {
  test.each<[string, string, Partial<ReplayOptions>]>([
    ['objects over several lines', ROWS.map(pretty).join('\n'), {}],
    ['one object over several lines after the other', `\n ${ROWS.map(pretty).join(' ')}\n`, {}],
    ['objects on one line', ROWS.map((row) => JSON.stringify(row)).join(''), {}],
    [
      'objects on one line, in a file named as lines',
      ROWS.map(pretty).join(''),
      { file: 'a.jsonl' },
    ],
    ['objects in a file without an extension', ROWS.map(pretty).join('\r\n'), { file: 'batch' }],
    ['a wrapped array', JSON.stringify(wrapped(ROWS)), { at: AT }],
    ['a wrapped array on many lines', `\uFEFF${pretty(wrapped(ROWS))}\n`, { at: AT }],
    [
      'several objects with an array, one after another',
      ROWS.map((row) => pretty(wrapped([row]))).join('\n'),
      { at: AT },
    ],
    ['an array whose name has a dot', JSON.stringify({ [AT]: ROWS }), { at: AT }],
    [
      'an array whose name is written with escapes',
      pretty({ 'a"é': ROWS }).replace('é', String.raw`\u00e9`),
      { at: 'a"é' },
    ],
  ])('%s', async (_, content, options) => {
    const { posted, refused } = await replayed(content, { file: 'batch.json', ...options })

    expect({ posted, refused }).toEqual({ posted: ['T1 A0 A1 12.34', 'T2 A1 A2 5'], refused: [] })
  })

  test('every number of mongoexport by its own digits, and its dates as text', async () => {
    const amounts = [
      '{ "$numberDecimal": "5.10" }',
      '{ "$numberDouble": "1.5" }',
      '{ "$numberInt": "2" }',
      '{ "$numberLong": "3" }',
      '{ "$numberLong": 4 }',
      '0.30',
    ]
    const dates = [
      '{ "$date": "2026-01-02T03:04:05Z" }',
      '{ "$date": { "$numberLong": "1767323045000" } }',
      '{ "$date": 1767323045000 }',
      '{ "$date": "soon" }',
      '{ "$date": { "$numberLong": "99999999999999999" } }',
      'null',
    ]
    const content = amounts.map((amount, index) =>
      pretty({ _id: `T${index}`, from: 'A0', to: 'A1', amount: 'AMOUNT', at: 'DATE' })
        .replace('"AMOUNT"', amount)
        .replace('"DATE"', dates[index] ?? ''),
    )

    const { transfers } = await replayed(content.join('\n'), { file: 'a.json', keep: ['at'] })

    expect(transfers.map(({ amount }) => amount.toString())).toEqual([
      '5.10',
      '1.50',
      '2.00',
      '3.00',
      '4.00',
      '0.30',
    ])
    expect(transfers.map(({ metadata }) => metadata?.['at'])).toEqual([
      '2026-01-02T03:04:05Z',
      '2026-01-02T03:04:05.000Z',
      '2026-01-02T03:04:05.000Z',
      '{"$date":"soon"}',
      '{"$date":"99999999999999999"}',
      undefined,
    ])
  })

  test('an object of many megabytes on one line from the standard input', async () => {
    await openAccounts(Account, { count: 3, openingBalance: '1000' })
    const long = 'x'.repeat(3_000_000)
    const text = JSON.stringify({ [long]: [long], ...wrapped(ROWS), last: { [long]: long } })

    const summary = await replay(connection, { file: '-', stdin: Readable.from([text]), at: AT })

    expect(summary.posted).toBe(2)
  })
})

test('a broken line of JSON Lines is refused alone, even if it is the first', async () => {
  const [one, two] = ROWS.map((row) => JSON.stringify(row))

  const { posted, refused } = await replayed(`${one?.slice(0, -1)}\n${one}\n${two}\n`, {
    file: 'batch.json',
  })

  expect(posted).toHaveLength(2)
  expect(refused).toEqual(['1 MALFORMED_LINE'])
})

test('elements that are not transfers are refused with their lines', async () => {
  const content = pretty(wrapped([7, ...ROWS, { id: 'T3' }]))

  const { posted, refused } = await replayed(content, { file: 'batch.json', at: AT })

  expect(posted).toHaveLength(2)
  const lineOf = (text: string) => content.split('\n').findIndex((line) => line.includes(text)) + 1
  expect(refused).toEqual([
    `${lineOf(' 7,')} MALFORMED_LINE`,
    `${lineOf('"T3"') - 1} MALFORMED_LINE`,
  ])
})

describe('replay posts nothing if', () => {
  const [first = ''] = ROWS.map(pretty)

  test.each<[string, string, Partial<ReplayOptions>, RegExp]>([
    [
      'an object never closes',
      `${first}\n{\n"id":`,
      {},
      /line 10: the object that starts here never closes/,
    ],
    [
      'something stands between objects',
      `${first},\n${first}`,
      {},
      /line 9: expected the opening { of an object or the end of the file, but found ","$/,
    ],
    [
      'the array is not an array',
      pretty(wrapped({ a: 1 })),
      { at: AT },
      /line 12: the array "transactions.booked", which --at names, was not found: "transactions.booked" is an object, not an array$/,
    ],
    [
      'the array is null',
      pretty(wrapped(null)),
      { at: AT },
      /is null, true, false or a number, not/,
    ],
    [
      'the object around the array is a text',
      '{"transactions":"none"}',
      { at: AT },
      /line 1: .* was not found: "transactions" is a text, not an object$/,
    ],
    [
      'the array is missing',
      String.raw`{"transactions":{"pending":[],"\u001B":1}}`,
      { at: AT },
      /was not found: "transactions" has the keys "pending", "\\u001b"$/,
    ],
    ['the object is empty', '{}', { at: AT }, /was not found: the object has no keys$/],
    [
      'one of several objects has no array',
      `${pretty(wrapped(ROWS))}\n{"a":1}`,
      { at: AT },
      /the object has the keys "a"$/,
    ],
    [
      'the array is there twice',
      '{"a":[],"a":[]}',
      { at: 'a' },
      /the array "a", .*, is there twice$/,
    ],
    [
      'the file is an array itself',
      '[]',
      { at: AT },
      /the file is an array itself, .*: leave out --at$/,
    ],
    ['the file is empty', ' ', { at: AT }, /the file is empty: expected an object with the array/],
    ['the file ends within the array', '{"a":[{},', { at: 'a' }, /the array never closes/],
    ['the file ends after the array', '{"a":[]', { at: 'a' }, /the object never closes/],
    [
      'a key has no quotes',
      '{a:[]}',
      { at: 'a' },
      /expected a key in double quotes or the closing }, but found "a"/,
    ],
    [
      'a colon is missing',
      '{"a"[]}',
      { at: 'a' },
      /expected a colon after the key, but found "\["/,
    ],
    [
      'a value is missing',
      '{"a":,"b":1}',
      { at: 'b' },
      /expected a value after the colon, but found ","/,
    ],
    ['the file is CSV', 'from,to,amount\n', { at: 'a', file: 'a.csv' }, /^'at' is for JSON files/],
    ['the format is CSV', '{}', { at: 'a', format: 'csv' }, /^'at' is for JSON files/],
    ['the name of the array is empty', '{}', { at: 'a..b' }, /^'at' "a..b" is not the dotted name/],
  ])('%s', async (_, content, options, message) => {
    await expect(replayed(content, { file: 'batch.json', ...options })).rejects.toThrow(message)
    expect((await booksOf(connection)).batches).toEqual([])
  })
})

/** Reads the rows of a file, without a database. */
async function rowsOf(name: string, content: string, options: ReadingOptions = {}) {
  const source = await openSource({ file: await makeFile(name, content) })
  try {
    const file = await openBatchFile(source, { batch: 'f', options })
    const rows = []
    for await (const block of file.records()) {
      for (const record of block) rows.push(file.row(record, rows.length + 1))
    }
    return rows.map(({ request, problem }) => ({ request, problem }))
  } finally {
    await source.close()
  }
}

const anyRow = fc.record({
  id: fc.string({
    unit: fc.constantFrom('a', '"', '\\', '{', '}', '[', ']', ',', '\n', 'é', '😀'),
  }),
  from: fc.constantFrom('A0', 'A1'),
  to: fc.constant('A2'),
  amount: fc.oneof(fc.integer(), fc.constantFrom({ $numberDouble: '1.5' }, '5')),
  note: fc.jsonValue({ maxDepth: 2 }),
})

test('objects read the same one a line, one after another, in an array and in a wrapped array', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyRow, { minLength: 1, maxLength: 8 }),
      fc.constantFrom(undefined, 1, '\t'),
      async (rows, indent) => {
        const options = { keep: ['note'] }
        const texts = rows.map((row) => JSON.stringify(row, null, indent))
        const expected = await rowsOf(
          'f.jsonl',
          rows.map((row) => `${JSON.stringify(row)}\n`).join(''),
          options,
        )

        expect(await rowsOf('f.json', texts.join(' '), options)).toEqual(expected)
        expect(await rowsOf('f.json', texts.join('\r\n'), options)).toEqual(expected)
        expect(await rowsOf('f.json', JSON.stringify(rows, null, indent), options)).toEqual(
          expected,
        )
        expect(
          await rowsOf('f.json', JSON.stringify(wrapped(rows), null, indent), {
            ...options,
            at: AT,
          }),
        ).toEqual(expected)
      },
    ),
    { numRuns: 30 },
  )
})

test.each([
  ['wrapped', pretty(wrapped([...ROWS, 1, 'é']))],
  ['array', pretty([...ROWS, 1, 'é'])],
  ['objects', ROWS.map(pretty).join('')],
] as const)(
  'a file that is %s is split the same wherever its bytes are cut',
  async (layout, text) => {
    const bytes = Buffer.from(text)
    const split = async (size: number) => {
      const encoding = { name: 'UTF-8', decoder: undefined } as never
      const blocks = async function* () {
        for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
      }
      const elements = []
      const source = { name: 'f', encoding, bytes: blocks }
      for await (const block of jsonElements(source, { layout, at: AT })) elements.push(...block)
      return elements
    }
    const whole = await split(bytes.length)
    const expected = layout === 'objects' ? ROWS : [...ROWS, 1, 'é']

    expect(whole.map((element) => JSON.parse(element.text) as unknown)).toEqual(expected)
    for (const { line, text: element } of whole) {
      const lines = text.split('\n').slice(line - 1)
      expect(lines.join('\n')).toContain(element)
      expect(lines.slice(1).join('\n')).not.toContain(element)
    }
    for (const size of [1, 2, 3, 7, 50]) expect(await split(size)).toEqual(whole)
  },
)

describe('the rejects can be replayed with the same options, if the file has', () => {
  const rows = [
    { from: 'A0', to: 'A9', amount: 1, code: 'a' },
    { from: 'A0', to: 'A1', amount: 2 },
    { from: 'A0', to: 'A9', amount: 3, note: { text: '\n' } },
    7,
  ]

  test.each<[string, string, Partial<ReplayOptions>]>([
    ['objects over several lines', rows.slice(0, 3).map(pretty).join('\n'), {}],
    [
      'objects on one line',
      rows
        .slice(0, 3)
        .map((row) => JSON.stringify(row))
        .join(''),
      {},
    ],
    ['a wrapped array', pretty(wrapped(rows)), { at: AT }],
    ['only refused elements that are not objects', pretty(wrapped(rows.slice(1, 4))), { at: AT }],
  ])('%s', async (_, content, options) => {
    const rejects = await makeFile('rejects.json', '')
    const { refused } = await replayed(content, { ...options, file: 'batch.json', rejects })
    const text = await readFile(rejects, 'utf8')
    const again = async (name: string) =>
      await replay(connection, { ...options, file: await makeFile(name, text), rejects })
    const unchanged = await again('unchanged.json')
    await Account.open({ accountId: 'A9', holder: 'Ada', currency: 'USD', openingBalance: '9' })
    const corrected = await again('corrected.json')
    const none = await replay(connection, {
      ...options,
      file: await makeFile('none.json', text.replaceAll(/"A9"/g, '"A1"')),
      name: 'none.json',
    })

    expect(unchanged).toMatchObject({ read: refused.length, posted: 0, refused: refused.length })
    const malformed = refused.filter((line) => line.endsWith('MALFORMED_LINE')).length
    expect(corrected).toMatchObject({ posted: refused.length - malformed, refused: malformed })
    expect(none.read).toBe(refused.length)
    const { transfers } = (await booksOf(connection)) as { transfers: { _id: string }[] }
    expect(transfers.every(({ _id }) => _id.startsWith('batch.json:'))).toBe(true)
  })

  test('nothing to refuse', async () => {
    const rejects = await makeFile('rejects.json', '')
    const options = { at: AT, rejects }
    await replayed(pretty(wrapped(ROWS)), { ...options, file: 'batch.json' })
    const empty = await makeFile('empty.json', await readFile(rejects))

    expect(await replay(connection, { ...options, file: empty })).toMatchObject({ read: 0 })
    expect(await replay(connection, { ...options, file: empty })).not.toHaveProperty('keptRejects')
  })
})
