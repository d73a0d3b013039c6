import mongoose from 'mongoose'
import { describe, expect, test } from 'vitest'
import { accountModel } from '../../src/index.ts'
import { defineLedger } from '../../src/models/define-ledger.ts'

const names = {
  models: { account: 'BankAccount', transfer: 'BankTransfer' },
  collections: { accounts: 'bank_accounts', transfers: 'bank_transfers' },
}

describe('defineLedger', () => {
  test('gives the models and their collections the chosen names', () => {
    const connection = mongoose.createConnection()
    const { Account, Transfer, Batch } = defineLedger(connection, names)
    expect(
      [Account, Transfer, Batch].map((model) => [model.modelName, model.collection.collectionName]),
    ).toEqual([
      ['BankAccount', 'bank_accounts'],
      ['BankTransfer', 'bank_transfers'],
      ['Batch', 'batches'],
    ])
    expect(accountModel(connection)).toBe(Account)
    expect(connection.models).not.toHaveProperty('Account')
  })
})
