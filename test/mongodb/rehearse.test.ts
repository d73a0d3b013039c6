import { describe, expect, test } from 'vitest'
import { rehearse } from '../../src/mongodb/transaction.ts'
import { failNext } from '../../src/testing/index.ts'
import { openAccounts } from '../support/batch.ts'
import { useDatabase } from '../support/database.ts'

const { connection, Account } = useDatabase()

describe('rehearse', () => {
  test('returns the result of its work and writes nothing', async () => {
    await openAccounts(Account, { count: 2, openingBalance: '100' })

    const transfer = await rehearse(connection, ({ session }) =>
      Account.transfer({ from: 'A0', to: 'A1', amount: '1' }, { session }),
    )

    expect(transfer).toMatchObject({ fromAccount: 'A0', fromSequence: 1 })
    expect(await connection.collection('transfers').countDocuments()).toBe(0)
    expect((await Account.findById('A0'))?.balance.toString()).toBe('100')
  })

  test('throws what its work throws', async () => {
    await expect(
      rehearse(connection, ({ session }) =>
        Account.transfer({ from: 'A0', to: 'A1', amount: '1' }, { session }),
      ),
    ).rejects.toMatchObject({ code: 'ACCOUNT_NOT_FOUND' })
  })

  test('runs the work again after a write conflict', async () => {
    await openAccounts(Account, { count: 2, openingBalance: '100' })
    await failNext(connection, { commands: ['update'], errorCode: 112 })
    let attempts = 0

    const result = await rehearse(connection, async ({ session }) => {
      attempts += 1
      await Account.transfer({ from: 'A0', to: 'A1', amount: '1' }, { session })
      return attempts
    })

    expect(result).toBe(2)
    expect(await connection.collection('transfers').countDocuments()).toBe(0)
  })
})
