import { randomUUID } from 'node:crypto'
import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import mongoose, { Schema } from 'mongoose'
import { beforeEach, describe, expect, inject, onTestFinished, test } from 'vitest'
import {
  type AccountDocument,
  type LedgerDefinition,
  type TransferDocument,
  defineLedger,
} from '../src/index.ts'
import { openTestDatabase } from '../src/testing/index.ts'
import { daybook as runDaybook } from './support/command-line.ts'
import { makeFolder } from './support/temporary-folder.ts'

const bank = {
  models: {
    account: 'BankAccount',
    transfer: 'BankTransfer',
    group: 'BankGroup',
    batch: 'BankBatch',
    refusal: 'BankRefusal',
    hold: 'BankHold',
  },
  collections: {
    accounts: 'bank_accounts',
    transfers: 'bank_transfers',
    transfer_groups: 'bank_groups',
    batches: 'bank_batches',
    refusals: 'bank_refusals',
    holds: 'bank_holds',
    migrations: 'bank_migrations',
    migration_lock: 'bank_migration_lock',
  },
} as const satisfies LedgerDefinition

/** What another program keeps under the default names. */
const others = Object.keys(bank.collections)

describe('a ledger with other names', () => {
  let connection: mongoose.Connection
  let uri: string
  beforeEach(async () => {
    uri = inject('mongodbUri').replace(/\/\?|\/?$/, `/names-${randomUUID()}?`)
    connection = await mongoose.createConnection(uri).asPromise()
    for (const name of others) await connection.collection(name).insertOne({ account_id: 'login' })
    const open = connection
    onTestFinished(async () => {
      await open.dropDatabase()
      await open.close()
    })
  })

  /** Checks that every document of the other program is there, and no other. */
  const requireOthersUntouched = async () => {
    for (const name of others) {
      const documents = await connection.collection(name).find().toArray()
      expect(documents).toMatchObject([{ account_id: 'login' }])
    }
  }

  test('is what every command uses, and nothing else is touched', async () => {
    const folder = await makeFolder()
    const [ledger, file] = [join(folder, 'bank.json'), join(folder, 'file.csv')]
    await writeFile(ledger, JSON.stringify(bank))
    const rejects = join(folder, 'rejects.csv')
    await writeFile(file, 'id,from,to,amount\nT1,A,B,5\nT2,A,B,500\n')
    const daybook = async (...parameters: string[]) => {
      const { exitCode, stdout, stderr } = await runDaybook(uri, [
        ...parameters,
        '--ledger',
        ledger,
      ])
      expect({ parameters, stderr, exitCode }).toMatchObject({
        exitCode: parameters.includes('replay') ? 5 : 0,
      })
      return stdout
    }

    await daybook('migrate', 'up')
    await daybook('seed', '--accounts', '3')
    await daybook('seed', '--accounts', '3', '--reset', '--force')
    for (const id of ['A', 'B']) {
      await daybook('account', 'open', id, '--holder', id, '--currency', 'USD', '--balance', '100')
    }
    await daybook('transfer', 'A', 'B', '1', '--id', 'T0')
    await daybook('reverse', 'T0')
    await daybook('replay', file, '--dry-run')
    await daybook('replay', file, '--rejects', rejects)
    expect(await daybook('statement', 'A')).toContain('T1')
    expect(await daybook('balances', 'A', '--every', 'day')).toContain('95.00')
    expect(await daybook('export')).toContain('T1')
    expect(await daybook('batches', 'file.csv')).toContain('INSUFFICIENT_FUNDS')
    expect(await daybook('migrate', 'status', '--check')).toContain('0002-create-collections')
    expect(await daybook('verify')).toContain('the books balance')

    await requireOthersUntouched()
    const names = (await connection.listCollections()).map(({ name }) => name)
    expect(new Set(names)).toEqual(new Set([...others, ...Object.values(bank.collections)]))
  })

  test('is not opened by a command with its default names', async () => {
    const status = await runDaybook(uri, ['migrate', 'up'])
    expect(status).toMatchObject({ exitCode: 4 })
    expect(status.stderr).toContain(
      'the collection "migrations" holds documents of another program',
    )
  })

  test('is not mixed with another program’s documents when its definition is lost', async () => {
    const ledger = join(await makeFolder(), 'bank.json')
    const { migrations, migration_lock } = bank.collections
    const write = (collections: object) => writeFile(ledger, JSON.stringify({ collections }))
    await write(bank.collections)
    const commands = (...parameters: string[]) =>
      runDaybook(uri, [...parameters, '--ledger', ledger])
    expect(await commands('migrate', 'up')).toMatchObject({ exitCode: 0 })
    await write({ migrations, migration_lock })
    const seeded = await commands('seed')
    expect(seeded).toMatchObject({ exitCode: 4 })
    expect(seeded.stderr).toContain('the collection "accounts" holds documents of another program')
    await requireOthersUntouched()
  })

  test('is missing from a database that was migrated under other names', async () => {
    const folder = await makeFolder()
    const commands = async (definition: LedgerDefinition, ...parameters: string[]) => {
      const ledger = join(folder, 'bank.json')
      await writeFile(ledger, JSON.stringify(definition))
      return await runDaybook(uri, [...parameters, '--ledger', ledger])
    }
    expect(await commands(bank, 'migrate', 'up')).toMatchObject({ exitCode: 0 })
    const renamed = { ...bank, collections: { ...bank.collections, accounts: 'konten' } }
    const opened = await commands(renamed, 'seed')
    expect(opened).toMatchObject({ exitCode: 4 })
    expect(opened.stderr).toContain(
      'the database has no collection konten, although Daybook’s migrations are applied. If you renamed the ledger’s collections, rename them in the database too.',
    )
  })
})

