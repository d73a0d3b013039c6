import { open, readFile, stat, writeFile } from 'node:fs/promises'
import mongoose from 'mongoose'
import { describe, expect, inject, onTestFinished, test } from 'vitest'
import { setFailpoint } from '../../src/testing/failpoint.ts'
import { makeFifo, makeFile, openAccounts } from '../support/batch.ts'
import { daybook as runDaybook, startDaybook } from '../support/command-line.ts'
import { useDatabase } from '../support/database.ts'

const { connection, Account, Transfer } = useDatabase()

const uriOf = () => inject('mongodbUri').replace(/\/(\?|$)/, `/${connection.name}$1`)

const daybook = (...parameters: string[]) => runDaybook(uriOf(), parameters)

const UNVALIDATED = { bypassDocumentValidation: true } as const

const HEAD = 'id,from,to,amount\n'

describe('daybook replay refuses as wrong usage', () => {
  test.each([
    [['a.csv', '--map', 'from=a,from=b'], '--map from=a,from=b: from is given twice'],
    [['a.csv', '--map', ''], '--map "": expected pairs such as'],
    [['a.csv', '--map', 'from'], '--map from: expected pairs such as'],
    [['a.csv', '--map', 'from='], '--map says that no column is "from": every transfer needs one'],
    [
      ['--keep', 'a.csv'],
      'no file is named, because --keep took a.csv as its columns: name the file before --keep',
    ],
    [[], 'no file is named: name one, or - for the standard input'],
    [['a.csv', '--map', 'sender=a'], '--map cannot map a column to "sender": use one of'],
    [['a.csv', '--keep', 'a,,b'], '--keep a,,b: a name is missing'],
    [['a.csv', '--columns', 'from,,to,amount'], '--columns: column 2 has no name'],
    [
      ['a.csv', '--format', 'tsv', '--delimiter', ';'],
      '--format tsv always has tabs between fields: leave out --delimiter ";", or use',
    ],
    [
      ['a.csv', '--format', 'json', '--quote', "'"],
      '--quote is for CSV files: leave it out for JSON',
    ],
    [
      ['a.csv', '--on-error', 'stop', '--max-errors', '2'],
      '--on-error "stop" allows no refusals, so it cannot be combined with --max-errors 2',
    ],
    [
      ['a.csv', '--atomic', '--max-errors', '2'],
      '--atomic refuses the whole batch if a line is refused, so it cannot be combined with',
    ],
    [['a.csv', '--currency', 'usd'], '--currency "usd" is not an ISO 4217 code'],
    [['a.csv', '--as', ' x'], '--as " x" is not'],
    [['a.csv', '--rejects', ''], '--rejects is empty'],
    [['a.csv', '--rejects', '-'], '--rejects is the path of a file, not the standard output'],
    [['-', '-'], '- is named more than once, but the standard input can be read only once'],
  ])('%j', async (parameters, message) => {
    // No server has this address: the options are refused before a connection is opened.
    const failed = await runDaybook('mongodb://127.0.0.1:1', ['replay', ...parameters])

    expect(failed).toMatchObject({ exitCode: 64, stdout: '' })
    expect(failed.stderr).toContain(message)
    expect(failed.stderr).not.toMatch(/^ {4}at /m)
  })
})

test('an option that does not fit the file is wrong usage too', async () => {
  const file = await makeFile('batch.json', '{"from":"A0"}')

  const failed = await daybook('replay', file, '--delimiter', ';')

  expect(failed).toMatchObject({ exitCode: 64 })
  expect(failed.stderr).toContain('--delimiter is for CSV files: leave it out for JSON')
  const csv = await makeFile('batch.csv', HEAD)
  expect((await daybook('replay', csv, '--quote', ',')).stderr).toContain(
    '--quote "," is part of the delimiter ",": choose another quote or delimiter',
  )
})

