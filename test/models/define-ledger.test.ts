import mongoose, { Schema } from 'mongoose'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import {
  Account as DefaultAccount,
  Transfer as DefaultTransfer,
  accountModel,
  createCollections,
  defineLedger,
  transferModel,
} from '../../src/index.ts'

const bank = {
  models: { account: 'BankAccount', transfer: 'BankTransfer' },
  collections: { accounts: 'bank_accounts', transfers: 'bank_transfers' },
}

/** Connections that nobody opens: to define and to compile models needs no server. */
let connection: mongoose.Connection
beforeEach(() => {
  connection = mongoose.createConnection()
})

const DEFAULT_NAMES = ['Account', 'Batch', 'Hold', 'Refusal', 'Transfer', 'TransferGroup']

const collectionNames = (models: object) =>
  Object.values(models as Record<string, mongoose.Model<unknown>>).map(
    ({ modelName, collection }) => [modelName, collection.collectionName],
  )

describe('defineLedger', () => {
  test('gives the models and their collections the chosen names, and the others their default ones', () => {
    const models = defineLedger(connection, bank)
    expect(collectionNames(models)).toEqual([
      ['BankAccount', 'bank_accounts'],
      ['BankTransfer', 'bank_transfers'],
      ['TransferGroup', 'transfer_groups'],
      ['Batch', 'batches'],
      ['Refusal', 'refusals'],
      ['Hold', 'holds'],
    ])
    expect(accountModel(connection)).toBe(models.Account)
    expect(transferModel(connection)).toBe(models.Transfer)
    expect(connection.modelNames()).not.toContain('Account')
  })

  test('without a definition compiles the models under their default names', () => {
    defineLedger(connection)
    expect(connection.modelNames().toSorted()).toEqual(DEFAULT_NAMES)
  })

  test('changes nothing if the same definition comes again, in whichever order and however complete', () => {
    const { Account } = defineLedger(connection, bank)
    const again = { collections: { ...bank.collections, batches: 'batches' }, models: bank.models }
    expect(defineLedger(connection, again).Account).toBe(Account)
  })

  test('refuses another definition, and names both', () => {
    defineLedger(connection, bank)
    expect(() => defineLedger(connection, { models: { account: 'Konto' } })).toThrow(
      'the connection already has a ledger with the names {"models":{"account":"BankAccount","transfer":"BankTransfer"},"collections":{"accounts":"bank_accounts","transfers":"bank_transfers"}}, so it cannot have one with the names {"models":{"account":"Konto"}}: call defineLedger() before',
    )
  })

  test('refuses another number of ids that accounts keep, and one out of range', () => {
    defineLedger(connection, { transfersKept: 20 })
    expect(() => defineLedger(connection, { transfersKept: 20 })).not.toThrow()
    expect(() => defineLedger(connection, { ...bank, transfersKept: 30 })).toThrow(
      'already has a ledger with the definition {"transfersKept":20}, so it cannot have one with the definition {"models"',
    )
    for (const transfersKept of [9, 1_001, 10.5, '20' as never]) {
      expect(() => defineLedger(connection, { transfersKept })).toThrow(
        'not a whole number from 10 to 1000',
      )
    }
  })

  test('refuses a definition once the connection is used with the default names', () => {
    accountModel(connection)
    expect(() => defineLedger(connection, bank)).toThrow(
      'already has a ledger with the default names',
    )
    expect(() => defineLedger(connection, {})).not.toThrow()
  })

  test('holds for the connections that useDb() derives, which can also have their own', () => {
    defineLedger(connection, bank)
    expect(accountModel(connection.useDb('tenant')).modelName).toBe('BankAccount')
    const own = defineLedger(connection.useDb('other'), { models: { account: 'Konto' } })
    expect(own.Account.modelName).toBe('Konto')
  })

  test.each([
    ['the definition is "bank"', 'bank'],
    ['has an unknown key, "collection": did you mean "collections"?', { collection: {} }],
    ['models of the definition has an unknown key, "acount"', { models: { acount: 'A' } }],
    ['collections of the definition is ["a"]', { collections: ['a'] }],
    ['models.account of the definition is ""', { models: { account: '' } }],
    ['models.batch of the definition is 5', { models: { batch: 5 } }],
    ['collections.accounts of the definition is "a$b"', { collections: { accounts: 'a$b' } }],
    [
      'collections.accounts of the definition is "system.users"',
      { collections: { accounts: 'system.users' } },
    ],
    ['collections.accounts of the definition is "a..b"', { collections: { accounts: 'a..b' } }],
    [
      'models.account and models.transfer of the definition are both "Transfer"',
      { models: { account: 'Transfer' } },
    ],
    [
      'collections.transfers and collections.migrations of the definition are both "t"',
      { collections: { transfers: 't', migrations: 't' } },
    ],
  ])('refuses a malformed definition: %s', (message, definition) => {
    expect(() => defineLedger(connection, definition as object)).toThrow(message)
    // Nothing was defined.
    expect(defineLedger(connection, bank).Account.modelName).toBe('BankAccount')
  })
})

