import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text as readAll } from 'node:stream/consumers'
import mongoose from 'mongoose'
import stringWidth from 'string-width'
import { afterAll, describe, expect, inject, onTestFinished, test } from 'vitest'
import { accountCommand } from '../scripts/account.ts'
import { batchesCommand } from '../scripts/batches.ts'
import type { Command } from '../scripts/command.ts'
import { migrateCommand } from '../scripts/migrate.ts'
import { reverseCommand } from '../scripts/reverse.ts'
import { statementCommand } from '../scripts/statement.ts'
import { transferCommand } from '../scripts/transfer.ts'
import { verifyCommand } from '../scripts/verify.ts'
import { makeFolder } from './support/temporary-folder.ts'

const database = `test-${randomUUID()}`
const uri = inject('mongodbUri').replace(/\/(\?|$)/, `/${database}$1`)

afterAll(async () => {
  const connection = await mongoose.createConnection(uri).asPromise()
  await connection.dropDatabase()
  await connection.close()
})

interface Run {
  exitCode: number | string
  stdout: string
  stderr: string
}

/** Runs the command line as a person would, off a terminal, on a database of this file's own. */
function daybook(...parameters: string[]): Promise<Run> & { child: ChildProcess } {
  const command = ['--import', 'tsx', 'scripts/cli.ts', ...parameters]
  const options = { env: { ...process.env, MONGODB_URI: uri } }
  let child: ChildProcess | undefined
  const ended = new Promise<Run>((resolve) => {
    child = execFile(process.execPath, command, options, (error, stdout, stderr) =>
      resolve({ exitCode: error ? (error.code ?? -1) : 0, stdout, stderr }),
    )
  })
  return Object.assign(ended, { child: child as ChildProcess })
}

/** Runs a command in this process, and gives what it printed and its exit code. */
async function run<Options extends object>(
  command: Command<Options>,
  options: Options,
  columns?: number,
) {
  const printed: string[] = []
  const exitCode = await command.run(
    { _: [], $0: 'daybook', uri, folder: 'unused', quiet: true, ...options } as never,
    {
      print: (text) => void printed.push(text),
      tell: () => undefined,
      progress: undefined,
      stdin: process.stdin,
      columns,
      signal: new AbortController().signal,
    },
  )
  return { exitCode, stdout: printed.join('\n') }
}

const unset = { currency: undefined, reference: undefined, 'dry-run': false }

const noOptions = {
  holder: undefined,
  balance: undefined,
  overdraft: undefined,
  'pay-out-to': undefined,
}

const noRange = {
  to: undefined,
  step: undefined,
  currency: undefined,
  'lock-wait': undefined,
  applied: false,
  pending: false,
  check: false,
  force: false,
  'skip-unadoptable': false,
  'dry-run': false,
}

