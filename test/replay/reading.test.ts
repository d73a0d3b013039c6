import { describe, expect, test } from 'vitest'
import type { ReplayOptions } from '../../src/replay/replay.ts'
import { booksOf, replayingOn } from '../support/batch.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
const { connection } = database
const replayed = replayingOn(database)

describe('a line without an id is refused', () => {
  test.each([
    ['CSV', 'batch.csv', 'id,from,to,amount\nT,A0,A1,1\n,A0,A1,2\n " " ,A0,A1,3\n'],
    [
      'JSON',
      'batch.jsonl',
      '\n{"id":"T","from":"A0","to":"A1","amount":1}\n{"id":"","from":"A0","to":"A1","amount":2}\n{"from":"A0","to":"A1","amount":3}\n',
    ],
  ])('in a file of %s whose other lines have theirs', async (_, file, content) => {
    const { posted, refused } = await replayed(content, { file })

    expect(posted).toEqual(['T A0 A1 1'])
    expect(refused).toEqual(['3 INVALID_TRANSFER_ID', '4 INVALID_TRANSFER_ID'])
  })
})

describe('JSON', () => {
  const file = 'batch.jsonl'

  test('is not mapped by the number of a key, for its keys are in no order', async () => {
    const content = '{"x":"A0","y":"A1","z":1}\n{"y":"A1","x":"A0","z":1}\n'

    await expect(
      replayed(content, { file, map: { from: '#1', to: '#2', amount: 'z' } }),
    ).rejects.toThrow(
      /line 1: no column is named "#1": the columns are "x", "y", "z"; name it with --map from=COLUMN, for keys are in no order to be counted; nor can any other object/,
    )
    expect((await booksOf(connection)).transfers).toEqual([])
  })

  test('may be mapped by a key that looks like a number', async () => {
    const { posted } = await replayed('{"id":"T","#1":"A0","to":"A1","amount":1}', {
      file,
      map: { from: '#1' },
    })

    expect(posted).toEqual(['T A0 A1 1'])
  })

  test('is refused line by line where its first objects are not whole', async () => {
    const { posted, refused } = await replayed(
      'garbage\n{"id":"T2","from":"A0","to":"A1"}\n{"id":"T3","from":"A0","to":"A1","amount":1}\n',
      { file },
    )

    expect({ posted, refused }).toEqual({
      posted: ['T3 A0 A1 1'],
      refused: ['1 MALFORMED_LINE', '2 MALFORMED_LINE'],
    })
  })

  test('finds what the options name in any of its objects', async () => {
    const objects = [
      '{"id":"T1","from":"A0","to":"A1","amount":1}',
      '{"id":"T2","from":"A0","to":"A1","amount":1,"code":"a"}',
      '{"id":"T3","from":"A0","to":"A1","amount":1,"text":"b"}',
    ]

    const { transfers } = await replayed(objects.join('\n'), {
      file,
      map: { reference: 'text' },
      keep: ['code'],
    })

    expect(transfers).toMatchObject([{}, { metadata: { code: 'a' } }, { reference: 'b' }])
  })

  test.each<[string, string, Partial<ReplayOptions>, RegExp]>([
    [
      'an option names a key that no object has',
      '{"id":"T1","from":"A0","to":"A1","amount":1}',
      { keep: ['cod'] },
      /no object has a key named "cod", which an option names$/,
    ],
    [
      'two keys can be one thing',
      '{"from":"A0","fromAccount":"A0","from_account":"A0","to":"A1","amount":1}',
      {},
      /both "fromAccount" and "from_account" can be the from: choose one, as in --map 'from=COLUMN'/,
    ],
    [
      'objects stand on several lines',
      `${JSON.stringify({ id: 'T1', from: 'A0', to: 'A1', amount: 1 }, null, 2)}\n`,
      {},
      /line 1: this is not JSON: .* mongoexport --pretty writes them: write them without, or as an array; nor is there/,
    ],
  ])('that cannot be meant is not begun where %s', async (_, content, options, message) => {
    await expect(replayed(content, { file, ...options })).rejects.toThrow(message)
    expect((await booksOf(connection)).batches).toEqual([])
  })

  test.each([101, 5_000, 100_000])('is refused where a value is nested %i deep', async (depth) => {
    const content = [
      '{"id":"T1","from":"A0","to":"A1","amount":1}',
      `{"id":"T2","from":"A0","to":"A1","amount":1,"x":${'['.repeat(depth)}${']'.repeat(depth)}}`,
    ]

    const { posted, refusals } = await replayed(content.join('\n'), { file, keep: true })

    expect(posted).toEqual(['T1 A0 A1 1'])
    expect(refusals).toMatchObject([{ message: 'its values are nested more than 100 deep' }])
  })

  test('takes an ObjectId for an id, and not for an amount', async () => {
    const oid = '5f9b3b3b3b3b3b3b3b3b3b3b'
    const { posted, refused } = await replayed(
      `{"_id":{"$oid":"${oid}"},"from":"A0","to":"A1","amount":1}\n{"_id":"T","from":"A0","to":"A1","amount":{"$oid":"5"}}\n`,
      { file },
    )

    expect({ posted, refused }).toEqual({
      posted: [`${oid} A0 A1 1`],
      refused: ['2 INVALID_AMOUNT'],
    })
  })

  test('is told of in short printable text, whatever stands in it', async () => {
    const key = `\u001B[31m${'k'.repeat(10_000)}`
    const { refusals } = await replayed(
      `{"id":"T","from":"A0","to":"A1","amount":1}\n{"${key}":1,"${key}":2}\n`,
      { file },
    )

    expect(refusals[0]?.message).toMatch(/^this is not JSON: .{1,170}$/)
    expect(refusals[0]?.message).not.toMatch(/\p{Cc}/u)
  })
})

