import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import mongoose from 'mongoose'
import { describe, expect, inject, onTestFinished, test } from 'vitest'
import {
  type ReplaySummary,
  accountModel,
  createCollections,
  defineLedger,
  transferModel,
  verify,
} from '../../src/index.ts'
import { daybook } from '../support/command-line.ts'
import { compiled } from '../support/programs.ts'
import { makeFolder } from '../support/temporary-folder.ts'

/** Creates a database for an example and drops it when the test has finished. */
async function makeDatabase() {
  const uri = inject('mongodbUri').replace(/\/\?|\/?$/, `/example-${randomUUID()}?`)
  const connection = await mongoose.createConnection(uri).asPromise()
  onTestFinished(async () => {
    await connection.dropDatabase()
    await connection.close()
  })
  /** Runs a program as a user of the package does, on this database. */
  const run = async (...parameters: string[]): Promise<string> => {
    const env = { ...process.env, MONGODB_URI: uri }
    const { stdout } = await promisify(execFile)(process.execPath, parameters, { env })
    return stdout
  }
  return { connection, uri, run }
}

describe('the examples', () => {
  test('post a transfer, and nothing more when they run again', async () => {
    const { connection, run } = await makeDatabase()
    expect(await run(compiled('examples/transfer.ts'))).toBe('900\n')
    expect(await run(compiled('examples/transfer.ts'))).toBe('900\n')
    expect(await verify(connection)).toMatchObject({ accounts: 2, transfers: 1 })
  })

  test('write an order and its payment both or not at all', async () => {
    const { connection, run } = await makeDatabase()
    expect(await run(compiled('examples/own-transaction.ts'))).toBe('INSUFFICIENT_FUNDS\n1\n')
    expect(await connection.collection('orders').find().toArray()).toMatchObject([{ _id: '1' }])
    const reader = await accountModel(connection).findById('READER').orFail()
    expect(reader.balance.toFixed(2)).toBe('30.10')
  })

  test('settle orders of a marketplace, and take one back', async () => {
    const { connection, run } = await makeDatabase()
    const output = [
      'leg 2: account SELLER has 90.20 EUR available, but the transfer needs 91.00',
      'BUYER 20.00, FEES 4.80, SELLER 75.20',
      'BUYER 100.00, FEES 0.00, SELLER 0.00',
    ]
    expect(await run(compiled('examples/marketplace.ts'))).toBe(`${output.join('\n')}\n`)
    expect(await verify(connection)).toMatchObject({ balanced: true, groups: 2, transfers: 4 })
  })

  test('hold money of a guest, and capture what is due', async () => {
    const { connection, run } = await makeDatabase()
    const output = ['500 EUR, 200 held, 300 available', '314.5 EUR, 0 held, 314.5 available']
    expect(await run(compiled('examples/hotel.ts'))).toBe(`${output.join('\n')}\n`)
    expect(await verify(connection)).toMatchObject({ violations: [], transfers: 2 })
  })

  test('answer a request over HTTP, and a repeated, a refused and a malformed one', async () => {
    const { connection, run } = await makeDatabase()
    const output = ['RENT-1: 201', 'RENT-1: 201', 'RENT-2: 422 INSUFFICIENT_FUNDS', 'RENT-3: 400']
    expect(await run(compiled('examples/http.ts'))).toBe(`${output.join('\n')}\n`)
    expect(await verify(connection)).toMatchObject({ accounts: 2, transfers: 1 })
  })

  test('keep the ledger beside a program’s own accounts', async () => {
    const { connection, run } = await makeDatabase()
    await connection.collection('accounts').insertOne({ provider: 'github' })
    const output = 'accounts and bank_accounts\n'
    expect(await run(compiled('examples/own-names.ts'))).toBe(output)
    await connection.collection('accounts').insertOne({ provider: 'github' })
    defineLedger(connection, { collections: { accounts: 'bank_accounts' } })
    expect(await verify(connection)).toMatchObject({ balanced: true, accounts: 1 })
  })

  test('replay a file and print the refused line', async () => {
    const { run } = await makeDatabase()
    const refusal =
      'line 4: account EMPLOYER has 600.00 USD available, but the transfer needs 4200.00'
    const output = `finished: 2 posted, 1 refused\n${refusal}\n`
    expect(await run(compiled('examples/replay.ts'))).toBe(output)
    expect(await run(compiled('examples/replay.ts'), 'examples/salaries.csv')).toBe(output)
  })

  describe('read files of any kind by a transform', () => {
    const transforms = 'examples/transforms'
    const replayExample = async (file: string, transform: string, ...more: string[]) => {
      const { connection, uri } = await makeDatabase()
      await createCollections(connection)
      const path = join(await makeFolder(), file)
      await copyFile(`${transforms}/${file}`, path)
      const parameters = ['replay', path, '--transform', `${transforms}/${transform}`, '--json']
      const { stdout } = await daybook(uri, [...parameters, ...more])
      const Account = accountModel(connection)
      const balances = (await Account.find().sort({ _id: 1 })).map(
        ({ _id, balance }) => `${_id} ${balance.toFixed(2)}`,
      )
      expect(await verify(connection)).toMatchObject({ balanced: true, violations: [] })
      return { connection, uri, summary: JSON.parse(stdout) as ReplaySummary, balances }
    }

    test('PaySim’s payments with the balances that the file says', async () => {
      const { summary, balances } = await replayExample('paysim.csv', 'paysim.ts')

      expect(summary).toMatchObject({ posted: 3, skipped: 1, accountsOpened: 5 })
      expect(summary.refusedByCode).toEqual({ INSUFFICIENT_FUNDS: 1 })
      expect(balances).toEqual([
        'C100 160115.36',
        'C200 1100.50',
        'C300 399.50',
        'C400 181.00',
        'M900 9839.64',
      ])
    })

    const opening = 'openingBalance=1000,overdraftLimit=unlimited,currency=EUR'

    test('MT940, whose rejects can be corrected and replayed', async () => {
      const rejects = join(await makeFolder(), 'rejects.jsonl')
      const { connection, uri, summary, balances } = await replayExample(
        'statement.sta',
        'mt940.ts',
        '--open-missing',
        'currency=EUR',
        '--rejects',
        rejects,
      )

      expect(summary.refusedByCode).toEqual({ INSUFFICIENT_FUNDS: 3, MALFORMED_LINE: 1 })
      expect(balances).toEqual([])
      const written = await readFile(rejects, 'utf8')
      expect(written).toContain('"line":6,')
      const again = rejects.replace('rejects', 'again')
      await writeFile(again, written.replace('"not a booking"', '"260107D1,NTRFNONREF//B-4"'))
      const transform = ['--transform', `${transforms}/mt940.ts`]
      const open = ['--open-missing', opening]
      const { stdout } = await daybook(uri, ['replay', again, ...transform, ...open, '--json'])

      expect(JSON.parse(stdout)).toMatchObject({ posted: 4, refused: 0 })
      const account = await accountModel(connection).findById('10020030/1234567').orFail()
      expect(account.balance.toFixed(2)).toBe('-7850.25')
      expect(await transferModel(connection).findById('B-1')).toMatchObject({
        reference: 'RENT JANUARY FLAT 7',
        effectiveAt: new Date('2026-01-02'),
      })
    })

    test('camt.053, in which pending entries are skipped', async () => {
      const { connection, summary, balances } = await replayExample(
        'statement.xml',
        'camt053.ts',
        '--open-missing',
        opening,
      )

      expect(summary).toMatchObject({ posted: 2, skipped: 1, refused: 0 })
      expect(balances).toEqual([
        'DE02100100100006820101 2149.75',
        'DE75512108001245126199 1050.25',
        'WORLD -200.00',
      ])
      expect(await transferModel(connection).findById('B-1')).toMatchObject({
        reference: 'Rent & heating',
      })
    })
  })

  test('migrate a database and revert the migration', async () => {
    const { connection, uri } = await makeDatabase()
    await createCollections(connection)
    for (const holder of ['Ada', 'Grace', 'Ada']) {
      await accountModel(connection).open({ holder, currency: 'USD' })
    }
    const migrate = async (...actions: string[]) => {
      const parameters = ['migrate', ...actions, '--migrations', 'examples/migrations']
      expect(await daybook(uri, parameters)).toMatchObject({ exitCode: 0 })
    }
    const customers = () => connection.collection('customers').distinct('name')

    await migrate('up')
    expect(await customers()).toEqual(['Ada', 'Grace'])
    await migrate('down', '--force')
    expect(await customers()).toEqual([])
  })

  test('pass as tests of node:test', async () => {
    const { run } = await makeDatabase()
    expect(await run('--test', compiled('examples/node-test.ts'))).toContain('# pass 2\n# fail 0\n')
  })
})
