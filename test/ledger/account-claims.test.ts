import { expect, test } from 'vitest'
import { claimAccounts } from '../../src/ledger/account-claims.ts'
import { inTransaction } from '../../src/mongodb/transaction.ts'
import { openAccounts } from '../support/batch.ts'
import { useDatabase } from '../support/database.ts'

const { connection, Account } = useDatabase()

const claim = (...accountIds: string[]) => new Set(accountIds)

const storedAccounts = () =>
  connection.collection('accounts').find({}, { promoteValues: false }).sort({ _id: 1 }).toArray()

test('a claim leaves accounts as they are, and creates none', async () => {
  await openAccounts(Account, { count: 2, openingBalance: '10' })
  await Account.transfer({ from: 'A0', to: 'A1', amount: '1' })
  const before = await storedAccounts()

  await inTransaction(connection, (transaction) =>
    claimAccounts(claim('A0', 'A1', 'nobody'), transaction),
  )

  expect(await storedAccounts()).toEqual(before)
})

test('two transactions cannot claim one account at the same time', async () => {
  await openAccounts(Account, { count: 3, openingBalance: '10' })

  await inTransaction(connection, async (transaction) => {
    await claimAccounts(claim('A0', 'A1'), transaction)
    const other = (accountIds: ReadonlySet<string>) =>
      inTransaction(connection, (another) => claimAccounts(accountIds, another), { patience: 50 })

    await expect(other(claim('A1', 'A2'))).rejects.toMatchObject({
      outcome: 'not posted',
      cause: { codeName: 'WriteConflict' },
    })
    await other(claim('A2'))
  })
})
