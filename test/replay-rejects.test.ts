import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { type ReplayOptions, replay } from '../src/replay/replay.ts'
import { booksOf, makeFile, openAccounts, replayingOn } from './support/batch.ts'
import { useDatabase } from './support/database.ts'

const database = useDatabase()
const { connection, Account } = database
const replayed = replayingOn(database)

async function rejectsOf(content: string | Buffer, options: Partial<ReplayOptions> = {}) {
  const path = await makeFile('rejects', 'what was there')
  const { refused } = await replayed(content, { ...options, rejects: path })
  return { text: await readFile(path, 'utf8'), refused }
}

describe('rejects', () => {
  test('of CSV are the lines as they were, after code, message, line and the made id', async () => {
    const content = 'from;to;amount;code\nA0;A1;"1";a\nA0;A9;" 2 ";b\nA0;A1\n'

    const { text } = await rejectsOf(content, { delimiter: ';' })

    expect(text).toBe(
      [
        'code;message;line;transferId;from;to;amount;code',
        'ACCOUNT_NOT_FOUND;to account A9 does not exist;3;batch.csv:3;A0;A9;" 2 ";b',
        'MALFORMED_LINE;"the line has 2 fields and 4 are expected: field 3 (""amount"") is missing";4;batch.csv:4;A0;A1',
        '',
      ].join('\n'),
    )
  })

  test.each<[string, string, Partial<ReplayOptions>]>([
    ['CSV', 'from,to,amount,code,x\nA0,A1,1,a,1\nA0,A9,2,b,"2,5"\nA9,A1,3,c,\n', { keep: true }],
    ['CSV without a header', 'A0,A1,1\nA0,A9,2\nA9,A1,3\n', { columns: ['from', 'to', 'amount'] }],
    ['CSV with ids', 'id,from,to,amount\nT1,A0,A1,1\nT2,A0,A9,2\nT3,A9,A1,3\n', {}],
    [
      'JSON Lines',
      '{"from":"A0","to":"A1","amount":1}\n{"from":"A0","to":"A9","amount":2.50,"message":"m"}\n{ "from":"A9","to":"A1","amount":3}\n',
      { file: 'batch.jsonl', keep: true },
    ],
    [
      'a JSON array',
      '[{"from":"A0","to":"A1","amount":1},{"from":"A0","to":"A9","amount":2.50},{"from":"A9","to":"A1","amount":3}]',
      { file: 'batch.json' },
    ],
  ])(
    'of %s can be mended and replayed as the first file would have been',
    async (_, content, options) => {
      const { text } = await rejectsOf(content, options)
      const refused = await replay(connection, {
        ...options,
        columns: undefined,
        file: await makeFile('again', text),
        format: options.file?.startsWith('batch.json') ? 'json' : 'csv',
        rejects: await makeFile('second', ''),
      })
      await Account.open({
        accountId: 'A9',
        holder: 'Ada',
        currency: 'USD',
        openingBalance: '1000',
      })
      const mended = await replay(connection, {
        ...options,
        columns: undefined,
        file: await makeFile('mended', text),
        format: options.file?.startsWith('batch.json') ? 'json' : 'csv',
      })
      const books = await booksOf(connection)
      const once = await replay(connection, {
        ...options,
        file: await makeFile(options.file ?? 'batch.csv', content),
        name: 'batch',
        dryRun: true,
      })

      expect(refused).toMatchObject({ posted: 0, refused: 2 })
      expect(mended).toMatchObject({ posted: 2, refused: 0 })
      expect(books.transfers).toHaveLength(3)
      expect(once.read).toBe(3)
      const ids = (books.transfers as { _id: string }[]).map(({ _id }) => _id)
      expect(ids.every((id) => !id.startsWith('again') && !id.startsWith('mended'))).toBe(true)
    },
  )

  test('hold the refusals of all runs of a batch', async () => {
    await openAccounts(Account, { count: 3, openingBalance: '1000' })
    const file = await makeFile('batch.csv', 'from,to,amount\nA0,x,1\nA0,y,1\nA0,z,1\n')
    const rejects = await makeFile('rejects.csv', '')
    await replay(connection, { file, maxErrors: 2, rejects })
    await replay(connection, { file, rejects })
    const all = await readFile(rejects, 'utf8')
    await replay(connection, { file, rejects })

    expect(all.split('\n').map((line) => line.split(',').at(-2))).toEqual([
      'to',
      'x',
      'y',
      'z',
      undefined,
    ])
    expect(await readFile(rejects, 'utf8')).toBe(all)
  })

  test('of an atomic batch hold every line of it', async () => {
    const { text } = await rejectsOf('id,from,to,amount\nT1,A0,A1,1\nT2,A0,A9,2\n', {
      atomic: true,
    })

    expect(text.split('\n')).toEqual([
      'code,message,line,id,from,to,amount',
      'LINKED_TRANSFER_REFUSED,"transfer T1 is in one group with T2, which was refused",2,T1,A0,A1,1',
      'ACCOUNT_NOT_FOUND,to account A9 does not exist,3,T2,A0,A9,2',
      '',
    ])
  })

  test('never replace the file that is replayed, nor anything but a file', async () => {
    const file = await makeFile('batch.csv', 'id,from,to,amount\nT1,A0,A1,12.34\n')

    await expect(replay(connection, { file, rejects: file })).rejects.toThrow(
      /would replace the file/,
    )
    await expect(replay(connection, { file, rejects: '/dev/null' })).rejects.toThrow(
      /this is no file/,
    )
    await expect(replay(connection, { file, rejects: '/no/x' })).rejects.toThrow(/the folder/)
  })
})
