import { gzipSync } from 'node:zlib'
import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { csvRecords, fieldsOf } from '../../src/replay/reading/csv/csv-records.ts'
import { type ReplayOptions, replay } from '../../src/replay/replay.ts'
import { linesOf } from '../../src/replay/source/lines.ts'
import type { RawRecord } from '../../src/replay/source/raw-record.ts'
import { booksOf, replayingOn } from '../support/batch.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
const { connection, Account } = database
const replayed = replayingOn(database)

const POSTED = ['T1 A0 A1 12.34', 'T2 A1 A2 5']
const CSV = 'id,from,to,amount\nT1,A0,A1,12.34\nT2,A1,A2,5\n'
const ROWS = [
  { id: 'T1', from: 'A0', to: 'A1', amount: '12.34' },
  { id: 'T2', from: 'A1', to: 'A2', amount: '5' },
]
const MONGOEXPORT = ROWS.map(({ id, from, to, amount }) =>
  JSON.stringify({
    _id: { $oid: '5f9b3b3b3b3b3b3b3b3b3b3b' },
    transfer_id: id,
    to_account: to,
    from_account: from,
    amount: { $numberDecimal: amount },
  }),
)

const quoted = (value: string) => `"${value.replaceAll('"', '""')}"`

describe('a batch is read', () => {
  test.each<[string, string, string | Buffer, Partial<ReplayOptions>?]>([
    ['CSV', 'batch.csv', CSV],
    ['CSV with a byte order mark and CRLF', 'batch.csv', `\uFEFF${CSV.replaceAll('\n', '\r\n')}`],
    ['CSV with mixed line ends and none at the end', 'batch.csv', CSV.trim().replace('\n', '\r\n')],
    ['CSV with quotes', 'batch.csv', CSV.replaceAll(/\w[\w.]*/g, '"$&"')],
    ['CSV with spaces around the fields', 'batch.csv', CSV.replaceAll(',', ' \t, ')],
    ['CSV with spaces around quotes', 'batch.csv', CSV.replaceAll(/A\d/g, ' "$&"\t')],
    ['CSV with blank lines', 'batch.csv', `\n${CSV.replaceAll('\n', '\n\n  \n')}`],
    ['CSV with semicolons', 'batch.csv', CSV.replaceAll(',', ';'), { delimiter: ';' }],
    [
      'CSV with the line that Excel writes',
      'batch.csv',
      `\uFEFFsep=;\r\n${CSV.replaceAll(',', ';')}`,
    ],
    ['a JSON array under the name of JSON Lines', 'batch.jsonl', JSON.stringify(ROWS)],
    ['CSV with another quote', 'batch.csv', CSV.replaceAll(/A\d/g, "'$&'"), { quote: "'" }],
    [
      'CSV without a header',
      'batch.csv',
      CSV.slice(CSV.indexOf('\n') + 1),
      { columns: ['id', 'from', 'to', 'amount'] },
    ],
    ['CSV, gzipped', 'batch.csv.gz', gzipSync(CSV)],
    ['CSV, gzipped under a name that does not say so', 'batch.csv', gzipSync(CSV)],
    [
      'CSV in several gzip members',
      'batch.csv.gz',
      Buffer.concat([gzipSync(CSV.slice(0, 30)), gzipSync(CSV.slice(30))]),
    ],
    ['CSV under any name', 'batch.dat', CSV],
    ['CSV by --format', 'batch.json', CSV, { format: 'csv' }],
    ['TSV', 'batch.tsv', CSV.replaceAll(',', '\t')],
    ['JSON Lines', 'batch.jsonl', ROWS.map((row) => JSON.stringify(row)).join('\n')],
    [
      'JSON Lines with numbers',
      'batch.ndjson',
      '{"id":"T1","from":"A0","to":"A1","amount":12.34}\r\n\r\n{"id":"T2","from":"A1","to":"A2","amount":5}\r\n',
    ],
    ['JSON Lines under any name', 'batch', ROWS.map((row) => JSON.stringify(row)).join('\n')],
    ['a JSON array', 'batch.json', JSON.stringify(ROWS)],
    ['a JSON array on many lines', 'batch.json', `\uFEFF ${JSON.stringify(ROWS, null, 2)}\n\n`],
    ['a JSON array, gzipped', 'batch.json.gz', gzipSync(JSON.stringify(ROWS))],
    ['what mongoexport writes', 'transfers.json', MONGOEXPORT.join('\n')],
    ['what mongoexport --jsonArray writes', 'transfers.json', `[${MONGOEXPORT.join(',\n')}]\n`],
    [
      'the canonical extended JSON',
      'transfers.json',
      '{"id":"T1","from":"A0","to":"A1","amount":{"$numberDouble":"12.34"}}\n{"id":"T2","from":"A1","to":"A2","amount":{"$numberInt":"5"}}',
    ],
  ])('as %s', async (_, name, content, options = {}) => {
    const { posted, refused } = await replayed(content, { file: name, ...options })

    expect({ posted, refused }).toEqual({ posted: POSTED, refused: [] })
  })

  test('with the exact digits of JSON numbers, and ids that are numbers', async () => {
    const amount = '0.01'
    const id = '12345678901234567890'
    await Account.open({
      accountId: id,
      holder: 'Ada',
      currency: 'USD',
      openingBalance: '99999999999999999999.99',
    })

    const { posted } = await replayed(
      `{"id":1,"from":${id},"to":"A0","amount":99999999999999999999.98}\n{"id":2,"from":${id},"to":"A0","amount":${amount}}`,
      { file: 'batch.jsonl' },
    )

    expect(posted).toEqual([`1 ${id} A0 99999999999999999999.98`, `2 ${id} A0 0.01`])
  })

  test('with the line of each record, where fields hold line ends too', async () => {
    const { refusals } = await replayed(
      'id,from,to,amount,reference\nT1,A0,A1,x,"two\r\nlines"\nT2,A0,A1,y,\n',
    )

    expect(refusals.map(({ _id, row }) => [_id.line, row])).toEqual([
      [2, 'T1,A0,A1,x,"two\r\nlines"'],
      [4, 'T2,A0,A1,y,'],
    ])
  })

  test('with ids of their own for elements of an array that share a line', async () => {
    const row = { from: 'A0', to: 'A1', amount: 1 }
    const { posted, refused } = await replayed(JSON.stringify([row, row, { ...row, to: 'x' }, 7]), {
      file: 'batch.json',
    })

    expect(posted).toEqual(['batch.json:1 A0 A1 1', 'batch.json:1.2 A0 A1 1'])
    expect(refused).toEqual(['1 ACCOUNT_NOT_FOUND', '1 MALFORMED_LINE'])
  })

  test('as csv-parse reads it, whatever stands in the fields', async () => {
    const field = fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r\n', 'é', ' ') })
    const records = fc.array(fc.array(field, { minLength: 3, maxLength: 3 }), { minLength: 1 })
    const end = fc.constantFrom('\n', '\r\n')
    await fc.assert(
      fc.asyncProperty(records, end, fc.integer({ min: 1, max: 20 }), async (rows, eol, size) => {
        const text = rows.map((row) => row.map(quoted).join(',') + eol).join('')
        const bytes = Buffer.from(text)
        // Each in the place of the one before, as a file is read.
        const place = Buffer.alloc(size)
        const blocks = (async function* () {
          for (let at = 0; at < bytes.length; at += size) {
            yield place.subarray(0, bytes.copy(place, 0, at))
          }
        })()
        const dialect = { delimiter: ',', quote: '"' }
        const read: RawRecord[] = []
        for await (const block of csvRecords(linesOf(blocks, 'f'), dialect, 'f'))
          read.push(...block)

        expect(read.map((record) => fieldsOf(record, dialect))).toEqual(
          parse(text, { record_delimiter: eol }),
        )
      }),
    )
  })
})