describe('a test database with other names', () => {
  test('has the models under these names, populates them, and empties their collections', async () => {
    const connection = mongoose.createConnection()
    const database = await openTestDatabase({
      connection,
      ledger: bank,
      uri: inject('mongodbUri'),
    })
    onTestFinished(() => database.close())
    const { Account, Transfer, Batch } = database
    expect([Account, Transfer, Batch].map(({ modelName }) => modelName)).toEqual([
      'BankAccount',
      'BankTransfer',
      'BankBatch',
    ])
    const Order = connection.model(
      'Order',
      new Schema({ payment: { type: String, ref: 'BankTransfer' } }),
    )

    const { _id: from } = await database.openAccount()
    const { _id: to } = await database.openAccount()
    const transfer = await Account.transfer({ from, to, amount: '5' })
    const order = await Order.create({ payment: transfer._id })

    const paid = await Order.findById(order._id).populate<{ payment: TransferDocument }>('payment')
    expect(paid?.payment.amount.toString()).toBe('5')
    const populated = await Transfer.findById(transfer._id).populate<{
      fromAccount: AccountDocument
    }>('fromAccount')
    expect(populated?.fromAccount.balance.toString()).toBe('995')
    const account = await Account.findById(to).populate<{ transfersComplete: TransferDocument[] }>(
      'transfersComplete',
    )
    expect(account?.transfersComplete.map(({ _id }) => _id)).toEqual([transfer._id])

    const overwrite = Account.aggregate([{ $match: {} }, { $out: 'bank_transfers' }])
    await expect(overwrite).rejects.toMatchObject({ code: 'PROTECTED_FIELD' })
    await Account.aggregate([{ $match: { _id: from } }, { $out: 'transfers' }])
    await expect(Account.collection.insertOne({})).rejects.toThrow('Document failed validation')
    expect(await populated?.fromAccount.statement()).toMatchObject([{ transferId: transfer._id }])
    expect((await populated?.fromAccount.balanceAt(new Date()))?.toString()).toBe('995')
    await database.assertBooksBalance()

    await database.reset()
    expect(await Account.countDocuments()).toBe(0)
  })
})

describe('a ledger with its own number of ids on accounts', () => {
  test('keeps that many, and verify accepts lists that were written with another number', async () => {
    const uri = inject('mongodbUri')
    const ids = Array.from({ length: 40 }, (_, index) => `T${index}`)
    const many = await openTestDatabase({
      connection: mongoose.createConnection(),
      ledger: { transfersKept: 25 },
      uri,
    })
    onTestFinished(() => many.close())
    await many.openAccount({ accountId: 'A', openingBalance: '100' })
    await many.openAccount({ accountId: 'B' })
    const pay = (model: typeof many.Account, transferIds: readonly string[]) =>
      model.transferMany(
        transferIds.map((transferId) => ({ transferId, from: 'A', to: 'B', amount: '1' })),
      )
    const list = async () =>
      (await many.Account.findById('A').orFail().lean()).transfersComplete.join(' ')
    await pay(many.Account, ids.slice(0, 30))
    expect(await list()).toBe(ids.slice(5, 30).join(' '))

    const few = many.connection.useDb(many.connection.name)
    await pay(defineLedger(few, {}).Account, ids.slice(30, 31))
    expect(await list()).toBe(ids.slice(21, 31).join(' '))
    await many.assertBooksBalance()
    await pay(many.Account, ids.slice(31))
    expect(await list()).toBe(ids.slice(21).join(' '))
    await many.assertBooksBalance()
  })
})

test('no other file names a collection', async () => {
  const names = Object.keys(bank.collections).join('|')
  const command = 'find|insert|update|delete|aggregate|collMod|create|drop|count|distinct'
  const pattern = new RegExp(
    `\\bcollection(?:<[^>]*>)?\\(\\s*['"](?:${names})['"]|\\b(?:${command}|\\$out|into|coll): ?['"](?:${names})['"]`,
  )
  expect(".collection<AccountRecord>('accounts')").toMatch(pattern)
  expect("{ find: 'transfers' }").toMatch(pattern)
  const root = new URL('../', import.meta.url)
  const found: string[] = []
  for (const folder of ['src', 'scripts/commands', 'scripts/context', 'scripts/migrations']) {
    for (const file of await readdir(new URL(folder, root), { recursive: true })) {
      const path = `${folder}/${file}`
      if (path.endsWith('.ts') && pattern.test(await readFile(new URL(path, root), 'utf8'))) {
        found.push(path)
      }
    }
  }
  expect(found).toEqual([])
})
