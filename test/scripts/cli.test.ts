import { randomUUID } from 'node:crypto'
import { open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import mongoose from 'mongoose'
import stringWidth from 'string-width'
import { afterAll, describe, expect, inject, onTestFinished, test } from 'vitest'
import { daybook as runDaybook, startDaybook } from '../support/command-line.ts'
import { startProxy } from '../support/proxy.ts'
import { makeFolder } from '../support/temporary-folder.ts'

const database = `test-${randomUUID()}`
const uri = inject('mongodbUri').replace(/\/(\?|$)/, `/${database}$1`)

afterAll(async () => {
  const connection = await mongoose.createConnection(uri).asPromise()
  await connection.dropDatabase()
  await connection.close()
})

/** Runs a command on this file's own database. */
const daybook = (...parameters: string[]) => runDaybook(uri, parameters)

describe('the command line', () => {
  const [payer, payee] = ['MDB100000001', 'MDB343652528']

  test('reports pending migrations with its exit code', async () => {
    expect(await daybook('migrate', 'status', '--check')).toMatchObject({ exitCode: 2 })
  })

  test('runs the demo, and changes nothing when it runs again', async () => {
    const first = await daybook('demo')
    expect(first).toMatchObject({ exitCode: 0 })
    expect(first.stdout).toMatch(/^status +finished$/m)
    expect(first.stdout).toMatch(/^posted +9,768$/m)
    expect(first.stdout).toContain('the books balance: 1000 accounts, 9768 transfers')
    expect(first.stdout).toContain('all 28 entries: daybook statement MDB574189300')
    expect(first.stderr).toContain(`database: ${uri}`)

    const second = await daybook('demo')
    expect(second.stdout).toContain('already finished by an earlier run: nothing was changed')
    expect(second.stdout.replace(/^(status|time) .*$/gm, '')).toBe(
      first.stdout.replace(/^(status|time) .*$/gm, ''),
    )
  })

  test('says what to do if the database has the demo of another version', async () => {
    const connection = await mongoose.createConnection(uri).asPromise()
    const batch = connection.collection<{ _id: string; digest: string }>('batches')
    const setDigest = (digest: string) =>
      batch.findOneAndUpdate({ _id: 'transfers.csv' }, { $set: { digest } })
    const stored = await setDigest('0'.repeat(64))
    const outcome = await daybook('demo')
    await setDigest(stored?.digest ?? '')
    await connection.close()
    expect(outcome).toMatchObject({ exitCode: 4 })
    expect(outcome.stderr).toContain(
      'another version’s demo. To empty it, run daybook seed --reset',
    )
  })

  test('connects to its database once', async () => {
    const proxy = await startProxy(uri)
    const throughProxy = `mongodb://127.0.0.1:${proxy.port}/${database}?directConnection=true`
    const outcome = await runDaybook(throughProxy, ['account', 'show', payer])
    expect(outcome).toMatchObject({ exitCode: 0 })
    // One client has a connection for its commands, one for its monitor, and perhaps one that measures the round trip.
    expect(proxy.connections()).toBeLessThanOrEqual(3)
  })

  test('refuses a malformed URI, and hides its password', async () => {
    const outcome = await runDaybook('mongo://me:hush@localhost', ['account', 'show', payer])
    expect(outcome).toMatchObject({ exitCode: 4, stdout: '' })
    expect(outcome.stderr).toContain('mongo://me:***@localhost is not a MongoDB URI')
    expect(outcome.stderr).not.toContain('hush')
  })

  test('posts a transfer once, shows it in the statement, and reverses it', async () => {
    const transfer = ['transfer', payer, payee, '2.50', '--id', 'CLI1', '--json', '--quiet']
    const posted = await daybook(...transfer)
    expect(JSON.parse(posted.stdout)).toMatchObject({ _id: 'CLI1', amount: '2.50' })
    expect(await daybook(...transfer)).toEqual(posted)
    const json = await daybook('statement', payee, '--limit', '1', '--json')
    expect(JSON.parse(json.stdout)).toMatchObject([
      { transferId: 'CLI1', counterparty: payer, amount: '2.50' },
    ])
    const csv = await daybook('statement', payee, '--limit', '1', '--csv')
    expect(csv.stdout).toMatch(
      /^sequence,postedAt,transferId.*\n\d+,[^,]+Z,CLI1,MDB100000001,2.50,/,
    )
    const reversal = await daybook('reverse', 'CLI1')
    expect(reversal.stdout).toBe(`CLI1:reversal: 2.50 USD from ${payee} to ${payer}\n`)
    expect(await daybook('verify')).toMatchObject({ exitCode: 0 })
  })

  test('posts and reverses a transfer with a date of its own, and refuses a date that is not clear', async () => {
    const transfer = ['transfer', payer, payee, '1', '--id', 'CLI5']
    const dated = await daybook(...transfer, '--effective-at', '2026-01-31')
    expect(dated.stdout).toBe(
      `CLI5: 1.00 USD from ${payer} to ${payee}, effective 2026-01-31T00:00:00.000Z\n`,
    )
    const time = ['--effective-at', '2026-01-31T23:30:00.5-01:00']
    const reversal = await daybook('reverse', 'CLI5', ...time, '--json')
    expect(JSON.parse(reversal.stdout)).toMatchObject({ effectiveAt: '2026-02-01T00:30:00.500Z' })
    for (const unclear of [
      '2026-02-29',
      '2026-13-01',
      '2026-01-31T09:30:00',
      '2026-01-31Z',
      '2026-01-31T09:30:00+25:00',
      '01/02/2026',
      'today',
      '1',
    ]) {
      const refused = await daybook(...transfer, '--effective-at', unclear)
      expect(refused).toMatchObject({ exitCode: 64, stdout: '' })
      expect(refused.stderr).toContain(
        `daybook: --effective-at ${unclear}: expected a date such as 2026-01-31, or a time with its zone`,
      )
    }
  })

  test('shows a statement by effective date, limited to dates', async () => {
    for (const [id, date] of [
      ['CLI6', '2026-03-31'],
      ['CLI7', '2026-02-28'],
      ['CLI8', '2026-04-01'],
    ]) {
      await daybook('transfer', payer, payee, '1', '--id', `${id}`, '--effective-at', `${date}`)
    }
    const parameters = ['statement', payee, '--from', '2026-02-28', '--to', '2026-04-01']
    const byDate = [...parameters, '--by', 'effectiveAt']
    const { stdout } = await daybook(...byDate)
    const [, , head, ...lines] = stdout.split('\n')
    expect(head).toMatch(/^ *# +effective \(UTC\) +transfer /)
    expect(lines.map((line) => line.trim().split(/ {2,}/).slice(1, 3))).toEqual([
      ['2026-03-31 00:00:00', 'CLI6'],
      ['2026-02-28 00:00:00', 'CLI7'],
      [],
    ])
    const csv = await daybook(...byDate, '--csv')
    expect(csv.stdout).toMatch(/^sequence,.*,effectiveAt,group\n.*,2026-03-31T00:00:00.000Z,\n/)
    const json = await daybook(...byDate, '--json')
    expect(JSON.parse(json.stdout)).toMatchObject([
      { transferId: 'CLI6', effectiveAt: '2026-03-31T00:00:00.000Z' },
      { transferId: 'CLI7' },
    ])
    expect((await daybook(...parameters)).stdout).not.toContain('CLI6')
    expect(await daybook(...parameters, '--by', 'date')).toMatchObject({ exitCode: 64 })
    expect(await daybook(...parameters, '--before', '999999')).toMatchObject({ exitCode: 0 })
    const unknown = await daybook(...byDate, '--before', '999999')
    expect(unknown.stderr).toContain('before 999999 is not the sequence of a transfer')
    expect(unknown.exitCode).toBe(4)
  })

  test('lists the balances of an account by month in a time zone', async () => {
    for (const [id, date] of [
      ['CLI10', '2027-01-31T22:59:59Z'],
      ['CLI11', '2027-01-31T23:00:00Z'],
    ]) {
      await daybook('transfer', payer, payee, '1', '--id', `${id}`, '--effective-at', `${date}`)
    }
    const range = ['--from', '2027-01-01', '--to', '2027-03-01', '--by', 'effectiveAt']
    const command = ['balances', payee, ...range, '--time-zone', 'Europe/Berlin']
    const json = await daybook(...command, '--json')
    const rows = JSON.parse(json.stdout) as Record<'opening' | 'closing', string>[]
    const [january, february] = rows
    expect(rows).toEqual([
      {
        ...january,
        from: '2026-12-31T23:00:00.000Z',
        to: '2027-01-31T23:00:00.000Z',
        received: '1.00',
        sent: '0.00',
        count: 1,
      },
      {
        from: '2027-01-31T23:00:00.000Z',
        to: '2027-02-28T23:00:00.000Z',
        opening: january?.closing,
        received: '1.00',
        sent: '0.00',
        closing: february?.closing,
        count: 1,
      },
    ])
    const { stdout } = await daybook(...command)
    expect(stdout).toMatch(
      /\n\nfrom \(Europe\/Berlin\) +opening +in +out +closing +transfers\n2027-01-01 .*\n2027-02-01 /,
    )
    const csv = await daybook(...command, '--csv', '--every', 'year')
    expect(csv.stdout).toBe(
      `from,to,opening,received,sent,closing,count\n2026-12-31T23:00:00.000Z,2027-02-28T23:00:00.000Z,${january?.opening},2.00,0.00,${february?.closing},2\n`,
    )
    for (const [wrong, message] of [
      [['--time-zone', 'Berlin'], '--time-zone Berlin: expected a time zone such as'],
      [['--every', 'quarter'], '--every quarter: expected one of day, week, month, year'],
    ] as const) {
      const refused = await daybook('balances', payee, ...wrong)
      expect(refused.exitCode).toBe(64)
      expect(refused.stderr).toContain(message)
    }
    const many = await daybook('balances', payee, '--every', 'day', '--from', '1900-01-01')
    expect(many.exitCode).toBe(4)
    expect(many.stderr).toContain('daybook: there are more than 10000 periods between 1900-01-01T')
  })

  test('fits a statement to the width of a terminal', async () => {
    const reference = 'rent for the flat '.repeat(8).trim()
    await daybook('transfer', payer, payee, '1', '--id', 'CLI3', '--reference', reference)
    const { stdout } = await runDaybook(uri, ['statement', payee, '--limit', '1'], { columns: 90 })
    const lines = stdout.trimEnd().split('\n')
    expect(Math.max(...lines.map((line) => stringWidth(line)))).toBeLessThanOrEqual(90)
    expect(stdout.match(/flat/g)).toHaveLength(8)
  })

  test('fails without a stack when it cannot write its output', async () => {
    const unwritable = await open('/dev/null', 'r')
    onTestFinished(() => unwritable.close())
    const stdio = ['ignore' as const, unwritable.fd, 'pipe' as const]
    const { exitCode, stderr } = await startDaybook(uri, ['account', 'show', payer], { stdio })
      .ended
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/^daybook: cannot write to stdout: .*EBADF/m)
    expect(stderr).not.toMatch(/^ +at /m)
  })

  test('shows the same result in a dry run, and writes nothing', async () => {
    const opening = ['account', 'open', 'CLI-A', '--holder', 'Ada', '--currency', 'USD']
    const dry = await daybook(...opening, '--dry-run')
    expect(dry.stdout).toMatch(/^status +open$/m)
    const missing = await daybook('account', 'show', 'CLI-A')
    expect(missing).toMatchObject({ exitCode: 1 })
    expect(missing.stderr).toContain('daybook: ACCOUNT_NOT_FOUND: ')
    await daybook(...opening)

    const dryRun = ['--id', 'CLI2', '--dry-run']
    const moved = await daybook('transfer', payee, 'CLI-A', '1', ...dryRun)
    expect(moved.stdout).toBe(`CLI2: 1.00 USD from ${payee} to CLI-A\n`)
    const refused = await daybook('transfer', payee, 'CLI-A', '999999999999', ...dryRun)
    expect(refused.stderr).toContain('daybook: INSUFFICIENT_FUNDS: ')
    const reversal = await daybook('reverse', 'CLI2', '--dry-run')
    expect(reversal.stderr).toContain('daybook: TRANSFER_NOT_FOUND: ')
    const frozen = await daybook('account', 'freeze', 'CLI-A', '--dry-run')
    expect(frozen.stdout).toMatch(/^status +frozen$/m)
    const shown = await daybook('account', 'show', 'CLI-A')
    expect(shown.stdout).toMatch(/^status +open$/m)
    expect(shown.stdout).toMatch(/^balance +0.00 USD$/m)
  })

  test('migrates, and exits with the code of each state', async () => {
    const folder = await makeFolder()
    const migrate = (action: string, ...parameters: string[]) =>
      daybook('migrate', action, ...parameters, '--migrations', folder)
    const path = join(folder, '2-log.mjs')
    await writeFile(path, 'export const up = () => undefined')
    expect(await migrate('status', '--check')).toMatchObject({ exitCode: 2 })
    expect(await migrate('up')).toMatchObject({ exitCode: 0, stdout: '1 applied\n' })
    expect(await migrate('up')).toMatchObject({ exitCode: 0, stdout: 'nothing to apply\n' })
    expect(await migrate('status', '--check')).toMatchObject({ exitCode: 0 })
    await writeFile(path, 'export const up = () => null')
    const changed = await migrate('status', '--check')
    expect(changed.exitCode).toBe(4)
    expect(changed.stdout).toMatch(/^2-log +changed .*its file is not the one that was applied$/m)
    expect(await migrate('mark', '2-log', '--pending')).toMatchObject({ exitCode: 0 })
  })

  test('exits with 5 after a replay with refusals, and replays several files in order', async () => {
    const folder = await makeFolder()
    const file = join(folder, 'two.csv')
    await writeFile(file, 'from,to,amount\nMDB100000001,MDB343652528,1\nMDB100000001,NOBODY,1\n')
    const rejects = join(folder, 'rejects.csv')
    expect(await daybook('replay', file, '--rejects', rejects)).toMatchObject({ exitCode: 5 })
    expect(await readFile(rejects, 'utf8')).toMatch(/ACCOUNT_NOT_FOUND.*NOBODY/)
    await writeFile(join(folder, 'three.csv'), 'from,to,amount\nMDB343652528,MDB100000001,1\n')
    const both = await daybook('replay', join(folder, 'three.csv'), file, '--json')
    expect(
      both.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as object),
    ).toMatchObject([
      { name: 'three.csv', posted: 1, alreadyFinished: false },
      { name: 'two.csv', posted: 1, alreadyFinished: true },
    ])
    const batch = await daybook('batches', 'two.csv')
    expect(batch.stdout).toContain('to account NOBODY does not exist')
    expect((await daybook('batches', 'none')).stderr).toContain('there is no batch none')
  })

  test('reads standard input as a file named -', async () => {
    const { child, ended } = startDaybook(uri, ['replay', '-', '--as', 'piped', '--json'])
    child.stdin?.end(`from,to,amount\n${payer},${payee},1\n`)
    expect(JSON.parse((await ended).stdout)).toMatchObject({ name: 'piped', posted: 1 })
  })

  test.each([
    [['seed', '--accounts', 'x'], 'See daybook seed --help.'],
    [['sed'], 'See daybook --help.'],
  ])('points to the help that explains %j', async (parameters, last) => {
    const { stderr } = await daybook(...parameters)
    expect(stderr.trimEnd().split('\n').at(-1)).toBe(last)
  })

  test.each([
    ['an invalid number', ['statement', 'A', '--limit', 'abc'], 64, '--limit abc: expected a'],
    ['a missing file', ['replay', 'missing.csv'], 4, 'missing.csv'],
    [
      'an option of another action',
      ['account', 'freeze', 'A', '--overdraft', '5'],
      64,
      '--overdraft cannot be used with account freeze',
    ],
    [
      'a missing option',
      ['account', 'open', 'A', '--holder', 'Ada'],
      64,
      'account open needs --currency',
    ],
    ['a mark without a state', ['migrate', 'mark', '2-log'], 64, 'needs --applied or --pending'],
    [
      'a check outside status',
      ['migrate', 'up', '--check'],
      64,
      '--check cannot be used with migrate up',
    ],
    [
      'a repeated option',
      ['verify', '--folder', 'a', '--folder=b'],
      64,
      '--folder appears more than once',
    ],
    ['an unknown action', ['account', 'opne', 'A'], 64, 'action opne: expected one of open, show'],
    ['an option without a value', ['verify', '--ledger'], 64, '--ledger needs a value'],
  ])('explains %s, without a stack', async (_name, parameters, exitCode, message) => {
    const failed = await daybook(...parameters)
    expect(failed).toMatchObject({ exitCode, stdout: '' })
    expect(failed.stderr).toContain(message)
    expect(failed.stderr).not.toMatch(/^ {4}at /m)
  })
})