describe('CSV that is not as it is read is not begun, with a hint, where', () => {
  test.each<[string, string, Partial<ReplayOptions>, RegExp]>([
    [
      'quoted fields are delimited otherwise',
      '"order_id";"account_to";"amount"\n1;"A0";1\n',
      {},
      /line 1: column 11: more text .*; the fields seem to be delimited by ";": say so with --delimiter/,
    ],
    [
      'it is JSON',
      '{"id":"T1","from":"A0","to":"A1","amount":1}\n',
      {},
      /line 1: .*; this seems to be JSON: say so with --format json/,
    ],
    [
      'it is a JSON array',
      '[{"id":1,"from":2,"to":3,"amount":1}]\n',
      {},
      /line 1: .*; this seems to be JSON: say so with --format json/,
    ],
    [
      'its lines end in CR alone and have no header',
      'T1,A0,A1,1\rT2,A0,A1,1\r',
      { columns: ['id', 'from', 'to', 'amount'] },
      /line 1: the lines end in CR alone/,
    ],
    [
      'its lines end in CR alone and have quotes',
      '"id","from","to","amount"\r"T1","A0","A1","1"\r',
      {},
      /line 1: the lines end in CR alone/,
    ],
    [
      'it is empty and has no header',
      '',
      { columns: ['from', 'to', 'amount'] },
      /the file is empty: a transfer a line was expected/,
    ],
    [
      'more columns would be kept than can be',
      `from,to,amount,${Array.from({ length: 140_000 }, (_, index) => `c${index}`).join(',')}\n`,
      { keep: true },
      /line 1: 140000 columns would be kept and 32 are the most/,
    ],
  ])('%s', async (_, content, options, message) => {
    await expect(replayed(content, options)).rejects.toThrow(message)
    expect((await booksOf(connection)).batches).toEqual([])
  })
})

test('a CR within a field of a file without a header is part of it', async () => {
  const { posted } = await replayed('T1,A0,A1,1,a\rb\nT2,A0,A1,2,\n', {
    columns: ['id', 'from', 'to', 'amount', 'note'],
  })

  expect(posted).toEqual(['T1 A0 A1 1', 'T2 A0 A1 2'])
})

test('columns with names of a meaning of their own are kept under names without', async () => {
  const { transfers } = await replayed(
    'from,to,amount,toJSON,toBSON,_bsontype,constructor\nA0,A1,1,a,b,c,d\n',
    { keep: true },
  )

  expect(transfers).toMatchObject([
    { metadata: { toJSON_: 'a', toBSON_: 'b', _bsontype_: 'c', constructor_: 'd' } },
  ])
})
