import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { promisify } from 'node:util'
import mongoose from 'mongoose'
import { describe, expect, inject, onTestFinished, test } from 'vitest'
import { accountModel, createCollections, verify } from '../../src/index.ts'

/** A new database for an example, dropped with the test. */
async function makeDatabase() {
  const uri = inject('mongodbUri').replace(/\/\?|\/?$/, `/example-${randomUUID()}?`)
  const connection = await mongoose.createConnection(uri).asPromise()
  onTestFinished(async () => {
    await connection.dropDatabase()
    await connection.close()
  })
  /** Runs a program as its user would, on this database. */
  const run = async (...parameters: string[]): Promise<string> => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', ...parameters],
      { env: { ...process.env, MONGODB_URI: uri } },
    )
    return stdout
  }
  return { connection, run }
}

describe('the examples', () => {
  test('post a transfer, and post nothing when run again', async () => {
    const { connection, run } = await makeDatabase()
    expect(await run('examples/transfer.ts')).toBe('900\n')
    expect(await run('examples/transfer.ts')).toBe('900\n')
    expect(await verify(connection)).toMatchObject({ accounts: 2, transfers: 1 })
  })

  test('keep an order and its payment together', async () => {
    const { connection, run } = await makeDatabase()
    expect(await run('examples/own-transaction.ts')).toBe('INSUFFICIENT_FUNDS\n1\n')
    expect(await connection.collection('orders').find().toArray()).toMatchObject([{ _id: '1' }])
    const reader = await accountModel(connection).findById('READER').orFail()
    expect(reader.balance.toFixed(2)).toBe('30.10')
  })

  test('replay a file, with the refused line told', async () => {
    const { run } = await makeDatabase()
    const refusal =
      'line 4: account EMPLOYER has 600.00 USD available, but the transfer needs 4200.00'
    const output = `finished: 2 posted, 1 refused\n${refusal}\n`
    expect(await run('examples/replay.ts')).toBe(output)
    expect(await run('examples/replay.ts', 'examples/salaries.csv')).toBe(output)
  })

  test('migrate a database, and back', async () => {
    const { connection, run } = await makeDatabase()
    await createCollections(connection)
    for (const holder of ['Ada', 'Grace', 'Ada']) {
      await accountModel(connection).open({ holder, currency: 'USD' })
    }
    const migrate = (...parameters: string[]) =>
      run('scripts/cli.ts', 'migrate', ...parameters, '--migrations', 'examples/migrations')
    const customers = () => connection.collection('customers').distinct('name')

    await migrate('up')
    expect(await customers()).toEqual(['Ada', 'Grace'])
    await migrate('down')
    expect(await customers()).toEqual([])
  })

  test('are tests for node:test', async () => {
    const { run } = await makeDatabase()
    expect(await run('--test', 'examples/node-test.ts')).toContain('# pass 2\n# fail 0\n')
  })
})