describe('columns', () => {
  test.each([
    ['PaySim', 'step,type,amount,nameOrig,oldbalanceOrg,nameDest,isFraud\n1,X,12.34,A0,1,A1,0\n'],
    ['the notebook', 'transfer_id,from_account,to_account,amount\nT,A0,A1,12.34\n'],
    ['a bank', 'Transaction ID,Debit Account,Credit Account,Amount\nT,A0,A1,12.34\n'],
    ['an export of the transfers', '_id,fromAccount,toAccount,amount\nT,A0,A1,12.34\n'],
    ['capitals', 'SENDER,RECEIVER,AMOUNT\nA0,A1,12.34\n'],
  ])('are recognised in a file of %s', async (_, content) => {
    const { transfers } = await replayed(content)

    expect(transfers).toMatchObject([{ fromAccount: 'A0', toAccount: 'A1' }])
  })

  test('are left alone where the map says that none holds it', async () => {
    const content =
      'id,from,to,amount,Payment Currency,memo\nT,A0,A1,12.34,US Dollar,x\nT,A0,A1,5,,\n'
    const map = { transferId: null, currency: null, reference: null }

    const { posted, transfers } = await replayed(content, { map, keep: ['memo'] })

    expect(posted).toEqual(['batch.csv:2 A0 A1 12.34', 'batch.csv:3 A0 A1 5'])
    expect(transfers[0]).toMatchObject({ metadata: { memo: 'x' } })
    expect(transfers[0]).not.toHaveProperty('reference')
    await expect(replayed(content, { map: { amount: null } })).rejects.toThrow(
      'map says that no column is the amount, which every transfer has',
    )
  })

  test('are taken as mapped, by name or by number', async () => {
    const content = 'Account,amount,Account,balance\nA0,999,A1,12.34\n'

    const { posted } = await replayed(content, { map: { from: '#1', to: '#3', amount: 'balance' } })

    expect(posted).toEqual(['batch.csv:2 A0 A1 12.34'])
  })

  test.each<[string, string, RegExp, Partial<ReplayOptions>?]>([
    [
      'share their names',
      'Account,amount,Account\nA0,1,A1\n',
      /no column is known as from: the columns are "Account" \(#1\), "amount", "Account" \(#3\); name it, or its number, with --map from=COLUMN$/,
    ],
    [
      'are not in the first line',
      'Exported by bank,2024-01-01\nfrom,to,amount\nA0,A1,1\n',
      /"2024-01-01"; name it with --map from=COLUMN; the first line must be the header: take/,
    ],
    [
      'are delimited by another character, with a comma in one',
      'from;to;amount, net\nA0;A1;1\n',
      /the fields seem to be delimited by ";": say so with --delimiter$/,
    ],
    [
      'is missing',
      'from,amount\nA0,1\n',
      /line 1: no column is known as to: the columns are "from", "amount"; name it with --map to=COLUMN$/,
    ],
    [
      'is mapped and not there',
      CSV,
      /no column is named "sum": the columns are "id", /,
      { map: { amount: 'sum' } },
    ],
    [
      'is there twice',
      'from,to,amount,amount\nA0,A1,1,2\n',
      /both "amount" \(#3\) and "amount" \(#4\) can be the amount/,
    ],
    ['is mapped twice', CSV, /column "from" is mapped as from and as to/, { map: { to: 'from' } }],
    ['may be delimited otherwise', 'from;to;amount\n', /the fields seem to be delimited by ";"/],
    [
      'is to be kept and not there',
      CSV,
      /no column is named "x", which is to be kept/,
      { keep: ['x'] },
    ],
    [
      'would be kept under the key of another',
      'from,to,amount,a.b,a_b\n',
      /two columns would be kept as "a_b"/,
      { keep: true },
    ],
    [
      'is one of too many to keep',
      `from,to,amount,${Array.from({ length: 33 }, (_, index) => `c${index}`)}\n`,
      /33 columns would be kept and 32 are the most/,
      { keep: true },
    ],
    [
      'has an invisible mark in its name',
      'from,to,\u202Eamount\n',
      /the columns are "from", "to", "\\u202eamount"/,
    ],
  ])('are refused where one %s', async (_, content, message, options = {}) => {
    await expect(replayed(content, options)).rejects.toThrow(message)
    expect((await booksOf(connection)).batches).toEqual([])
  })

  test('with no use are kept as metadata when asked for', async () => {
    const content = 'from,to,amount,$type.of,note,empty\nA0,A1,1,X, n ,\n'

    const { transfers } = await replayed(content, { keep: true })

    expect(transfers).toMatchObject([{ metadata: { _type_of: 'X', note: 'n' } }])
    expect(transfers[0]?.metadata).not.toHaveProperty('empty')
  })

  test('of JSON are kept as text, exactly as they stand', async () => {
    const { transfers } = await replayed(
      '{"from":"A0","to":"A1","amount":1,"rate":1.10,"ok":true,"none":null,"tags":["a"]}',
      { file: 'batch.jsonl', keep: ['rate', 'ok', 'none', 'tags'] },
    )

    expect(transfers).toMatchObject([{ metadata: { rate: '1.10', ok: true, tags: '["a"]' } }])
  })

  test('that hold no currency get the one that is given', async () => {
    const { refused } = await replayed(
      'from,to,amount,currency\nA0,A1,1,\nA0,A1,1,USD\nA0,A1,1,usd\n',
      {
        currency: 'EUR',
      },
    )

    expect(refused).toEqual(['2 CURRENCY_MISMATCH', '4 CURRENCY_MISMATCH'])
  })
})

describe('a line that is no transfer is refused and the others are posted', () => {
  test.each<[string, string | Buffer, RegExp]>([
    [
      'has too few fields',
      'T,A0,A1',
      /3 fields and 4 are expected: field 4 \("amount"\) is missing/,
    ],
    [
      'has too many fields',
      'T,A0,A1,1,000.00',
      /5 fields and 4 are expected: field 5 is one too many/,
    ],
    [
      'has text after a closing quote',
      'T,"A0"x,A1,1',
      /column 7: more text follows the closing quote of field 2/,
    ],
    ['is not UTF-8', Buffer.from('T,A0,\xff,1', 'latin1'), /column 6 is not valid UTF-8/],
    ['holds a NUL', 'T,A\0,A1,1', /column 4 holds a NUL character/],
    ['is very long', `T,A0,A1,${'9'.repeat(1_100_000)}`, /longer than 1048576 bytes/],
  ])('where it %s', async (_, line, message) => {
    const [head, first, ...rest] = CSV.split('\n')
    const content = Buffer.concat([
      Buffer.from(`${head}\n${first}\n`),
      Buffer.from(line),
      Buffer.from(`\n${rest.join('\n')}`),
    ])

    const { posted, refusals } = await replayed(content)

    expect(posted).toEqual(POSTED)
    expect(refusals).toMatchObject([
      { _id: { line: 3 }, code: 'MALFORMED_LINE', message: expect.stringMatching(message) },
    ])
  })

  test.each([
    ['1,000.00', '"1,000.00"'],
    ['an exponent', '1e3'],
    ['a currency sign', '$5'],
    ['a decimal comma', '"5,00"'],
    ['hexadecimal', '0x10'],
    ['Infinity', 'Infinity'],
    ['NaN', 'NaN'],
    ['a sign', '+5'],
    ['brackets', '(5)'],
    ['Arabic digits', '٥'],
    ['full-width digits', '５'],
    ['nothing', ''],
    ['a no-break space', '1\u00A0000'],
    ['a right-to-left mark', '\u200F5'],
    ['a trailing dot', '5.'],
    ['too many decimals', '0.001'],
    ['less than zero', '-5'],
  ])('with %s for an amount', async (_, amount) => {
    const { refused, posted } = await replayed(`id,from,to,amount\nT,A0,A1,${amount}\n`)

    expect({ refused, posted }).toEqual({ refused: ['2 INVALID_AMOUNT'], posted: [] })
  })

  test.each([
    ['no JSON', '{"id":', 'column 7: '],
    ['a number', '5', 'not a JSON object'],
    [
      'a key twice',
      '{"id":"T","from":"A0","to":"A1","amount":1,"amount":2}',
      "Duplicate key 'amount'",
    ],
    ['without an amount', '{"id":"T","from":"A0","to":"A1"}', 'no column is known as amount'],
  ])('as JSON with %s', async (_, line, message) => {
    const [first, second] = ROWS.map((row) => JSON.stringify(row))

    const { posted, refusals } = await replayed(`${first}\n${line}\n${second}\n`, {
      file: 'batch.jsonl',
    })

    expect(posted).toEqual(POSTED)
    expect(refusals).toMatchObject([
      { _id: { line: 2 }, code: 'MALFORMED_LINE', message: expect.stringContaining(message) },
    ])
  })

  test('as JSON with an operator in place of an id', async () => {
    const { refused } = await replayed(
      '{"id":"T","from":{"$gt":""},"to":"A1","amount":1}\n{"id":{"$ne":1},"from":"A0","to":"A1","amount":1}\n{"id":"T","from":"A0","to":"A1","amount":{"$gt":1}}',
      { file: 'batch.jsonl' },
    )

    expect(refused).toEqual(['1 INVALID_ACCOUNT_ID', '2 INVALID_TRANSFER_ID', '3 INVALID_AMOUNT'])
  })
})

describe('a file that cannot be read posts nothing', () => {
  const many = `from,to,amount\n${'A0,A1,1\n'.repeat(3_000)}`

  test.each<[string, string, string | Buffer, RegExp]>([
    ['is empty', 'batch.csv', '', /the file is empty/],
    ['is blank', 'batch.csv', '\n \n', /the file is empty/],
    ['is empty JSON Lines', 'batch.jsonl', '', /the file is empty/],
    ['is empty JSON', 'batch.json', '', /the file is empty/],
    [
      'never closes a quote',
      'batch.csv',
      `${many}A0,"A1,1\n${'A0,A1,1\n'.repeat(50)}`,
      /line 3002, column 4: the quote that opens here never closes/,
    ],
    [
      'closes a quote too late',
      'batch.csv',
      `${many}A0,"A1,1\n${'A0,A1,1\n'.repeat(200_000)}`,
      /line 3002, column 4: the quote that opens here is not closed within 1048576 characters/,
    ],
    [
      'is truncated gzip',
      'batch.csv.gz',
      gzipSync(Buffer.from(many)).subarray(0, -20),
      /gzip data end too early/,
    ],
    [
      'is damaged gzip',
      'batch.csv.gz',
      Buffer.concat([gzipSync('a').subarray(0, 10), Buffer.alloc(50, 7)]),
      /gzip data are damaged/,
    ],
    [
      'is binary',
      'batch.csv',
      Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 0, 0, 13, 10]),
      /line 1: column 1 is not valid UTF-8: a batch is a text file/,
    ],
    [
      'is UTF-16',
      'batch.csv',
      Buffer.from(`\uFEFF${CSV}`, 'utf16le'),
      /in UTF-16: save it as UTF-8/,
    ],
    [
      'has one line of 3 MB',
      'batch.csv',
      'x'.repeat(3_000_000),
      /line 1: the line is longer than 1048576 bytes/,
    ],
    ['ends its lines in CR', 'batch.csv', CSV.replaceAll('\n', '\r'), /the lines end in CR alone/],
    [
      'holds no JSON',
      'batch.jsonl',
      'hello\nworld\n',
      /line 1: this is not JSON: column 1: .*; nor is there a JSON object after it/,
    ],
    [
      'is an array that never closes',
      'batch.json',
      '[{"from":"A0",\n"to":"A1","amount":1},',
      /line 2: the array never closes/,
    ],
    [
      'is an array with a comma too many',
      'batch.json',
      '[{"from":"A0","to":"A1","amount":1},\n]',
      /line 2: "\]" was found where an element was expected/,
    ],
    [
      'has text after an array',
      'batch.json',
      '[{"from":"A0","to":"A1","amount":1}]\nx',
      /line 2: "x" was found where the end of the file was expected/,
    ],
    [
      'is an array with a very long element',
      'batch.json',
      `[{"from":"A0","to":"A1","amount":1},\n{"x":"${'x'.repeat(1_500_000)}"}]`,
      /line 2: the element that begins here is longer than/,
    ],
    [
      'is an array that is not UTF-8',
      'batch.json',
      Buffer.from('[{"from":"A0","to":"A1","amount":1},\n"\xff"]', 'latin1'),
      /not valid UTF-8/,
    ],
  ])('that %s', async (_, file, content, message) => {
    await expect(replayed(content, { file })).rejects.toThrow(message)
    const { batches, transfers, refusals } = await booksOf(connection)
    expect({ batches, transfers, refusals }).toEqual({ batches: [], transfers: [], refusals: [] })
  })

  test('that is not there, or is a folder', async () => {
    await expect(replay(connection, { file: '/no/such/file.csv' })).rejects.toThrow(
      /there is no such file/,
    )
    await expect(replay(connection, { file: '/tmp' })).rejects.toThrow(/this is a directory/)
  })

  test.each([
    ['a JSON array without elements', 'batch.json', '[ ]'],
    ['JSON Lines that are blank', 'batch.jsonl', '\n'],
  ])('that is %s is an empty batch', async (_, file, content) => {
    const { summary } = await replayed(content, { file })

    expect(summary).toMatchObject({ status: 'finished', read: 0 })
  })
})