describe('the command line', () => {
  test('tells that something is pending', async () => {
    expect(await daybook('migrate', 'status', '--check')).toMatchObject({ exitCode: 2 })
  })

  test('does the whole job, and says at the second run that all is posted already', async () => {
    const first = await daybook('demo')
    expect(first).toMatchObject({ exitCode: 0 })
    expect(first.stdout).toMatch(/^status +finished$/m)
    expect(first.stdout).toMatch(/^posted +9,765$/m)
    expect(first.stdout).toContain('the books balance: 1000 accounts, 9765 transfers')
    expect(first.stdout).toContain('TR218721873')
    expect(first.stderr).toContain(`database: ${uri}`)

    const second = await daybook('demo')
    expect(second.stdout).toContain('finished before: all is posted already, nothing was changed')
    expect(second.stdout.replace(/^(status|time) .*$/gm, '')).toBe(
      first.stdout.replace(/^(status|time) .*$/gm, ''),
    )
  })

  test('posts a transfer once, shows it in the statement, and takes it back', async () => {
    const [from, to] = ['MDB100000001', 'MDB343652528']
    const transfer = { from, to, amount: '2.50', id: 'CLI1', ...unset, json: true }
    const posted = await run(transferCommand, transfer)
    expect(JSON.parse(posted.stdout)).toMatchObject({ _id: 'CLI1', amount: '2.50' })
    expect(await run(transferCommand, transfer)).toEqual(posted)
    const page = { account: to, limit: 1, before: undefined }
    const json = await run(statementCommand, { ...page, json: true, csv: false })
    expect(JSON.parse(json.stdout)).toMatchObject([
      { transferId: 'CLI1', counterparty: from, amount: '2.50' },
    ])
    const csv = await run(statementCommand, { ...page, json: false, csv: true })
    expect(csv.stdout).toMatch(
      /^sequence,postedAt,transferId.*\n\d+,[^,]+Z,CLI1,MDB100000001,2.50,/,
    )
    const reversal = await run(reverseCommand, { ...unset, id: 'CLI1', json: false })
    expect(reversal.stdout).toBe(`CLI1:reversal: 2.50 USD from ${to} to ${from}`)
    expect(await run(verifyCommand, { json: false })).toMatchObject({ exitCode: 0 })
  })

  test('cuts a statement at the edge of a terminal, its amounts one below the other', async () => {
    const [from, to] = ['MDB100000001', 'MDB343652528']
    const one = { from, to, amount: '1', ...unset, json: true }
    await run(transferCommand, { ...one, id: 'CLI3', reference: '世'.repeat(100) })
    await run(transferCommand, { ...one, id: 'CLI4', amount: '1000', reference: 'short' })
    const page = { account: to, limit: 2, before: undefined, json: false, csv: false }
    const { stdout } = await run(statementCommand, page, 100)
    const lines = stdout.split('\n').slice(2)
    expect(lines).toHaveLength(3)
    const [, first, other] = lines.map((line) => line.indexOf('.'))
    expect(first).toBe(other)
    expect(lines[1]).toMatch(/ short$/)
    expect(lines[2]).toMatch(/世…$/)
    expect(Math.max(...lines.map((line) => stringWidth(line)))).toBeLessThanOrEqual(100)
  })

  test('tells that its output is lost, and tidies up', async () => {
    const unwritable = await open('/dev/null', 'r')
    onTestFinished(() => unwritable.close())
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', 'scripts/cli.ts', 'account', 'show', 'MDB100000001', '--uri', uri],
      { stdio: ['ignore', unwritable.fd, 'pipe'] },
    )
    const [stderr, [exitCode]] = await Promise.all([readAll(child.stderr!), once(child, 'close')])
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/^daybook: stdout: .*EBADF/m)
    expect(stderr).not.toMatch(/^ +at /m)
  })

  test('rehearses a change with the very result, and writes nothing', async () => {
    const rehearsed = { ...unset, 'dry-run': true, json: false }
    const account = { ...unset, account: 'CLI-A', ...noOptions, json: false }
    const opening = { ...account, action: 'open', holder: 'Ada', currency: 'USD' } as const
    const show = { ...account, action: 'show' } as const

    const dry = await run(accountCommand, { ...opening, 'dry-run': true })
    expect(dry.stdout).toMatch(/^status +open$/m)
    await expect(run(accountCommand, show)).rejects.toMatchObject({ code: 'ACCOUNT_NOT_FOUND' })
    await run(accountCommand, opening)

    const transfer = { from: 'MDB343652528', to: 'CLI-A', amount: '1', id: 'CLI2' }
    const moved = `CLI2: 1.00 USD from ${transfer.from} to CLI-A`
    expect((await run(transferCommand, { ...transfer, ...rehearsed })).stdout).toBe(moved)
    await expect(
      run(transferCommand, { ...transfer, ...rehearsed, amount: '999999999999' }),
    ).rejects.toMatchObject({ code: 'INSUFFICIENT_FUNDS' })
    await expect(run(reverseCommand, { ...rehearsed, id: 'CLI2' })).rejects.toMatchObject({
      code: 'TRANSFER_NOT_FOUND',
    })
    const frozen = await run(accountCommand, { ...show, action: 'freeze', 'dry-run': true })
    expect(frozen.stdout).toMatch(/^status +frozen$/m)
    const shown = await run(accountCommand, show)
    expect(shown.stdout).toMatch(/^status +open$/m)
    expect(shown.stdout).toMatch(/^balance +0.00 USD$/m)
  })

  test.each([
    ['freeze', { overdraft: '5' }, '--overdraft says nothing with account freeze'],
    ['open', { holder: 'Ada' }, 'account open needs --currency'],
  ] as const)('refuses account %s with %o', async (action, options, message) => {
    const account = { ...unset, ...noOptions, action, account: 'CLI-A', json: false, ...options }
    await expect(async () => await run(accountCommand, account)).rejects.toThrow(message)
  })

  test('migrates with the exit codes of its states', async () => {
    const folder = await makeFolder()
    const migrate = { migrations: folder, name: undefined, ...noRange, json: false }
    const status = { ...migrate, action: 'status', check: true } as const
    const path = join(folder, '2-log.mjs')
    await writeFile(path, 'export const up = () => undefined')
    expect(await run(migrateCommand, status)).toMatchObject({ exitCode: 2 })
    const up = { ...migrate, action: 'up' } as const
    expect(await run(migrateCommand, up)).toEqual({ exitCode: 0, stdout: '1 applied' })
    expect(await run(migrateCommand, up)).toEqual({ exitCode: 0, stdout: 'nothing to apply' })
    expect(await run(migrateCommand, status)).toMatchObject({ exitCode: 0 })
    await writeFile(path, 'export const up = () => null')
    const changed = await run(migrateCommand, status)
    expect(changed.exitCode).toBe(4)
    expect(changed.stdout).toMatch(/^2-log +changed .*its file is not the one that was applied$/m)
    const mark = { ...migrate, action: 'mark', name: '2-log' } as const
    await run(migrateCommand, { ...mark, pending: true })
    await expect(run(migrateCommand, mark)).rejects.toThrow('needs --applied or --pending')
    await expect(run(migrateCommand, { ...up, check: true })).rejects.toThrow(
      '--check says nothing with migrate up',
    )
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
    const one = { name: 'two.csv', limit: 10, json: false }
    expect((await run(batchesCommand, one)).stdout).toContain('to account NOBODY does not exist')
    await expect(run(batchesCommand, { ...one, name: 'none' })).rejects.toThrow(
      'there is no batch none',
    )
  })

  test('reads standard input as a file named -', async () => {
    const piped = daybook('replay', '-', '--as', 'piped', '--json')
    piped.child.stdin?.end('from,to,amount\nMDB100000001,MDB343652528,1\n')
    expect(JSON.parse((await piped).stdout)).toMatchObject({ name: 'piped', posted: 1 })
  })

  test.each([
    ['a number that is none', ['statement', 'A', '--limit', 'abc'], 64, '--limit abc: expected a'],
    ['a file that is not there', ['replay', 'missing.csv'], 4, 'missing.csv'],
  ])(
    'says what is wrong with %s, without a stack',
    async (_what, parameters, exitCode, message) => {
      const failed = await daybook(...parameters)
      expect(failed).toMatchObject({ exitCode, stdout: '' })
      expect(failed.stderr).toContain(message)
      expect(failed.stderr).not.toMatch(/^ {4}at /m)
    },
  )
})
