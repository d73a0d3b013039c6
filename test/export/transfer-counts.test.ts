import { expect, test } from 'vitest'
import { TransferCounts } from '../../src/export/transfer-counts.ts'
import { useDatabase } from '../support/database.ts'

const { connection, Account, Transfer } = useDatabase()

test('TransferCounts include what was posted when they were read, and nothing later', async () => {
  for (const accountId of ['ADA', 'BOB', 'EVE', 'DAN']) {
    await Account.open({ accountId, holder: accountId, currency: 'USD', openingBalance: '100' })
  }
  await Account.transfer({ transferId: 'T1', from: 'ADA', to: 'BOB', amount: '1' })
  await Account.transfer({ transferId: 'T2', from: 'BOB', to: 'ADA', amount: '1' })

  const counts = await TransferCounts.read(connection)
  await Account.transfer({ transferId: 'T3', from: 'ADA', to: 'BOB', amount: '1' })
  await Account.transfer({ transferId: 'T4', from: 'ADA', to: 'EVE', amount: '1' })
  await Account.transfer({ transferId: 'T5', from: 'EVE', to: 'BOB', amount: '1' })
  await Account.open({ accountId: 'FAY', holder: 'Fay', currency: 'USD', openingBalance: '100' })
  await Account.transfer({ transferId: 'T6', from: 'DAN', to: 'FAY', amount: '1' })
  await Account.transfer({ transferId: 'T7', from: 'FAY', to: 'DAN', amount: '1' })

  const included = await counts.included(await Transfer.find().sort({ _id: 1 }))
  expect(included.map(({ id }) => id)).toEqual(['T1', 'T2'])
})

test('TransferCounts include a transfer whose accounts were deleted, because nothing says that it is later', async () => {
  const lost = { fromAccount: 'LOST', toAccount: 'GONE', fromSequence: 1, toSequence: 1 }
  const counts = await TransferCounts.read(connection)

  expect(await counts.included([lost])).toEqual([lost])
})
