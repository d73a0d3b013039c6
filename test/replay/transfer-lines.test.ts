import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openBatchFile } from '../../src/replay/reading/format.ts'
import type { ReadingOptions } from '../../src/replay/reading/reading-options.ts'
import { type ReplayOptions, replay } from '../../src/replay/replay.ts'
import { openSource } from '../../src/replay/source/source.ts'
import { booksOf, makeFile, replayingOn } from '../support/batch.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
const { connection, Account } = database
const replayed = replayingOn(database)

const BANK = [
  'Statement;31.01.2026',
  'Account;"DE02 of "A0"',
  '',
  '# booked',
  'id;from;to;amount;"note',
  'in two lines"',
  'T1;A0;A1;5.00;"a',
  '# not a comment"',
  '# pending',
  'T2;A1;A2;1.50;',
  '',
  'Sum;;;6.50;',
  'End',
  '',
].join('\r\n')
const AROUND = { delimiter: ';', comment: '#', skipLast: 2 }

describe('of a file with lines around its transfers, replay posts only the transfers when', () => {
  test.each<[string, string, Partial<ReplayOptions>]>([
    ['the lines before the header are counted', BANK, { ...AROUND, skip: 4 }],
    ['comments stand before the header', BANK, { ...AROUND, skip: 3 }],
    ['columns of the header are named', BANK, { ...AROUND, header: ['from', 'amount'] }],
    ['a column with a line end is named', BANK, { ...AROUND, header: ['note\r\nin two lines'] }],
    [
      'it has no header',
      BANK.replace(/id;from[^T]*/, ''),
      { ...AROUND, skip: 3, columns: ['id', 'from', 'to', 'amount', 'note'] },
    ],
    [
      'Excel names its delimiter before them',
      `sep=;\r\n${BANK}`,
      { ...AROUND, delimiter: undefined, header: ['id', 'from'] },
    ],
  ])('%s', async (_, content, options) => {
    const { posted, refusals, summary } = await replayed(content, options)

    expect({ posted, refusals }).toEqual({ posted: ['T1 A0 A1 5', 'T2 A1 A2 1.5'], refusals: [] })
    expect(summary).toMatchObject({ read: 2, records: 2 })
  })
})

test('refused lines have the numbers that they have in the whole file', async () => {
  const { refused } = await replayed(BANK.replaceAll('A1', 'A9'), { ...AROUND, skip: 3 })

  expect(refused).toEqual(['7 ACCOUNT_NOT_FOUND', '10 ACCOUNT_NOT_FOUND'])
})

const preamble = 'Statement of January\nAccount;A0\n\nBooked;Amount;Payee\nA1;1;A2\n'

test.each<[string, string, Partial<ReplayOptions>, RegExp]>([
  [
    'no line is the header that is named',
    preamble,
    { delimiter: ';', header: ['From', 'To'] },
    /no header with the columns "From", "To", which --header names, was found in lines 1 to 5: the first of them are "Statement of January", "Account;A0", "Booked;Amount;Payee"$/,
  ],
  [
    'a line has some of the columns of the header',
    preamble,
    { delimiter: ';', header: ['Booked', 'Amount', 'Receiver'] },
    /in lines 1 to 5: line 4 comes nearest, but it does not have "Receiver"$/,
  ],
  [
    'a line has the columns of the header between other delimiters',
    preamble,
    { header: ['Booked', 'Amount'] },
    /"Booked;Amount;Payee"; the fields seem to be separated by ";": add --delimiter ";"$/,
  ],
  [
    'the header is far away',
    `${'x\n'.repeat(1_000)}from,to,amount\n`,
    { header: ['from'] },
    /was found in lines 1 to 1000: /,
  ],
  [
    'more lines are skipped than there are',
    'from,to,amount\n',
    { skip: 2 },
    /nothing follows the 2 skipped lines: expected a header/,
  ],
  [
    'its first line is read as the header, but is a transfer',
    'A0,A1,1.00\nA0,A1,2.00\n',
    { map: { from: '#1', to: '#2', amount: '#3' } },
    /line 1: the line is read as the header, but its amount "1.00" is an amount, so it seems to be a transfer: name the columns .* with --columns NAMES; if it is the header, add --skip 1 too$/,
  ],
  [
    'its first line has a credit in place of the name of that column',
    'title\n2026-01-02,SHOP,,"1.250,75 €"\n',
    { skip: 1, map: { debit: '#3', credit: '#4' }, set: { account: 'A0', counterparty: 'A1' } },
    /line 2: the line is read as the header, but its credit "1\.250,75 €" is an amount/,
  ],
  [
    'its first line is not the header, and no column is named',
    '01/28/2026,-45.67,*,,SHOP\n',
    {},
    /no column was found for "from".*; the first line seems to be a transfer: name the columns of a file without a header with --columns NAMES$/,
  ],
  [
    'fewer records than those after the transfers are there',
    'from,to,amount\nA0,A1,1\n',
    { skipLast: 2 },
    /the file has 1 records, but --skip-last says that 2 after the transfers are none: is the file/,
  ],
])('replay posts nothing if %s', async (_, content, options, message) => {
  await expect(replayed(content, options)).rejects.toThrow(message)
  expect((await booksOf(connection)).batches).toEqual([])
})

