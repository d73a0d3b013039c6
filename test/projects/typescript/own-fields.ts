// The fields of one's own that a program declares for the compiler. Only tsc reads this file.
import { Account, type AccountDocument, type Decimal, Transfer, defineLedger } from 'daybook'
import mongoose, { type Types } from 'mongoose'

declare module 'daybook' {
  interface AccountFields {
    branch?: 'NORTH' | 'SOUTH'
    manager?: Types.ObjectId
    share?: Types.Decimal128
  }
  interface TransferFields {
    tenantId?: number
  }
}

export async function accepts(): Promise<void> {
  const request = { holder: 'Ada', currency: 'USD', branch: 'NORTH', manager: 'id' } as const
  const account: AccountDocument = await Account.open({ ...request, share: '0.5' })
  const share: Decimal | undefined = account.share
  account.branch = 'SOUTH'
  const transfer = await Account.transfer({ from: 'A', to: 'B', amount: '1', tenantId: 7 })
  const [lean] = await Transfer.find({ tenantId: 7 }).lean()
  const [entry] = await account.statement()
  const tenants: (number | undefined)[] = [transfer.tenantId, lean?.tenantId, entry?.tenantId]
  await Account.find({ branch: 'NORTH' })
  await defineLedger(mongoose.connection).Account.open(request)
  void [share, tenants]
}

export const refuses = () => [
  // @ts-expect-error a branch is one of two
  Account.open({ holder: 'Ada', currency: 'USD', branch: 'EAST' }),
  // @ts-expect-error there is no such field
  Account.transfer({ from: 'A', to: 'B', amount: '1', tenant: 7 }),
]