test('options say what stands around the transfers, and in which encoding', async () => {
  await openAccounts(Account, { count: 2, openingBalance: '100' })
  const lines = ['Müller, 2026', 'id,from,to,"amount, net"', '# booked', 'T1,A0,A1,1', 'sum,,,1']
  const bank = await makeFile('bank.csv', Buffer.from(lines.join('\n'), 'latin1'))
  const title = await makeFile('title.csv', lines.slice(0, 4).join('\n'))
  const row = { id: 'T2', from: 'A0', to: 'A1', amount: 2 }
  const answer = await makeFile('answer.json', JSON.stringify({ page: { rows: [row] } }))
  const amount = ['--map', 'amount="amount, net"', '--comment', '#']

  const results = [
    await daybook(
      'replay',
      bank,
      ...amount,
      '--encoding',
      'latin1',
      '--header',
      'id,"amount, net"',
      '--skip-last',
      '1',
      '--json',
    ),
    await daybook('replay', title, ...amount, '--skip', '1', '--json'),
    await daybook('replay', answer, '--at', 'page.rows', '--json'),
  ]

  expect(results.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0])
  const counts = results.map(({ stdout }) => JSON.parse(stdout) as object)
  expect(counts).toMatchObject([{ posted: 1 }, { existing: 1 }, { posted: 1 }])
})

test('options are read as people write them in a shell', async () => {
  await openAccounts(Account, { count: 2, openingBalance: '100' })
  const tabs = await makeFile('tabs.csv', 'T1\tA0\tA1\t1\n')
  const dashes = await makeFile('dashes.csv', 'id-from-to-amount\nT2-A0-A1-2\n')
  const names = await makeFile('names.csv', 'id,from,to,"net, of fee",a=b\nT3,A0,A1,3,x\n')

  await daybook('migrate', 'up')

  const results = await Promise.all([
    daybook('replay', tabs, '--delimiter', '\\t', '--columns', 'id, from, to, amount'),
    daybook('replay', dashes, '--delimiter', '-'),
    daybook('replay', names, '--map', 'amount="net, of fee",reference=a=b'),
  ])

  expect(results.map(({ exitCode, stderr }) => [exitCode, stderr.split('\n')[1]])).toEqual([
    [0, ''],
    [0, ''],
    [0, ''],
  ])
  expect(await Transfer.find().sort({ _id: 1 })).toMatchObject([
    { _id: 'T1' },
    { _id: 'T2' },
    { _id: 'T3', reference: 'x' },
  ])
})

test('a dry run of several files rehearses them together', async () => {
  await openAccounts(Account, { count: 2, openingBalance: '0' })
  await Account.open({ accountId: 'bank', holder: 'Bank', currency: 'USD', openingBalance: '9' })
  const first = await makeFile('1.csv', `${HEAD}T1,bank,A0,9\n`)
  const second = await makeFile('2.csv', `${HEAD}T2,A0,A1,5\nT1,bank,A0,9\n`)

  const { exitCode, stdout } = await daybook('replay', first, second, '--dry-run', '--json')

  expect(exitCode).toBe(0)
  expect(JSON.parse(stdout.trim().split('\n')[1] ?? '')).toMatchObject({ posted: 1, existing: 1 })
  expect(await Transfer.countDocuments()).toBe(0)
})

test('rejects do not replace the input, even if it comes as standard input', async () => {
  const content = `${HEAD}T1,A0,A1,1\n`
  const file = await makeFile('batch.csv', content)
  const handle = await open(file)

  const { ended } = startDaybook(uriOf(), ['replay', '-', '--rejects', file], {
    stdio: [handle.fd, 'pipe', 'pipe'],
  })

  const { exitCode, stderr } = await ended
  await handle.close()
  expect({ exitCode, content: await readFile(file, 'utf8') }).toEqual({ exitCode: 4, content })
  expect(stderr).toContain('the rejects would replace the file that is replayed')
})

test('a batch that has posted nothing is started again, and the command says so', async () => {
  await openAccounts(Account, { count: 2, openingBalance: '100' })
  const file = await makeFile('batch.csv', `${HEAD}T1,A0,A1,"1,5"\n`)

  const wrong = await daybook('replay', file)
  const rehearsed = await daybook('replay', file, '--decimal', ',', '--dry-run')
  const right = await daybook('replay', file, '--decimal', ',')

  expect(wrong.stderr).toContain(
    'nothing is posted, so the file can be replayed with other options',
  )
  const restart = (would: string, removed: string) =>
    `batch batch.csv ${would} started again, because its earlier run had posted nothing and was of another file or had other options: its 1 refusal ${removed} removed\n`
  expect(rehearsed.stderr).toContain(restart('would be', 'would be'))
  expect(right.stderr).toContain(restart('was', 'were'))
  expect(right).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^posted +1$/m) })
})