describe('a model of the program with a name or a collection of Daybook’s', () => {
  const schema = new Schema({ email: String })

  test('is refused at the first use, whichever came first, and both sides and the remedy are named', () => {
    connection.model('Account', schema)
    expect(() => accountModel(connection)).toThrow(
      'the model "Account" of the collection "accounts" is not Daybook’s, but has the name of Daybook’s model of accounts and the collection of Daybook’s accounts. Rename one of them: to rename Daybook’s, call defineLedger(connection, {"models":{"account":"DaybookAccount"},"collections":{"accounts":"daybook_accounts"}})',
    )
  })

  test('is refused if only its collection is one of Daybook’s, by createCollections too', async () => {
    connection.model('Login', schema, 'accounts')
    await expect(createCollections(connection)).rejects.toThrow(
      'the model "Login" of the collection "accounts" is not Daybook’s, but has the collection of Daybook’s accounts',
    )
  })

  test('is refused when it is compiled after Daybook’s', () => {
    defineLedger(connection)
    expect(() => connection.model('Login', schema, 'accounts')).toThrow(
      'has the collection of Daybook’s accounts',
    )
    expect(connection.modelNames()).not.toContain('Login')
    expect(() => connection.model('Account', schema)).toThrow(
      'another model "Account" cannot be compiled, because Daybook’s model of accounts has this name. Rename one of them: to rename Daybook’s, call defineLedger(connection, {"models":{"account":"DaybookAccount"}})',
    )
  })

  test('works beside Daybook’s under other names', () => {
    const Account = connection.model('Account', schema)
    const ours = defineLedger(connection, bank)
    expect(connection.model('Account')).toBe(Account)
    expect(ours.Account.collection.collectionName).toBe('bank_accounts')
  })

  test('keeps its name and collection while nothing of Daybook uses the connection', () => {
    const name = 'Account'
    const Account = connection.models[name] ?? connection.model(name, schema)
    expect(connection.models[name] ?? connection.model(name, schema)).toBe(Account)
    expect(Account.schema.path('email')).toBeDefined()
  })
})

describe('Daybook’s models', () => {
  test('are compiled again after deleteModel', () => {
    const before = accountModel(connection)
    connection.deleteModel(/.*/)
    expect(accountModel(connection)).not.toBe(before)
    expect(connection.modelNames().toSorted()).toEqual(DEFAULT_NAMES)
  })

  test('are found by a second copy of Daybook, as after a hot reload, with its definition', async () => {
    const { Account } = defineLedger(connection, bank)
    vi.resetModules()
    const copy = await import('../../src/index.ts')
    expect(copy.accountModel).not.toBe(accountModel)
    expect(copy.accountModel(connection)).toBe(Account)
    expect(copy.defineLedger(connection, bank).Account).toBe(Account)
    expect(() => copy.defineLedger(connection, {})).toThrow('already has a ledger')
  })

  test('can be registered by their schemas, as @nestjs/mongoose does', () => {
    const registered = connection.model('Account', accountModel(mongoose.createConnection()).schema)
    expect(accountModel(connection)).toBe(registered)
  })

  test('are exported for mongoose’s default connection, as if they were the models themselves', () => {
    const Model = mongoose.model(DefaultAccount.modelName)
    const account = new DefaultAccount({ _id: 'A', holder: 'Ada', currency: 'USD' })
    expect(account).toBeInstanceOf(Model)
    expect(account.constructor).toBe(Model)
    expect(account).toBeInstanceOf(DefaultAccount)
    expect(Object.keys(DefaultAccount)).toEqual(Object.keys(Model))
    expect('transfer' in DefaultAccount).toBe(true)
    const find = vi.spyOn(DefaultTransfer, 'findById').mockReturnValue('found')
    expect(transferModel(mongoose.connection).findById('T')).toBe('found')
    find.mockRestore()
    expect(DefaultTransfer.findById('T')).toBeInstanceOf(mongoose.Query)

    mongoose.deleteModel('Account')
    expect(new DefaultAccount().constructor).toBe(mongoose.model('Account'))
    expect(mongoose.model('Account')).not.toBe(Model)
  })
})
