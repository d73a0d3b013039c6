import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { promisify } from 'node:util'
import mongoose from 'mongoose'
import { describe, expect, inject, onTestFinished, test } from 'vitest'
import { accountModel, createCollections, defineLedger, verify } from '../../src/index.ts'
import { daybook } from '../support/command-line.ts'
import { compiled } from '../support/programs.ts'

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
