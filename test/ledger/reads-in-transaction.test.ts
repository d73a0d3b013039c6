import mongoose, { type ClientSession } from 'mongoose'
import { beforeEach, describe, expect, inject, test } from 'vitest'
import { type AccountDocument, type ReadOptions, accountModel } from '../../src/index.ts'
import { useDatabase } from '../support/database.ts'

const { connection, Account } = useDatabase()

const MINUTE = 60_000
const pay = { from: 'A', to: 'B', amount: '5', effectiveAt: new Date() }

beforeEach(async () => {
  await Account.open({ accountId: 'A', holder: 'Ada', currency: 'USD', openingBalance: '100' })
  await Account.open({ accountId: 'B', holder: 'Bea', currency: 'USD' })
})

const findA = () => Account.findById('A').orFail()

/** What every read of an account answers, in both orders: the amounts that it lists, and its balances. */
async function readAll(account: AccountDocument, options?: ReadOptions): Promise<string[]> {
  const soon = new Date(Date.now() + MINUTE)
  const answers: string[] = []
  for (const by of ['postedAt', 'effectiveAt'] as const) {
    const entries = await account.statement({ ...options, by, to: soon })
    for await (const entry of account.statementEntries({ ...options, by })) entries.push(entry)
    answers.push(...entries.map(({ amount }) => amount.toString()))
    answers.push((await account.balanceAt(soon, { ...options, by })).toString())
    const [year] = await account.balances({ ...options, by, every: 'year', to: soon })
    answers.push(`${year?.sent} sent`, `${year?.closing} left`)
  }
  return answers
}

const inBothOrders = (...answers: string[]): string[] => [...answers, ...answers]
const UNCHANGED = inBothOrders('100', '0 sent', '100 left')
const PAID = inBothOrders('-5', '-5', '95', '5 sent', '95 left')

/** The most commands of one session that the server was asked at the same time. */
function mostAtOnce(): () => number {
  let [open, most] = [0, 0]
  const inSession = new Set<number>()
  const client = connection.getClient()
  client.on('commandStarted', ({ command, requestId }) => {
    if (command['txnNumber'] === undefined) return
    inSession.add(requestId)
    open += 1
    most = Math.max(most, open)
  })
  const end = ({ requestId }: { requestId: number }) => {
    if (inSession.delete(requestId)) open -= 1
  }
  client.on('commandSucceeded', end).on('commandFailed', end)
  return () => most
}

describe('reads in a transaction', () => {
  test('see what the transaction has written, and others do not', async () => {
    const account = await findA()
    await connection.transaction(async (session) => {
      await Account.transfer(pay, { session })
      expect(await readAll(account, { session })).toEqual(PAID)
      expect(await readAll(account)).toEqual(UNCHANGED)
    })
    expect(await readAll(account)).toEqual(PAID)
  })

  test('see one state, whatever others post in the meantime', async () => {
    const account = await findA()
    await connection.transaction(async (session) => {
      await Account.findById('A').session(session)
      await Account.transfer(pay)
      expect(await readAll(account, { session })).toEqual(UNCHANGED)
    })
  })

  test('take turns with each other and with transfers', async () => {
    const account = await findA()
    const most = mostAtOnce()
    await connection.transaction(async (session) => {
      const [before, , after] = await Promise.all([
        account.balances({ every: 'day', by: 'effectiveAt', session }),
        Account.transfer(pay, { session }),
        account.statement({ by: 'effectiveAt', session }),
        readAll(account, { session }),
      ])
      expect(before.map(({ count }) => count)).toEqual([0])
      expect(after.map(({ counterparty }) => counterparty)).toEqual(['B'])
    })
    expect(most()).toBe(1)
  })

  test('find the surrounding transaction if Mongoose is configured to', async () => {
    const other = new mongoose.Mongoose({ transactionAsyncLocalStorage: true })
    const otherConnection = await other
      .createConnection(inject('mongodbUri'), { dbName: connection.name, autoIndex: false })
      .asPromise()
    const OtherAccount = accountModel(otherConnection)
    const account = await OtherAccount.findById('A').orFail()
    await otherConnection.transaction(async () => {
      await OtherAccount.transfer(pay)
      expect(await readAll(account)).toEqual(PAID)
    })
    await otherConnection.close()
  })

  test('leave an error of the driver as it is, so that the transaction is repeated', async () => {
    const account = await findA()
    let attempts = 0
    await connection.transaction(async (session) => {
      attempts += 1
      await account.statement({ session })
      if (attempts === 1) await abortOnServer(session)
      expect(await account.statement({ session })).toEqual([])
    })
    expect(attempts).toBe(2)
  })

  test.each(['statement', 'balances', 'balanceAt'] as const)(
    'are refused by %s if the session has no transaction in progress',
    async (verb) => {
      const account = await findA()
      const session = await connection.startSession()
      const calls = {
        statement: () => account.statement({ session }),
        balances: () => account.balances({ every: 'day', session }),
        balanceAt: () => account.balanceAt(new Date(), { session }),
      }
      await expect(calls[verb]()).rejects.toThrow('the session has no transaction in progress')
      await session.endSession()
    },
  )

  test('refuse what is not a session', async () => {
    const account = await findA()
    await expect(account.statement({ session: 'S' as never })).rejects.toThrow(
      'the session is "S", not a ClientSession',
    )
    await expect(account.balanceAt(new Date(), { sesion: 1 } as never)).rejects.toThrow(
      'did you mean "session"?',
    )
  })
})

/** Ends a transaction on the server only, as an election does. */
const abortOnServer = ({ id }: ClientSession) =>
  connection
    .getClient()
    .db('admin')
    .command({ killSessions: [{ id: id?.['id'] }] })
