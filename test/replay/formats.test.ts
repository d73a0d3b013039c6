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

describe('replay reads', () => {
  test.each<[string, string, string | Buffer, Partial<ReplayOptions>?]>([
    ['CSV', 'batch.csv', CSV],
    ['CSV with a byte order mark and CRLF', 'batch.csv', `\uFEFF${CSV.replaceAll('\n', '\r\n')}`],
    ['CSV with mixed line ends and none at the end', 'batch.csv', CSV.trim().replace('\n', '\r\n')],
    ['CSV with quotes', 'batch.csv', CSV.replaceAll(/\w[\w.]*/g, '"$&"')],
    ['CSV with spaces around the fields', 'batch.csv', CSV.replaceAll(',', ' \t, ')],
    ['CSV with spaces around quoted fields', 'batch.csv', CSV.replaceAll(/A\d/g, ' "$&"\t')],
    [
      'CSV with a delimiter at the end of the lines only',
      'batch.csv',
      CSV.replaceAll(/5$|4$/gm, '$&,, '),
    ],
    [
      'CSV with a delimiter at the end of the header only',
      'batch.csv',
      CSV.replace('amount', 'amount,'),
    ],
    ['CSV with blank lines', 'batch.csv', `\n${CSV.replaceAll('\n', '\n\n  \n')}`],
    ['CSV with semicolons', 'batch.csv', CSV.replaceAll(',', ';'), { delimiter: ';' }],
    [
      'CSV with the separator line that Excel writes',
      'batch.csv',
      `\uFEFFsep=;\r\n${CSV.replaceAll(',', ';')}`,
    ],
    ['a JSON array in a file named as JSON Lines', 'batch.jsonl', JSON.stringify(ROWS)],
    ['CSV with another quote', 'batch.csv', CSV.replaceAll(/A\d/g, "'$&'"), { quote: "'" }],
    [
      'CSV without a header',
      'batch.csv',
      CSV.slice(CSV.indexOf('\n') + 1),
      { columns: ['id', 'from', 'to', 'amount'] },
    ],
    ['CSV, gzipped', 'batch.csv.gz', gzipSync(CSV)],
    ['CSV, gzipped, in a file whose name does not show it', 'batch.csv', gzipSync(CSV)],
    [
      'CSV in several gzip members',
      'batch.csv.gz',
      Buffer.concat([gzipSync(CSV.slice(0, 30)), gzipSync(CSV.slice(30))]),
    ],
    ['CSV in a file with an unknown extension', 'batch.dat', CSV],
    ['CSV in any file with format csv', 'batch.json', CSV, { format: 'csv' }],
    ['TSV', 'batch.tsv', CSV.replaceAll(',', '\t')],
    ['JSON Lines', 'batch.jsonl', ROWS.map((row) => JSON.stringify(row)).join('\n')],
    [
      'JSON Lines with numbers',
      'batch.ndjson',
      '{"id":"T1","from":"A0","to":"A1","amount":12.34}\r\n\r\n{"id":"T2","from":"A1","to":"A2","amount":5}\r\n',
    ],
    [
      'JSON Lines in a file without an extension',
      'batch',
      ROWS.map((row) => JSON.stringify(row)).join('\n'),
    ],
    ['a JSON array', 'batch.json', JSON.stringify(ROWS)],
    ['a JSON array on many lines', 'batch.json', `\uFEFF ${JSON.stringify(ROWS, null, 2)}\n\n`],
    ['a JSON array, gzipped', 'batch.json.gz', gzipSync(JSON.stringify(ROWS))],
    ['what mongoexport writes', 'transfers.json', MONGOEXPORT.join('\n')],
    ['what mongoexport --jsonArray writes', 'transfers.json', `[${MONGOEXPORT.join(',\n')}]\n`],
    [
      'canonical extended JSON',
      'transfers.json',
      '{"id":"T1","from":"A0","to":"A1","amount":{"$numberDouble":"12.34"}}\n{"id":"T2","from":"A1","to":"A2","amount":{"$numberInt":"5"}}',
    ],
  ])('%s', async (_, name, content, options = {}) => {
    const { posted, refused } = await replayed(content, { file: name, ...options })

    expect({ posted, refused }).toEqual({ posted: POSTED, refused: [] })
  })

  test('JSON numbers with their exact digits, and numbers as ids', async () => {
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

  test('the line number of each record, even after a field with line ends', async () => {
    const { refusals } = await replayed(
      'id,from,to,amount,reference\nT1,A0,A1,x,"two\r\nlines"\nT2,A0,A1,y,\n',
    )

    expect(refusals.map(({ _id, row }) => [_id.line, row])).toEqual([
      [2, 'T1,A0,A1,x,"two\r\nlines"'],
      [4, 'T2,A0,A1,y,'],
    ])
  })

  test('array elements on one line with a different id for each', async () => {
    const row = { from: 'A0', to: 'A1', amount: 1 }
    const { posted, refused } = await replayed(JSON.stringify([row, row, { ...row, to: 'x' }, 7]), {
      file: 'batch.json',
    })

    expect(posted).toEqual(['batch.json:1 A0 A1 1', 'batch.json:1.2 A0 A1 1'])
    expect(refused).toEqual(['1 ACCOUNT_NOT_FOUND', '1 MALFORMED_LINE'])
  })

  test('CSV as csv-parse reads it, whatever the fields contain', async () => {
    const field = fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r\n', 'é', ' ') })
    const records = fc.array(fc.array(field, { minLength: 3, maxLength: 3 }), { minLength: 1 })
    const end = fc.constantFrom('\n', '\r\n')
    await fc.assert(
      fc.asyncProperty(records, end, fc.integer({ min: 1, max: 20 }), async (rows, eol, size) => {
        const text = rows.map((row) => row.map(quoted).join(',') + eol).join('')
        const bytes = Buffer.from(text)
        // Each block overwrites the one before it, as when a file is read.
        const memory = Buffer.alloc(size)
        const blocks = (async function* () {
          for (let at = 0; at < bytes.length; at += size) {
            yield memory.subarray(0, bytes.copy(memory, 0, at))
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
    [
      'the PaySim data set',
      'step,type,amount,nameOrig,oldbalanceOrg,nameDest,isFraud\n1,X,12.34,A0,1,A1,0\n',
    ],
    ['the notebook', 'transfer_id,from_account,to_account,amount\nT,A0,A1,12.34\n'],
    ['the export of a bank', 'Transaction ID,Debit Account,Credit Account,Amount\nT,A0,A1,12.34\n'],
    ['an export of our transfers', '_id,fromAccount,toAccount,amount\nT,A0,A1,12.34\n'],
    ['capitals', 'SENDER,RECEIVER,AMOUNT\nA0,A1,12.34\n'],
  ])('are recognized in %s', async (_, content) => {
    const { transfers } = await replayed(content)

    expect(transfers).toMatchObject([{ fromAccount: 'A0', toAccount: 'A1' }])
  })

  test('are ignored for a role that the map sets to null', async () => {
    const content =
      'id,from,to,amount,Payment Currency,memo\nT,A0,A1,12.34,US Dollar,x\nT,A0,A1,5,,\n'
    const map = { transferId: null, currency: null, reference: null }

    const { posted, transfers } = await replayed(content, { map, keep: ['memo'] })

    expect(posted).toEqual(['batch.csv:2 A0 A1 12.34', 'batch.csv:3 A0 A1 5'])
    expect(transfers[0]).toMatchObject({ metadata: { memo: 'x' } })
    expect(transfers[0]).not.toHaveProperty('reference')
    await expect(replayed(content, { map: { amount: null } })).rejects.toThrow(
      `'map' says that no column is "amount": every transfer needs one`,
    )
  })

  test('can be mapped by name or by number', async () => {
    const content = 'Account,amount,Account,balance\nA0,999,A1,12.34\n'

    const { posted } = await replayed(content, { map: { from: '#1', to: '#3', amount: 'balance' } })

    expect(posted).toEqual(['batch.csv:2 A0 A1 12.34'])
  })

  test.each<[string, string, RegExp, Partial<ReplayOptions>?]>([
    [
      'is not found and others share a name',
      'Account,amount,Account\nA0,1,A1\n',
      /no column was found for "from": the columns are "Account" \(#1\), "amount", "Account" \(#3\); choose one by name or number with --map from=COLUMN; if this is the statement of an account, map account and counterparty/,
    ],
    [
      'is not in the first line',
      'Exported by bank,2024-01-01\nfrom,to,amount\nA0,A1,1\n',
      /"2024-01-01"; choose one with --map from=COLUMN; line 2 looks like the header: add --skip 1$/,
    ],
    [
      'is nowhere',
      'Exported by bank,2024-01-01\nA0,A1\n',
      /; the first line must be the header: for lines before it add --skip COUNT or --header COLUMNS/,
    ],
    [
      'is named by --where and not in the first line',
      'Exported by bank,2024-01-01\n"\nfrom,to,amount,status\nA0,A1,1,x\n',
      /no column is named "status", .*; line 3 looks like the header: add --skip 2$/,
      { where: { status: 'x' } },
    ],
    [
      'has a comma in a file with another delimiter',
      'from;to;amount, net\nA0;A1;1\n',
      /the fields seem to be separated by ";": add --delimiter ";"$/,
    ],
    [
      'is missing',
      'from,amount\nA0,1\n',
      /line 1: no column was found for "to": the columns are "from", "amount"; choose one with --map to=COLUMN; if this is the statement of an account/,
    ],
    [
      'is mapped but does not exist',
      CSV,
      /no column is named "sum": the columns are "id", /,
      { map: { amount: 'sum' } },
    ],
    [
      'exists twice',
      'from,to,amount,amount\nA0,A1,1,2\n',
      /more than one column can be "amount": "amount" \(#3\) and "amount" \(#4\); choose one, as in --map 'amount=#3'$/,
    ],
    [
      'is mapped twice',
      CSV,
      /column "from" is mapped to both from and to/,
      { map: { to: 'from' } },
    ],
    [
      'is not found and the delimiter seems to be another',
      'from;to;amount\n',
      /the fields seem to be separated by ";"/,
    ],
    [
      'is to be kept but does not exist',
      CSV,
      /no column is named "x": --keep must name columns of the file, and without names it keeps all/,
      { keep: ['x'] },
    ],
    [
      'would be kept under the same key as another',
      'from,to,amount,a.b,a_b\n',
      /two columns would be kept as "a_b"/,
      { keep: true },
    ],
    [
      'is one of too many to keep',
      `from,to,amount,${Array.from({ length: 33 }, (_, index) => `c${index}`)}\n`,
      /33 columns would be kept, but 32 is the most/,
      { keep: true },
    ],
    [
      'has an invisible character in its name',
      'from,to,\u202Eamount\n',
      /the columns are "from", "to", "\\u202eamount"/,
    ],
  ])('are refused when one %s', async (_, content, message, options = {}) => {
    await expect(replayed(content, options)).rejects.toThrow(message)
    expect((await booksOf(connection)).batches).toEqual([])
  })

  test('without a role are kept as metadata on request', async () => {
    const content = 'from,to,amount,$type.of,note,empty\nA0,A1,1,X, n ,\n'

    const { transfers } = await replayed(content, { keep: true })

    expect(transfers).toMatchObject([{ metadata: { _type_of: 'X', note: 'n' } }])
    expect(transfers[0]?.metadata).not.toHaveProperty('empty')
  })

  test('of JSON are kept with the exact text of the file', async () => {
    const { transfers } = await replayed(
      '{"from":"A0","to":"A1","amount":1,"rate":1.10,"ok":true,"none":null,"tags":["a"]}',
      { file: 'batch.jsonl', keep: ['rate', 'ok', 'none', 'tags'] },
    )

    expect(transfers).toMatchObject([{ metadata: { rate: '1.10', ok: true, tags: '["a"]' } }])
  })

  test('without a currency get the one from the options', async () => {
    const { refused } = await replayed(
      'from,to,amount,currency\nA0,A1,1,\nA0,A1,1,USD\nA0,A1,1,usd\nA0,A1,1,GBP\n',
      {
        currency: 'EUR',
      },
    )

    expect(refused).toEqual(['2 CURRENCY_MISMATCH', '5 CURRENCY_MISMATCH'])
  })
})

describe('replay refuses only the line', () => {
  test.each<[string, string | Buffer, RegExp]>([
    [
      'has too few fields',
      'T,A0,A1',
      /3 fields but 4 are expected: field 4 \("amount"\) is missing/,
    ],
    [
      'has too many fields',
      'T,A0,A1,1,000.00',
      /5 fields but 4 are expected: field 5 is one too many/,
    ],
    [
      'has text after a closing quote',
      'T,"A0"x,A1,1',
      /column 7: text follows the closing quote of field 2/,
    ],
    ['is not UTF-8', Buffer.from('T,A0,\xff,1', 'latin1'), /column 6 is not valid UTF-8/],
    ['contains a NUL', 'T,A\0,A1,1', /column 4 is a NUL character/],
    ['is very long', `T,A0,A1,${'9'.repeat(1_100_000)}`, /longer than 1048576 bytes/],
  ])('that %s', async (_, line, message) => {
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
    ['an exponent', '1e3'],
    ['hexadecimal', '0x10'],
    ['Infinity', 'Infinity'],
    ['NaN', 'NaN'],
    ['parentheses', '(5)'],
    ['Arabic digits', '٥'],
    ['full-width digits', '５'],
    ['an empty text', ''],
    ['a right-to-left mark', '\u200F5'],
    ['a trailing dot', '5.'],
    ['too many decimals', '0.001'],
    ['a negative number', '-5'],
  ])('with %s as amount', async (_, amount) => {
    const { refused, posted } = await replayed(`id,from,to,amount\nT,A0,A1,${amount}\n`)

    expect({ refused, posted }).toEqual({ refused: ['2 INVALID_AMOUNT'], posted: [] })
  })

  test.each([
    ['broken JSON', '{"id":', 'column 7: '],
    ['a number', '5', 'this is JSON but not an object'],
    [
      'an object with a key twice',
      '{"id":"T","from":"A0","to":"A1","amount":1,"amount":2}',
      "Duplicate key 'amount'",
    ],
    [
      'an object without an amount',
      '{"id":"T","from":"A0","to":"A1"}',
      'no column was found for "amount"',
    ],
  ])('of JSON Lines that is %s', async (_, line, message) => {
    const [first, second] = ROWS.map((row) => JSON.stringify(row))

    const { posted, refusals } = await replayed(`${first}\n${line}\n${second}\n`, {
      file: 'batch.jsonl',
    })

    expect(posted).toEqual(POSTED)
    expect(refusals).toMatchObject([
      { _id: { line: 2 }, code: 'MALFORMED_LINE', message: expect.stringContaining(message) },
    ])
  })

  test('of JSON Lines with an operator in place of a value', async () => {
    const { refused } = await replayed(
      '{"id":"T","from":{"$gt":""},"to":"A1","amount":1}\n{"id":{"$ne":1},"from":"A0","to":"A1","amount":1}\n{"id":"T","from":"A0","to":"A1","amount":{"$gt":1}}',
      { file: 'batch.jsonl' },
    )

    expect(refused).toEqual(['1 INVALID_ACCOUNT_ID', '2 INVALID_TRANSFER_ID', '3 INVALID_AMOUNT'])
  })
})

describe('replay posts nothing from a file', () => {
  const many = `from,to,amount\n${'A0,A1,1\n'.repeat(3_000)}`

  test.each<[string, string, string | Buffer, RegExp]>([
    ['is empty', 'batch.csv', '', /the file is empty/],
    ['has only blank lines', 'batch.csv', '\n \n', /the file is empty/],
    ['is empty JSON Lines', 'batch.jsonl', '', /the file is empty/],
    ['is empty JSON', 'batch.json', '', /the file is empty/],
    [
      'never closes a quote',
      'batch.csv',
      `${many}A0,"A1,1\n${'A0,A1,1\n'.repeat(50)}`,
      /line 3002, column 4: the quote that opens here is never closed: close it, or/,
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
      /gzip data is incomplete/,
    ],
    [
      'is damaged gzip',
      'batch.csv.gz',
      Buffer.concat([gzipSync('a').subarray(0, 10), Buffer.alloc(50, 7)]),
      /gzip data is damaged/,
    ],
    [
      'is binary',
      'batch.csv',
      Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 0, 0, 13, 10]),
      /line 1: column 1 is not valid UTF-8 .*: a batch must be a text file/,
    ],
    [
      'has one line of 3 MB',
      'batch.csv',
      'x'.repeat(3_000_000),
      /line 1: the line is longer than 1048576 bytes/,
    ],
    ['ends its lines in CR', 'batch.csv', CSV.replaceAll('\n', '\r'), /the lines end in CR only/],
    [
      'contains no JSON',
      'batch.jsonl',
      'hello\nworld\n',
      /line 1: this is not JSON: column 1: .*; no JSON object follows$/,
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
      /line 2: expected an element, but found "\]"/,
    ],
    [
      'has text after an array',
      'batch.json',
      '[{"from":"A0","to":"A1","amount":1}]\nx',
      /line 2: expected the end of the file, but found "x"/,
    ],
    [
      'is an array with a very long element',
      'batch.json',
      `[{"from":"A0","to":"A1","amount":1},\n{"x":"${'x'.repeat(1_500_000)}"}]`,
      /line 2: the element that starts here is longer than/,
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

  test('that does not exist or is a folder', async () => {
    await expect(replay(connection, { file: '/no/such/file.csv' })).rejects.toThrow(
      /the file does not exist/,
    )
    await expect(replay(connection, { file: '/tmp' })).rejects.toThrow(/this is a folder/)
  })

  test.each([
    ['a JSON array without elements', 'batch.json', '[ ]'],
    ['blank JSON Lines', 'batch.jsonl', '\n'],
  ])('that is %s, but finishes the batch', async (_, file, content) => {
    const { summary } = await replayed(content, { file })

    expect(summary).toMatchObject({ status: 'finished', read: 0 })
  })
})