/** Reads the rows of a file, without a database. */
async function rowsOf(content: string, options: ReadingOptions = {}) {
  const source = await openSource({ file: await makeFile('f.csv', content) })
  try {
    const file = await openBatchFile(source, { batch: 'f', options })
    const rows = []
    for await (const block of file.records()) {
      for (const record of block) rows.push(file.row(record, rows.length + 1))
    }
    return rows
  } finally {
    await source.close()
  }
}

test('any lines around the transfers change only the numbers of their lines', async () => {
  const line = fc.string({ unit: fc.constantFrom('a', ',', '"', ' ', 'to'), maxLength: 9 })
  const field = fc.string({ unit: fc.constantFrom('b', ',', '"', '\n', '#'), maxLength: 9 })
  const quoted = field.map((text) => `"${text.replaceAll('"', '""')}"`)
  await fc.assert(
    fc.asyncProperty(
      fc.array(line, { maxLength: 5 }),
      fc.array(fc.tuple(quoted, quoted, quoted), { maxLength: 5 }),
      fc.array(fc.nat(9), { maxLength: 3 }),
      fc.constantFrom('skip', 'header'),
      async (before, rows, after, found) => {
        const records = ['id,from,to,amount', ...rows.map((row) => `T,${row.join(',')}`)]
        const plain = `${records.join('\n')}\n`
        const around = [
          ...before.map((text) => `${text}\n`),
          ...records.map((record) => `#",\n${record}\n`),
          ...after.map((total) => `sum,${total}\n`),
        ].join('')
        const options = {
          comment: '#"',
          skipLast: after.length,
          ...(found === 'skip' ? { skip: before.length } : { header: ['from', 'amount'] }),
        }

        const expected = await rowsOf(plain)
        const read = await rowsOf(around, options)

        expect(read.map((row) => ({ ...row, line: 0 }))).toEqual(
          expected.map((row) => ({ ...row, line: 0 })),
        )
        expect(read.map((row) => row.line)).toEqual(
          expected.map((row, index) => row.line + before.length + index + 2),
        )
      },
    ),
    { numRuns: 50 },
  )
})

describe('the rejects of a file with lines around its transfers can be replayed with its options:', () => {
  const rows = 'A0,A1,1,\nA0,A9,2,"x\n# y"\nA9,A1,3,\n'
  const header = 'from,to,amount,note\n'

  test.each<[string, string, Partial<ReplayOptions>]>([
    ['skip', `a\nb\n${header}${rows}`, { skip: 2 }],
    ['header', `a,"\nb\n${header}${rows}`, { header: ['to', 'amount'] }],
    ['skipLast', `${header}${rows}sum,,6,\nend\n`, { skipLast: 2 }],
    ['comment', `${header}${rows}`, { comment: 'code' }],
    [
      'columns and all the others',
      `#\na\nb\n${rows}end\n`,
      { columns: ['from', 'to', 'amount', 'note'], skip: 3, skipLast: 1, comment: '#' },
    ],
    ['a delimiter by Excel', `sep=,\na\n${header}${rows}sum\n`, { skip: 2, skipLast: 1 }],
    ['quotes by another program', `a\n${header}${rows}`, { skip: 1 }],
  ])('%s', async (name, content, options) => {
    const rejects = await makeFile('rejects.csv', '')
    const { posted } = await replayed(content, { ...options, rejects })
    const text = (await readFile(rejects, 'utf8')).replace(
      /^code,message,line/m,
      name.startsWith('quotes') ? '"code","message","line"' : '$&',
    )
    const unchanged = await replay(connection, {
      ...options,
      file: await makeFile('unchanged.csv', text),
    })
    await Account.open({ accountId: 'A9', holder: 'Ada', currency: 'USD', openingBalance: '9' })
    const corrected = await replay(connection, {
      ...options,
      file: await makeFile('corrected.csv', text),
    })

    expect(posted).toHaveLength(1)
    expect(unchanged).toMatchObject({ read: 2, posted: 0, refused: 2 })
    expect(corrected).toMatchObject({ read: 2, posted: 2, refused: 0 })
    const { transfers } = (await booksOf(connection)) as { transfers: { _id: string }[] }
    expect(transfers.every(({ _id }) => _id.startsWith('batch.csv:'))).toBe(true)
  })
})
