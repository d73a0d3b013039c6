import { defineLedger } from 'daybook'
import mongoose from 'mongoose'

export const { Account: BankAccount } = defineLedger(mongoose.connection, {
  models: { account: 'BankAccount' },
  collections: { accounts: 'bank_accounts' },
  fields: { account: { branch: { type: String, enum: ['NORTH', 'SOUTH'] } } },
})

declare module 'daybook' {
  interface AccountFields {
    branch?: 'NORTH' | 'SOUTH'
  }
}
