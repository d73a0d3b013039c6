import { mkdir, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, extname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type ReplayOptions, replay } from '../../src/replay/replay.ts'
import { booksOf, makeFile, openAccounts, replayingOn } from '../support/batch.ts'
import { useDatabase } from '../support/database.ts'
import { runScript } from '../support/run-script.ts'
import { makeFolder } from '../support/temporary-folder.ts'

const database = useDatabase()
const { connection, Account } = database
const replayed = replayingOn(database)

async function rejectsOf(content: string | Buffer, options: Partial<ReplayOptions> = {}) {
  const path = await makeFile('rejects', '')
  const { refused } = await replayed(content, { ...options, rejects: path })
  return { text: await readFile(path, 'utf8'), refused }
}

describe('rejects', () => {
  test('of CSV are the original lines after code, message, line and the made id', async () => {
    const content = 'from;to;amount;code\nA0;A1;"1";a\nA0;A9;" 2 ";b\nA0;A1\n'

    const { text } = await rejectsOf(content, { delimiter: ';' })

    expect(text).toBe(
      [
        'code;message;line;madeId;from;to;amount;code',
        'ACCOUNT_NOT_FOUND;to account A9 does not exist;3;batch.csv:3;A0;A9;" 2 ";b',
        'MALFORMED_LINE;"the line has 2 fields but 4 are expected: field 3 (""amount"") is missing";4;batch.csv:4;A0;A1',
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
    'of %s can be fixed and replayed as if they were in the first file',
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
      const fixed = await replay(connection, {
        ...options,
        columns: undefined,
        file: await makeFile('fixed', text),
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
      expect(fixed).toMatchObject({ posted: 2, refused: 0 })
      expect(books.transfers).toHaveLength(3)
      expect(once.read).toBe(3)
      const ids = (books.transfers as { _id: string }[]).map(({ _id }) => _id)
      expect(ids.every((id) => !id.startsWith('again') && !id.startsWith('fixed'))).toBe(true)
    },
  )

  test('contain the refusals of all runs of a batch', async () => {
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
    expect(await readdir(dirname(rejects))).toEqual(['rejects.csv'])
  })

  test.each<[string, string, (text: string) => string, Partial<ReplayOptions>, object]>([
    [
      'a line that was too short and is completed',
      'from,to,amount,reference\nA0,A1,5\n',
      (text) => text.replace('A0,A1,5', 'A0,A1,5,rent'),
      {},
      { _id: 'batch.csv:2', reference: 'rent' },
    ],
    [
      'a last field that ends as the delimiter begins',
      'from||to||amount||note\nA0||A9||5||pipe|\n',
      (text) => text.replace('A9||', 'A1||'),
      { delimiter: '||' },
      { _id: 'batch.csv:2' },
    ],
    [
      'fields between spaces, without quotes',
      'from to amount\nA0 A9 5\n',
      (text) => text.replace('A9 5', 'A1 5'),
      { delimiter: ' ', quote: '' },
      { _id: 'batch.csv:2' },
    ],
    [
      'columns whose names contain the delimiter',
      'A0;A9;5;x\n',
      (text) => text.replace('A9;5', 'A1;5'),
      { delimiter: ';', quote: '', columns: ['from', 'to', 'amount', 'n;ote'] },
      { _id: 'batch.csv:1' },
    ],
    [
      'a first line by Excel that names the delimiter',
      'sep=;\r\nfrom;to;amount\r\nA0;A9;5\r\n',
      (text) => text.replace('A9;5', 'A1;5'),
      {},
      { _id: 'batch.csv:3' },
    ],
    [
      'a blank id',
      '{"from":"A0","to":"A1","amount":6}\n{"transactionId":null,"from":"A0","to":"A9","amount":5}\n',
      (text) => text.replace('A9"', 'A1"'),
      { file: 'batch.jsonl' },
      { _id: 'batch.jsonl:2' },
    ],
    [
      'a broken line that is fixed in place',
      '{"from":"A0","to":"A1","amount":5}\n{"from":"A0","to":"A1","amount":7\n',
      (text) => text.replace('7"', '7}"'),
      { file: 'batch.jsonl' },
      { _id: 'batch.jsonl:2' },
    ],
    [
      'an id that is ignored',
      '{"id":"same","from":"A0","to":"A9","amount":5}\n',
      (text) => text.replace('A9"', 'A1"'),
      { file: 'batch.jsonl', map: { transferId: null } },
      { _id: 'batch.jsonl:1' },
    ],
  ])('keep the made id with %s', async (_, content, fix, options, transfer) => {
    const { text } = await rejectsOf(content, options)
    const file = await makeFile('fixed', fix(text))
    const format = options.file ? 'jsonl' : 'csv'

    const summary = await replay(connection, { ...options, file, format })

    expect(summary).toMatchObject({ posted: 1, refused: 0 })
    expect((await booksOf(connection)).transfers.at(-1)).toMatchObject(transfer)
  })

  test('report what is still wrong with a broken line', async () => {
    const { text } = await rejectsOf('{"from":"A0"\n{"from":"A0","to":"A1","amount":5}\n', {
      file: 'batch.jsonl',
    })
    const rejects = await makeFile('second', '')
    await replay(connection, { file: await makeFile('again.jsonl', text), rejects })
    expect(await readFile(rejects, 'utf8')).toMatch(
      /\\"text\\" is still not a JSON object \(.*\): correct it there/,
    )
  })

  test('of an atomic batch contain every line of it', async () => {
    const { text } = await rejectsOf('id,from,to,amount\nT1,A0,A1,1\nT2,A0,A9,2\n', {
      atomic: true,
    })

    expect(text.split('\n')).toEqual([
      'code,message,line,id,from,to,amount',
      'LINKED_TRANSFER_REFUSED,"transfer T1 is in the same atomic group as T2, which was refused",2,T1,A0,A1,1',
      'ACCOUNT_NOT_FOUND,to account A9 does not exist,3,T2,A0,A9,2',
      '',
    ])
  })

  test('never replace the file that is replayed, nor anything that is not a file', async () => {
    const file = await makeFile('batch.csv', 'id,from,to,amount\nT1,A0,A1,12.34\n')

    await expect(replay(connection, { file, rejects: file })).rejects.toThrow(
      /would replace the file/,
    )
    await expect(replay(connection, { file, rejects: '/dev/null' })).rejects.toThrow(
      /this is not a file/,
    )
    await expect(replay(connection, { file, rejects: '/no/x' })).rejects.toThrow(/the folder/)
  })
})

/** Replays an unchanged file of rejects. Returns what was refused this time. */
async function again(path: string, name: string, options: Partial<ReplayOptions> = {}) {
  const file = await makeFile('again', await readFile(path))
  const rejects = await makeFile('second', '')
  const summary = await replay(connection, { ...options, file, name, rejects })
  return { summary, rejects, text: await readFile(rejects, 'utf8') }
}

const latin1 = (text: string) => Buffer.from(text, 'latin1')

describe('unchanged rejects are refused again, under the same ids,', () => {
  const POSITIONS = { from: '#2', to: '#3', amount: '#4' }

  test.each<[string, string, string | Buffer, Partial<ReplayOptions>]>([
    [
      'columns mapped by number',
      'batch.csv',
      'branch,payer,payee,amt\nA0,A1,A2,4000\nA0,A1\nA0,A1,A2,1\n',
      { map: POSITIONS },
    ],
    ['columns without a header', 'batch.csv', 'A0,A1,5000\nA0,A1\nA0,A1,1\n', columnsFor()],
    [
      'columns without a header, with ids',
      'batch.csv',
      'T1,A0,A1,5000\nT2,A0\nT3,A0,A1,1\n',
      columnsFor('id'),
    ],
    [
      'bytes that are not text',
      'batch.csv',
      latin1('id,from,to,amount,note\nT1,A0,A1,1,Caf\xE9\nT2,A0,A1,1,"a\0\n\xE9"\nT3,A0,A1,2,ok\n'),
      {},
    ],
    [
      'bytes that are not text, and without ids',
      'batch.csv',
      latin1('from;to;amount;note\nA0;A1;1;Caf\xE9\nA0;A1;1;"a\0\n;"\nA0;A1;2;ok\n'),
      { delimiter: ';' },
    ],
    [
      'a line that is too long',
      'batch.csv',
      `id,from,to,amount,note\nT1,A0,A1,1,${'x'.repeat(1_100_000)}\nT2,A0,A9,1,\n`,
      {},
    ],
    [
      'wrong quotes',
      'batch.csv',
      'id,from,to,amount,note\nT1,A0,A9,1,a"b\nT2,A0,A1,1,"a"b\nT3,"A0","A9",1,"x\n,""y"\n',
      {},
    ],
    [
      'no quotes',
      'batch.csv',
      'id|from|to|amount\nT1|A0|"A9|1\nT2|A0\n',
      { quote: '', delimiter: '|' },
    ],
    ['tabs', 'batch.tsv', 'id\tfrom\tto\tamount\nT1\tA0\tA9\t1\n\t\t\t\nT2\tA0\n', {}],
    ['blank ids', 'batch.csv', 'id,from,to,amount,k\n,A0,A9,1,"x,y"\n ,A0,A9,1,""""\n', {}],
    [
      'a first line that is not JSON',
      'batch.jsonl',
      'garbage\n{"from":"A0","to":"A1","amount":1}\n{"from":"A0","to":"A9","amount":1}\n5\n',
      {},
    ],
    [
      'a first line that is not JSON, and nothing else refused',
      'batch.jsonl',
      'a\n{"from":"A0","to":"A1","amount":1}\n',
      {},
    ],
    [
      'JSON in which a field is missing',
      'batch.jsonl',
      '{"id":"T1","from":"A0"}\n{"id":"T2","from":"A0","to":"A9","amount":1}\n',
      {},
    ],
    [
      'JSON with bytes that are not text',
      'batch.jsonl',
      latin1(
        '{"from":"A0","to":"A1","amount":2}\n{"from":"A0","to":"A1","amount":1,"note":"Caf\xE9"}\n',
      ),
      {},
    ],
    [
      'JSON with blank ids',
      'batch.jsonl',
      '{"id":"","from":"A0","to":"A9","amount":1.50}\n{"id":null,"from":"A0","to":"A9","amount":1}\n{"id":"T3","from":"A0","to":"A9","amount":1}\n',
      {},
    ],
    [
      'JSON with a mapped name for the ids, and a record without it',
      'batch.jsonl',
      '{"from":"A0","to":"A9","amount":1,"transferId":"other"}\n{"from":"A0","to":"A9","amount":1,"uid":"T2"}\n',
      { map: { transferId: 'uid' } },
    ],
    [
      'JSON with the keys that rejects add',
      'batch.jsonl',
      '{"from":"A0","to":"A9","amount":1,"code":"x","line":7}\n{"record":{"from":"A0","to":"A1","amount":1}}\n{"from":"A0","to":"A1","amount":1}\n{"text":"a","from":"A0","to":"A9","amount":1}\n',
      {},
    ],
    [
      'a JSON array',
      'batch.json',
      '[5,{"from":"A0","to":"A9","amount":1},{"from":"A0","to":"A1","amount":1}]',
      {},
    ],
  ])('with %s', async (_, file, content, options) => {
    const path = await makeFile('rejects', '')
    const first = await replayed(content, { ...options, file, name: 'first', rejects: path })
    const { transfers } = await booksOf(connection)
    const format = { csv: 'csv', tsv: 'tsv', jsonl: 'jsonl', json: 'json' } as const
    const reading = { format: format[file.split('.')[1] as keyof typeof format], ...options }

    const second = await again(path, 'second', reading)
    const third = await again(second.rejects, 'third', reading)

    const { refused } = first.summary
    expect(refused).toBeGreaterThan(0)
    expect(second.summary).toMatchObject({ posted: 0, existing: 0, refused })
    expect(third.summary).toMatchObject({ posted: 0, existing: 0, refused })
    expect(third.text).toBe(second.text)
    const books = await booksOf(connection)
    expect(books.transfers).toEqual(transfers)
    const refusals = books.refusals as Refusal[]
    const idsOf = (batch: string) =>
      refusals.flatMap(({ _id, transferId, code }) =>
        _id.batch === batch && code !== 'MALFORMED_LINE' ? [transferId] : [],
      )
    expect(idsOf('second')).toEqual(idsOf('first'))
    expect(idsOf('third')).toEqual(idsOf('first'))
    // A line that cannot be read keeps the id that it gets when it is fixed.
    for (const { transferId = '' } of refusals) expect(third.text).toContain(transferId)
  })

  interface Refusal {
    _id: { batch: string }
    code: string
    transferId?: string
  }

  function columnsFor(...ids: string[]) {
    return { columns: [...ids, 'from', 'to', 'amount'] }
  }
})

describe('rejects of JSON', () => {
  const file = 'batch.jsonl'

  test('are an empty batch if nothing was refused', async () => {
    const path = await makeFile('rejects', '')
    await replayed('{"from":"A0","to":"A1","amount":1}\n', { file, rejects: path })

    expect((await again(path, 'again', { format: 'jsonl' })).summary).toMatchObject({
      status: 'finished',
      read: 0,
    })
  })

  test.each([
    ['are formatted by another program', (lines: object[]) => lines.map(spaced)],
    [
      'are sorted by another program',
      (lines: object[]) => lines.map((line) => JSON.stringify(sorted(line))),
    ],
    [
      'are fixed by hand, the first one completely',
      ([, ...lines]: object[]) => [
        '{"id":"T0","from":"A0","to":"A1","amount":7,"note":"m"}',
        ...lines.map((line) => JSON.stringify(line)),
      ],
    ],
  ])('leave no trace in the transfers if they %s', async (_, rewrite) => {
    const rows = [1, 2].map((n) => ({ id: `T${n}`, from: 'A0', to: 'A9', amount: n, note: 'm' }))
    const content = rows.map((row) => JSON.stringify(row)).join('\n')
    const path = await makeFile('rejects', '')
    await replayed(content, { file, keep: true, rejects: path })
    await Account.open({ accountId: 'A9', holder: 'Ada', currency: 'USD' })
    const lines = (await readFile(path, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object)

    const fixed = await replay(connection, {
      file: await makeFile('fixed.jsonl', `${rewrite(lines).join('\n')}\n`),
      keep: true,
    })

    expect(fixed).toMatchObject({ posted: 2, refused: 0 })
    const { transfers } = (await booksOf(connection)) as { transfers: { metadata: object }[] }
    expect(transfers.map(({ metadata }) => metadata)).toEqual([{ note: 'm' }, { note: 'm' }])
  })

  test('contain the unchanged record if it has keys that rejects would add', async () => {
    const own = '{"from":"A0","to":"A9","amount":1.50,"message":"hello","line":3}'
    const { text } = await rejectsOf(own, { file, keep: true })
    await Account.open({ accountId: 'A9', holder: 'Ada', currency: 'USD' })

    expect(JSON.parse(text)).toMatchObject({ code: 'ACCOUNT_NOT_FOUND', line: 1 })
    await replay(connection, { file: await makeFile('again.jsonl', text), keep: true })
    const { transfers } = (await booksOf(connection)) as { transfers: object[] }
    expect(transfers).toMatchObject([
      { _id: 'batch.jsonl:1', metadata: { message: 'hello', line: '3' } },
    ])
  })

  const spaced = (line: object) =>
    `{${Object.entries(line)
      .map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`)
      .join(', ')}}`

  const sorted = (line: object) =>
    Object.fromEntries(Object.entries(line).toSorted(([one], [other]) => (one < other ? -1 : 1)))
})

describe('a file of rejects', () => {
  const content = 'id,from,to,amount\nT1,A0,A9,1\n'

  test.each([
    ['', /'rejects' is empty/],
    ['-', /'rejects' is the path of a file, not the standard output/],
  ])('named %j is refused before anything is posted', async (rejects, message) => {
    await expect(replayed('id,from,to,amount\nT1,A0,A1,1\n', { rejects })).rejects.toThrow(message)
    expect((await booksOf(connection)).transfers).toEqual([])
  })

  test('that cannot be written is reported with the summary of what was done', async () => {
    await openAccounts(Account, { count: 2, openingBalance: '100' })
    const file = await makeFile('batch.csv', `${content}T2,A0,A1,1\n`)
    const folder = await makeFolder()
    const replaying = replay(connection, {
      file,
      rejects: join(folder, 'rejects.csv'),
      onProgress: () => void rm(folder, { recursive: true, force: true }),
    })

    await expect(replaying).rejects.toMatchObject({
      name: 'StorageError',
      message: expect.stringMatching(
        /rejects.csv": the rejects cannot be written: ENOENT.*\. Everything else is done\. Run the same command again to write them$/,
      ),
      summary: { status: 'finished', posted: 1, refused: 1 },
    })
  })

  test.each([
    ['a text', 'notes.csv', 'code of conduct\n'],
    ['a batch', 'tomorrow.csv', content],
    ['a batch of JSON', 'tomorrow.jsonl', '{"id":"T1","from":"A0","to":"A9","amount":1}\n'],
    ['bytes', 'image.png', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 1])],
  ])('never replaces %s: nothing is posted then', async (_, name, found) => {
    const rejects = await makeFile(name, found)

    await expect(replayed('id,from,to,amount\nT1,A0,A1,1\n', { rejects })).rejects.toThrow(
      /the rejects would replace this file, which is not a file of rejects: name another file/,
    )
    expect((await booksOf(connection)).transfers).toEqual([])
    expect(await readFile(rejects)).toEqual(Buffer.from(found))
  })

  test.each<[string, string, string, (text: string) => string]>([
    ['was corrected', 'batch.csv', content, (text) => text.replace('A9,1', 'A1,1')],
    ['got a line', 'batch.csv', content, (text) => `${text}T9,A0,A1,1\n`],
    ['got a bracket', 'batch.csv', content, (text) => `${text}                    ]`],
    [
      'was saved by a spreadsheet',
      'batch.csv',
      content,
      (text) => `\uFEFF${text.replace('\uFEFF', '')}`.replaceAll(',', ';'),
    ],
    [
      'was corrected, as JSON',
      'batch.json',
      '[{"id":"T1","from":"A0","to":"A9","amount":1}]',
      (text) => text.replace('"amount":1', '"amount":2'),
    ],
  ])('that %s is kept beside the new one', async (_, file, batch, correct) => {
    const rejects = await makeFile(`rejects${extname(file)}`, '')
    await replayed(batch, { file, rejects })
    const written = await readFile(rejects, 'utf8')
    await writeFile(rejects, correct(written))

    const { summary } = await replayed(batch, { file, rejects })
    const second = await replayed(batch, { file, rejects })
    await writeFile(rejects, correct(correct(written)))
    const third = await replayed(batch, { file, rejects })

    const copy = (number: number) => rejects.replace(/(\.\w+)$/, `.${number}$1`)
    expect(summary.keptRejects).toBe(copy(1))
    expect(second.summary).not.toHaveProperty('keptRejects')
    expect(third.summary.keptRejects).toBe(copy(2))
    expect(await readFile(copy(1), 'utf8')).toBe(correct(written))
    expect(await readFile(copy(2), 'utf8')).toBe(correct(correct(written)))
    expect(await readFile(rejects, 'utf8')).toBe(written)
  })

  test.each([
    ['CSV', 'batch.csv', 'id,from,to,amount\nT1,A0,A9,1\nT2,A0,A8,1\n'],
    [
      'a JSON array',
      'batch.json',
      '[{"id":"T1","from":"A0","to":"A9","amount":1},{"id":"T2","from":"A0","to":"A8","amount":1}]',
    ],
    [
      'JSON Lines',
      'batch.jsonl',
      '{"id":"T1","from":"A0","to":"A9","amount":1}\n{"id":"T2","from":"A0","to":"A8","amount":1}\n',
    ],
  ])('of an earlier run is replaced by that of a later run, as %s', async (_, file, batch) => {
    const rejects = await makeFile('rejects.txt', '')
    for (const maxErrors of [0, 1, 2]) {
      const { summary } = await replayed(batch, { file, rejects, maxErrors })
      expect(summary).not.toHaveProperty('keptRejects')
    }
    expect(await readFile(rejects, 'utf8')).toMatch(/A9[^]*A8/)
  })

  test('of another batch is kept', async () => {
    const rejects = await makeFile('rejects.csv', '')
    await replayed(content, { rejects })
    const first = await readFile(rejects, 'utf8')

    const { summary } = await replayed('id,from,to,amount\nT2,A0,A9,1\n', { rejects, name: 'two' })

    expect(await readFile(summary.keptRejects ?? '', 'utf8')).toBe(first)
  })

  test('is written to the target if its path is a link', async () => {
    const folder = await makeFolder()
    const [link, target] = [join(folder, 'link'), join(folder, 'target')]
    await writeFile(target, '')
    await symlink(target, link)

    await replayed(content, { rejects: link })

    expect(await readFile(target, 'utf8')).toMatch(/^code,message,line/)
    expect(await readdir(folder)).toEqual(['link', 'target'])
  })

  test('leaves no temporary file when it cannot replace what has its name', async () => {
    await openAccounts(Account, { count: 2, openingBalance: '100' })
    const file = await makeFile('batch.csv', content)
    const folder = await makeFolder()
    const rejects = join(folder, 'rejects.csv')
    const replaying = replay(connection, {
      file,
      rejects,
      onProgress: () => void mkdir(rejects, { recursive: true }),
    })

    await expect(replaying).rejects.toThrow(/the rejects cannot be written: EISDIR/)
    expect(await readdir(folder)).toEqual(['rejects.csv'])
  })

  test('leaves no temporary file when the process exits while it is written', async () => {
    const folder = await makeFolder()

    await expect(runScript('test/support/rejects-child.ts', [folder])).rejects.toMatchObject({
      code: 130,
      stdout: 'a temporary file exists\n',
    })

    expect(await readdir(folder)).toEqual([])
  })
})