test('the summary is printed even if the rejects cannot be written', async () => {
  await openAccounts(Account, { count: 2, openingBalance: '100' })
  const file = await makeFile('batch.csv', `${HEAD}T1,A0,A1,1\nT2,A0,A9,1\n`)
  const longName = `${file}.${'x'.repeat(240 - 'batch.csv.'.length)}`

  const { exitCode, stdout, stderr } = await daybook('replay', file, '--rejects', longName)

  expect(exitCode).toBe(1)
  expect(stdout).toMatch(/^posted +1$/m)
  expect(stderr).toMatch(/^daybook: ".*…: the rejects cannot be written: ENAMETOOLONG/m)
  expect(stderr).not.toMatch(/^ {4}at /m)
  await expect(stat(longName)).rejects.toThrow('ENOENT')
})

test.each([[], ['--dry-run']])(
  'lines without ids are not posted again under another name, with %j',
  async (...parameters) => {
    await openAccounts(Account, { count: 2, openingBalance: '100' })
    const content = 'from,to,amount\nA0,A1,1\n'
    const [january, copy] = [
      await makeFile('january.csv', content),
      await makeFile('copy.csv', content),
    ]

    const both = await daybook('replay', january, copy, ...parameters)

    expect(both.exitCode).toBe(4)
    expect(both.stderr).toContain('the same content as batch "january.csv"')
    expect((await daybook('replay', copy, '--as', 'again', ...parameters)).exitCode).toBe(0)
  },
)

test('a dry run is refused too if a notebook has to be adopted', async () => {
  await connection.collection('accounts').insertOne({ account_id: 'A0', balance: 5 }, UNVALIDATED)
  const file = await makeFile('batch.csv', `${HEAD}T1,A0,A1,1\n`)

  const { exitCode, stderr } = await daybook('replay', file, '--dry-run')

  expect(exitCode).toBe(4)
  expect(stderr).toContain('adopt them with daybook migrate up')
})

describe('daybook replay says what to do about refused lines', () => {
  test.each([
    [
      [],
      'to list the refused lines, run daybook batches batch.csv; to correct and replay them, add --rejects FILE',
    ],
    [['--dry-run'], 'to write the refused lines to a file, add --rejects FILE'],
    [['--atomic'], 'to write the refused lines to a file, add --rejects FILE'],
    [
      ['--max-errors', '0'],
      'to continue past line 2, allow more --max-errors or leave out --on-error stop',
    ],
  ])('after a replay with %j', async (parameters, advice) => {
    const file = await makeFile('batch.csv', `${HEAD}T1,A0,A9,1\n`)

    const { exitCode, stderr } = await daybook('replay', file, ...parameters)

    expect(exitCode).toBe(5)
    const reminder = 'dry run: the database was not changed\n'
    const isDry = parameters.some((each) => each === '--dry-run')
    expect(stderr).toMatch(new RegExp(`^${advice}\n${isDry ? reminder : ''}$(?![^])`, 'm'))
  })

  test('when they were written to a file', async () => {
    const file = await makeFile('batch.csv', `${HEAD}T1,A0,A9,1\n`)

    const { stderr } = await daybook('replay', file, '--rejects', `${file}.rejects`)

    expect(stderr.trimEnd()).toMatch(
      /\/batch\.csv\.rejects: correct them there and replay that file$/,
    )
  })
})

test('rejects that somebody has corrected are kept, and it is said where', async () => {
  const file = await makeFile('batch.csv', `${HEAD}T1,A0,A9,1\n`)
  await daybook('replay', file, '--rejects', `${file}.rejects`)
  const corrected = (await readFile(`${file}.rejects`, 'utf8')).replace('A9,1', 'A1,1')
  await writeFile(`${file}.rejects`, corrected)

  const { stderr } = await daybook('replay', file, '--rejects', `${file}.rejects`)

  expect(stderr).toContain(
    `/batch.csv.rejects had other rejects, or corrections: it is kept as ${file}.1.rejects\n`,
  )
  expect(await readFile(`${file}.1.rejects`, 'utf8')).toBe(corrected)
})

test('a retry prints what the batch was before it, and what it has done', async () => {
  await openAccounts(Account, { count: 1, openingBalance: '100' })
  const file = await makeFile('batch.csv', `${HEAD}T1,A0,A1,1\nT2,A0,A9,1\n`)
  const first = await daybook('replay', file)
  await Account.open({ accountId: 'A1', holder: 'Ada', currency: 'USD' })

  const { exitCode, stdout } = await daybook('replay', file, '--retry')

  expect(first.stderr).toContain('once their cause is gone, run the same command with --retry\n')
  expect(exitCode).toBe(5)
  expect(stdout).toMatch(/^before the retry +0 posted, 0 existing, 2 refused$/m)
  expect(stdout).toMatch(/^the retry +1 posted, 0 existing, 1 refused again$/m)
  expect((await daybook('batches')).stdout).toMatch(/batch\.csv +finished, retried +2 +2 +1 +0 +1/)
})

describe('an interruption exits with 130 at once', () => {
  const isClean = (stderr: string) => {
    expect(stderr).toMatch(/^interrupted: run the same command again to continue$/m)
    expect(stderr).not.toMatch(/a bug in Daybook|^ {4}at /m)
  }

  test.each(['SIGINT', 'SIGTERM'] as const)('by %s while a FIFO is read', async (signal) => {
    const fifo = await makeFifo()
    const { child, ended } = startDaybook(uriOf(), ['replay', fifo])
    // This opens as soon as the command reads the FIFO.
    const writer = await open(fifo, 'w')
    child.kill(signal)

    const { exitCode, stdout, stderr } = await ended
    await writer.close()
    expect({ exitCode, stdout }).toEqual({ exitCode: 130, stdout: '' })
    isClean(stderr)
  })

  test('by SIGINT while it waits for stdin', async () => {
    const { child, ended } = startDaybook(uriOf(), ['replay', '-'])
    child.stderr?.on('data', (chunk: Buffer) => {
      if (chunk.includes('database: ')) child.kill('SIGINT')
    })

    const { exitCode, stderr } = await ended
    expect(exitCode).toBe(130)
    isClean(stderr)
  })
})

test('daybook replay says what to do when the database fails', async () => {
  await openAccounts(Account, { count: 2, openingBalance: '100' })
  const file = await makeFile('batch.csv', `${HEAD}T1,A0,A1,1\n`)
  // Other tests may replace the failpoint while no client has its name. The command is not connected yet.
  const sameName = mongoose.createConnection(uriOf(), { appName: 'daybook' })
  onTestFinished(() => sameName.close())
  await sameName.asPromise()
  await setFailpoint(connection, {
    times: 1,
    data: {
      appName: 'daybook',
      failCommands: ['insert'],
      errorCode: 8000,
      namespace: `${connection.name}.transfers`,
    },
  })

  const { exitCode, stderr } = await daybook('replay', file)

  expect(exitCode).toBe(1)
  expect(stderr).toMatch(
    /^daybook: MongoDB: .*\. What is posted stays posted\. Correct the cause, then run the same command again to continue$/m,
  )
})

describe('objects that share a line', () => {
  const objects = [
    { id: 'T1', from: 'A0', to: 'A1', amount: '1' },
    { id: 'T2', from: 'A0', to: 'A9', amount: '2' },
    'not an object',
  ]

  test('are named by their number in the list of refusals, in rejects and where a batch stops', async () => {
    await openAccounts(Account, { count: 2, openingBalance: '100' })
    const file = await makeFile('answer.json', JSON.stringify(objects))
    const rejects = await makeFile('rejects.json', '')

    const stopped = await daybook('replay', file, '--max-errors', '1')
    await daybook('replay', file, '--rejects', rejects)
    const { stdout } = await daybook('batches', 'answer.json')

    expect(stopped.stdout).toContain('stopped before line 1, object 3: MALFORMED_LINE')
    expect(stopped.stderr).toContain('to continue past line 1, object 3,')
    expect(stdout).toMatch(/1, object 2  T2 +ACCOUNT_NOT_FOUND/)
    expect(stdout).toMatch(/1, object 3 .*MALFORMED_LINE/)
    expect(JSON.parse(await readFile(rejects, 'utf8'))).toMatchObject([
      { line: 1, message: 'line 1, object 2: to account A9 does not exist' },
      { line: 1, message: expect.stringMatching(/^line 1, object 3: /) as unknown },
    ])
  })

  test('are named by their number as the reason why others are refused, and in formats try', async () => {
    await openAccounts(Account, { count: 2, openingBalance: '100' })
    const file = await makeFile('answer.json', JSON.stringify([objects[0], objects[2]]))
    const rejects = await makeFile('rejects.json', '')

    await daybook('replay', file, '--atomic', '--rejects', rejects)
    const tried = await daybook('formats', 'try', file)

    expect(await readFile(rejects, 'utf8')).toContain(
      'in the same atomic group as line 1, object 2, which was refused',
    )
    expect(tried.stdout).toMatch(/1, object 2 +refused: /)
  })
})

describe('daybook batches', () => {
  async function refuse(ids: readonly string[]) {
    await openAccounts(Account, { count: 2, openingBalance: '100' })
    const rows = ids.map((id) => `"${id}",A0,A1,x\n`)
    const file = await makeFile('batch.csv', `${HEAD}${rows.join('')}`)
    await daybook('replay', file, '--quiet')
  }

  test('logs how many refusals a table does not show, and prints all as JSON', async () => {
    await refuse(Array.from({ length: 130 }, (_, index) => `T${index}`))

    const table = await daybook('batches', 'batch.csv')
    const mistyped = await daybook('batches', 'bach.csv')
    expect(mistyped.stderr).toContain('Did you mean batch.csv?')
    const json = await daybook('batches', 'batch.csv', '--json')
    const limited = await daybook('batches', 'batch.csv', '--json', '--limit', '7')

    expect(table.stdout.trimEnd().split('\n')).toHaveLength(101)
    expect(table.stderr).toContain('100 of 130 refusals are shown: --limit 130 shows all')
    expect(JSON.parse(json.stdout)).toHaveLength(130)
    expect(json.stderr).not.toContain('are shown')
    expect(JSON.parse(limited.stdout)).toHaveLength(7)
    expect(limited.stderr).toContain('7 of 130 refusals are shown')
  })

  test('logs how many batches it does not show', async () => {
    await refuse(['T1'])
    const again = await makeFile('again.csv', HEAD)
    await daybook('replay', again, '--quiet')

    const { stdout, stderr } = await daybook('batches', '--limit', '1')

    expect(stdout).toContain('again.csv')
    expect(stderr).toContain('1 of 2 batches are shown: --limit 2 shows all')
    expect(JSON.parse((await daybook('batches', '--json')).stdout)).toHaveLength(2)
  })

  test('shortens invalid ids, and escapes characters that would move the cursor', async () => {
    await refuse([`\u001B[31mred`, 'L'.repeat(120_000), 'a\nb', '\u202Eabc', 'T1'])

    const { stdout } = await daybook('batches', 'batch.csv')

    expect(stdout).toContain('"\\u001b[31mred"')
    expect(stdout).toContain('"a\\nb"')
    expect(stdout).toContain('"\\u202eabc"')
    expect(stdout).toMatch(/^ *\d+ {2}T1 /m)
    expect(stdout.trimEnd().split('\n')).toHaveLength(6)
    expect(stdout.length).toBeLessThan(2_000)
  })
})

test('a retry is not advised for lines that are only malformed', async () => {
  await openAccounts(Account, { count: 2, openingBalance: '100' })
  const file = await makeFile('batch.csv', `${HEAD}T1,A0,A1,1\nT2,A0\n`)

  const { stderr } = await daybook('replay', file)

  expect(stderr).toContain('to correct and replay them, add --rejects FILE')
  expect(stderr).not.toContain('--retry')
})

test('a where that leaves out every line lists the values that the file has', async () => {
  const file = await makeFile(
    'batch.csv',
    'id,from,to,amount,Status\nT1,A0,A1,1,Completed\nT2,A0,A1,1,Failed\nT3,A0,A1,1,Completed\n',
  )

  const { stderr } = await daybook('replay', file, '--where', 'Status=completed')

  expect(stderr).toContain(
    'warning: --where left out every line, because "Status" is "Completed", "Status" is "Failed": case and spelling',
  )
})
