import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { beforeEach, describe, expect, inject, test } from 'vitest'
import { makeFile, openAccounts } from '../support/batch.ts'
import { daybook as runDaybook } from '../support/command-line.ts'
import { useDatabase } from '../support/database.ts'
import { makeFolder } from '../support/temporary-folder.ts'

const { connection, Account } = useDatabase()

const uriOf = () => inject('mongodbUri').replace(/\/(\?|$)/, `/${connection.name}$1`)

const daybook = (...parameters: string[]) => runDaybook(uriOf(), ['export', ...parameters])

describe('daybook export refuses as wrong usage', () => {
  test.each([
    [['--format', 'xml'], '--format xml: expected one of csv, jsonl, hledger'],
    [['--from', 'yesterday'], '--from yesterday: expected a date such as'],
    [['--accounts', '--to', '2026-01-01'], 'cannot be combined with --accounts'],
    [['--accounts', '--format', 'hledger'], '--accounts cannot be combined with --format hledger'],
    [['--spreadsheet', '--format', 'jsonl'], '--spreadsheet is for CSV'],
  ])('%j', async (parameters, message) => {
    const failed = await runDaybook('mongodb://127.0.0.1:1', ['export', ...parameters])

    expect(failed).toMatchObject({ exitCode: 64, stdout: '' })
    expect(failed.stderr).toContain(message)
  })
})

describe('daybook export', () => {
  beforeEach(async () => {
    await openAccounts(Account, { count: 2, openingBalance: '100' })
    await Account.transfer({ transferId: 'T1', from: 'A0', to: 'A1', amount: '1' })
  })

  test('prints CSV', async () => {
    const { exitCode, stdout } = await daybook()

    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/^transferId,.*\nT1,A0,A1,1\.00,USD,+\d.*Z,\n$/)
  })

  test.each([
    ['transfers.csv', /^transferId,/],
    ['transfers.jsonl', /^\{"transferId":"T1"/],
    ['2026.journal', /^decimal-mark \.\n/],
  ])('writes %s in the format that its extension names', async (name, start) => {
    const file = join(await makeFolder(), name)

    expect(await daybook('--output', file)).toMatchObject({ exitCode: 0, stdout: '' })
    expect(await daybook('--output', `${file}.gz`)).toMatchObject({ exitCode: 0 })

    expect(await readFile(file, 'utf8')).toMatch(start)
    expect(gunzipSync(await readFile(`${file}.gz`)).toString()).toBe(await readFile(file, 'utf8'))
  })

  test('replaces a file only with --force', async () => {
    const file = await makeFile('accounts.jsonl', 'mine')

    const refused = await daybook('--accounts', '--output', file)
    expect(refused).toMatchObject({ exitCode: 4 })
    expect(refused.stderr).toContain('already exists: name another file')
    expect(await readFile(file, 'utf8')).toBe('mine')

    expect(await daybook('--accounts', '--output', file, '--force')).toMatchObject({ exitCode: 0 })
    expect(await readFile(file, 'utf8')).toMatch(/^\{"accountId":"A0"/)
  })
})
