import { describe, expect, test } from 'vitest'
import type { ReplayOptions } from '../../src/replay/replay.ts'
import { booksOf, replayingOn } from '../support/batch.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
const { connection } = database
const replayed = replayingOn(database)

describe('replay refuses a line without an id', () => {
  test.each([
    ['CSV', 'batch.csv', 'id,from,to,amount\nT,A0,A1,1\n,A0,A1,2\n " " ,A0,A1,3\n'],
    [
      'JSON',
      'batch.jsonl',
      '\n{"id":"T","from":"A0","to":"A1","amount":1}\n{"id":"","from":"A0","to":"A1","amount":2}\n{"from":"A0","to":"A1","amount":3}\n',
    ],
  ])('in a %s file whose other lines have ids', async (_, file, content) => {
    const { posted, refused } = await replayed(content, { file })

    expect(posted).toEqual(['T A0 A1 1'])
    expect(refused).toEqual(['3 INVALID_TRANSFER_ID', '4 INVALID_TRANSFER_ID'])
  })
})

describe('JSON', () => {
  const file = 'batch.jsonl'

  test('cannot be mapped by the number of a key, because keys have no order', async () => {
    const content = '{"x":"A0","y":"A1","z":1}\n{"y":"A1","x":"A0","z":1}\n'

    await expect(
      replayed(content, { file, map: { from: '#1', to: '#2', amount: 'z' } }),
    ).rejects.toThrow(
      /line 1: no column is named "#1": the columns are "x", "y", "z"; choose one with --map from=COLUMN \(a name, because keys have no numbers\); no other object can/,
    )
    expect((await booksOf(connection)).transfers).toEqual([])
  })

  test('can be mapped by a key that looks like a number', async () => {
    const { posted } = await replayed('{"id":"T","#1":"A0","to":"A1","amount":1}', {
      file,
      map: { from: '#1' },
    })

    expect(posted).toEqual(['T A0 A1 1'])
  })

  test('is refused line by line if its first lines cannot be read', async () => {
    const { posted, refused } = await replayed(
      'garbage\n{"id":"T2","from":"A0","to":"A1"}\n{"id":"T3","from":"A0","to":"A1","amount":1}\n',
      { file },
    )

    expect({ posted, refused }).toEqual({
      posted: ['T3 A0 A1 1'],
      refused: ['1 MALFORMED_LINE', '2 MALFORMED_LINE'],
    })
  })

  test('is searched to its end for the keys that the options name', async () => {
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
      'where needs a value of a key that no object has',
      '{"id":"T1","from":"A0","to":"A1","amount":1,"code":"a"}',
      { where: { cod: 'a' } },
      /no object has the key "cod": correct the option that names it; did you mean "code"\?$/,
    ],
    [
      'several keys match one role',
      '{"from":"A0","fromAccount":"A0","from_account":"A0","to":"A1","amount":1}',
      {},
      /more than one column can be "from": "fromAccount" and "from_account"; choose one, as in --map 'from=COLUMN'/,
    ],
    [
      'an object goes over several lines in what is said to be JSON Lines',
      `${JSON.stringify({ id: 'T1', from: 'A0', to: 'A1', amount: 1 }, null, 2)}\n`,
      { format: 'jsonl' },
      /line 1: this is not JSON: .*; in JSON Lines .* leave out --format jsonl; no JSON object follows$/,
    ],
  ])('starts no batch when %s', async (_, content, options, message) => {
    await expect(replayed(content, { file, ...options })).rejects.toThrow(message)
    expect((await booksOf(connection)).batches).toEqual([])
  })

  test.each([101, 5_000, 100_000])(
    'is refused when a value is nested %i levels deep',
    async (depth) => {
      const content = [
        '{"id":"T1","from":"A0","to":"A1","amount":1}',
        `{"id":"T2","from":"A0","to":"A1","amount":1,"x":${'['.repeat(depth)}${']'.repeat(depth)}}`,
      ]

      const { posted, refusals } = await replayed(content.join('\n'), { file, keep: true })

      expect(posted).toEqual(['T1 A0 A1 1'])
      expect(refusals).toMatchObject([
        { message: 'its values are nested more than 100 levels deep' },
      ])
    },
  )

  test('can have an ObjectId as id, but not as amount', async () => {
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

  test('that cannot be read gets a short printable message, whatever it contains', async () => {
    const key = `\u001B[31m${'k'.repeat(10_000)}`
    const { refusals } = await replayed(
      `{"id":"T","from":"A0","to":"A1","amount":1}\n{"${key}":1,"${key}":2}\n`,
      { file },
    )

    expect(refusals[0]?.message).toMatch(/^this is not JSON: .{1,170}$/)
    expect(refusals[0]?.message).not.toMatch(/\p{Cc}/u)
  })
})

describe('CSV starts no batch, and the error gives a hint, when', () => {
  test.each<[string, string, Partial<ReplayOptions>, RegExp]>([
    [
      'quoted fields have another delimiter',
      '"order_id";"account_to";"amount"\n1;"A0";1\n',
      {},
      /line 1: column 11: text follows .*; the fields seem to be separated by ";": add --delimiter ";"/,
    ],
    ...[
      ['<html><table><tr><td>Date', 'HTML', 'export it as CSV'],
      ['<?xml version="1.0"?><Document/>', 'XML', 'read it with --transform, as .*camt053'],
      ['<Document>', 'XML', 'read it with --transform'],
      [':20:STARTUMSE', 'MT940', 'read it with --transform, as .*mt940'],
      ['OFXHEADER:100', 'OFX', 'export it as CSV'],
      ['!Type:Bank', 'QIF', 'export it as CSV'],
      ['%PDF-1.4', 'PDF', 'export it as CSV'],
    ].map(([first, name, remedy]): [string, string, object, RegExp] => [
      `it is ${name}, as ${first}`,
      `${first}\nx\n`,
      {},
      new RegExp(`line 1: this looks like ${name}, which is not a table of transfers: ${remedy}`),
    ]),
    [
      'it is JSON',
      '{"id":"T1","from":"A0","to":"A1","amount":1}\n',
      {},
      /line 1: .*; this looks like JSON: add --format json/,
    ],
    [
      'it is a JSON array',
      '[{"id":1,"from":2,"to":3,"amount":1}]\n',
      {},
      /line 1: .*; this looks like JSON: add --format json/,
    ],
    [
      'its lines end in CR only and it has no header',
      'T1,A0,A1,1\rT2,A0,A1,1\r',
      { columns: ['id', 'from', 'to', 'amount'] },
      /line 1: the lines end in CR only/,
    ],
    [
      'its lines end in CR only and have quotes',
      '"id","from","to","amount"\r"T1","A0","A1","1"\r',
      {},
      /line 1: the lines end in CR only/,
    ],
    [
      'its lines end in NEL only',
      'id,from,to,amount\u0085T1,A0,A1,1\u0085',
      {},
      /line 1: the lines end in "\\u0085": save the file with line ends LF or CRLF/,
    ],
    [
      'it is empty and has no header',
      '',
      { columns: ['from', 'to', 'amount'] },
      /the file is empty: expected one transfer a line/,
    ],
    [
      'too many columns would be kept',
      `from,to,amount,${Array.from({ length: 140_000 }, (_, index) => `c${index}`).join(',')}\n`,
      { keep: true },
      /line 1: 140000 columns would be kept, but 32 is the most/,
    ],
  ])('%s', async (_, content, options, message) => {
    await expect(replayed(content, options)).rejects.toThrow(message)
    expect((await booksOf(connection)).batches).toEqual([])
  })
})

test('a CR inside a field is part of it in a file without a header', async () => {
  const { posted } = await replayed('T1,A0,A1,1,a\rb\nT2,A0,A1,2,\n', {
    columns: ['id', 'from', 'to', 'amount', 'note'],
  })

  expect(posted).toEqual(['T1 A0 A1 1', 'T2 A0 A1 2'])
})

test('columns with reserved names are kept under other names', async () => {
  const { transfers } = await replayed(
    'from,to,amount,toJSON,toBSON,_bsontype,constructor\nA0,A1,1,a,b,c,d\n',
    { keep: true },
  )

  expect(transfers).toMatchObject([
    { metadata: { toJSON_: 'a', toBSON_: 'b', _bsontype_: 'c', constructor_: 'd' } },
  ])
})
