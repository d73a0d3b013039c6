import { expect, test } from 'vitest'
import { InsertQueue } from '../../src/ledger/insert-queue.ts'
import type { TransferRecord } from '../../src/ledger/records.ts'
import { inTransaction } from '../../src/mongodb/transaction.ts'
import { toDecimal128, Decimal } from '../../src/money/money.ts'
import { countCommands } from '../support/count-commands.ts'
import { useDatabase } from '../support/database.ts'

const { connection, Transfer } = useDatabase()

const money = toDecimal128(new Decimal(1), 'USD')

const transfersFrom = (first: number, count: number): TransferRecord[] =>
  Array.from({ length: count }, (_, index) => ({
    _id: `T${first + index}`,
    fromAccount: 'A',
    toAccount: 'B',
    amount: money,
    currency: 'USD',
    fromBalance: money,
    toBalance: money,
    fromSequence: first + index,
    toSequence: first + index,
    postedAt: new Date(),
  }))

test('transfers gather while an insert is in flight, and go with the next', async () => {
  const inserts = countCommands(connection, 'insert')

  await inTransaction(connection, async (transaction) => {
    const queue = new InsertQueue(transaction)
    // Nothing is awaited that needs the network, so the first insert stays in flight.
    for (let first = 1; first <= 1_000; first += 100) {
      await queue.add(transfersFrom(first, 100), undefined)
    }
    await queue.finish()
  })

  expect(inserts()).toBe(2)
  expect(await Transfer.countDocuments()).toBe(1_000)
})

test('what an insert in flight throws is thrown by what comes next', async () => {
  const posting = inTransaction(connection, async (transaction) => {
    const queue = new InsertQueue(transaction)
    await queue.add(transfersFrom(1, 1), undefined)
    await queue.add(transfersFrom(1, 200), undefined)
    await queue.idle()
    await queue.finish()
  })

  await expect(posting).rejects.toMatchObject({ code: 11_000 })
  expect(await Transfer.countDocuments()).toBe(0)
})

test('an id that is refused several times is looked at once', async () => {
  let attempts = 0

  await inTransaction(connection, async (transaction) => {
    attempts += 1
    const queue = new InsertQueue(transaction)
    for (let first = 1; first <= 3; first++) {
      await queue.add(transfersFrom(first, 1), {
        transfers: new Set(['REFUSED']),
        holds: new Set(['HOLD']),
      })
    }
    await queue.finish()
  })

  expect(attempts).toBe(1)
  expect(await Transfer.distinct('_id')).toEqual(['T1', 'T2', 'T3'])
})
