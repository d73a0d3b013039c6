import mongoose from 'mongoose'
import { beforeEach, describe, expect, test } from 'vitest'
import { OutcomeError } from '../../src/index.ts'
import { inTransaction } from '../../src/mongodb/transaction.ts'
import { failNext } from '../../src/testing/index.ts'
import { useDatabase } from '../support/database.ts'

const { connection, Account, Transfer } = useDatabase()

beforeEach(async () => {
  await Account.open({ accountId: 'A', holder: 'A', currency: 'USD', openingBalance: '100' })
  await Account.open({ accountId: 'B', holder: 'B', currency: 'USD' })
})

const request = { transferId: 'T1', from: 'A', to: 'B', amount: '60' }
const opening = { accountId: 'C', holder: 'C', currency: 'USD' }
const statement = async () => await new Account({ _id: 'A' }).statement()

/** Each verb, and the command of it that fails. */
const VERBS = {
  transfer: { commands: ['insert'], call: () => Account.transfer(request) },
  transferMany: { commands: ['insert'], call: () => Account.transferMany([request]) },
  open: { commands: ['findAndModify'], call: () => Account.open(opening) },
  freeze: { commands: ['findAndModify'], call: () => Account.freeze('A') },
  statement: { commands: ['find'], call: statement },
  balanceAt: {
    commands: ['find'],
    call: () => new Account({ _id: 'A' }).balanceAt(new Date()),
  },
}
const verbs = Object.entries(VERBS)

/** Errors that pass by themselves, without the labels that the server adds to some of them. */
const PASSING = [
  [11_602, 'InterruptedDueToReplStateChange'],
  [50, 'MaxTimeMSExpired'],
  [112, 'WriteConflict'],
  [10_107, 'NotWritablePrimary'],
  [262, 'ExceededTimeLimit'],
] as const

/** Errors that stay until somebody corrects their cause. */
const LASTING = [
  [13_297, /other capitals/],
  [73, /was not/],
  [26, /was not/],
] as const

describe.each(PASSING)('the error %i, %s, without a label', (errorCode) => {
  test.each(verbs)('is tried again by %s', async (_name, { commands, call }) => {
    // The driver itself repeats a read once.
    await failNext(connection, { commands, errorCode, errorLabels: [] }, { times: 2 })
    await expect(call()).resolves.toBeDefined()
  })
})

describe.each(LASTING)('the error %i', (errorCode, message) => {
  test.each(verbs)(
    'is the cause of the error of %s, which says the outcome',
    async (_name, verb) => {
      await failNext(connection, { commands: verb.commands, errorCode })
      const error: unknown = await verb.call().catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(OutcomeError)
      expect(error).toMatchObject({
        outcome: 'not posted',
        id: expect.stringMatching(/^(?:T1|A|C)$/) as string,
        cause: { code: errorCode },
        message: expect.stringMatching(message) as string,
      })
      expect(await Transfer.countDocuments()).toBe(0)
    },
  )
})

describe('a commit whose outcome is unknown', () => {
  // What a member that is not the primary, or a server that refuses the user, answers to the first command of the next
  // transaction. It has not begun that transaction, so it has not ended the doubtful one either.
  test.each([10_107, 13])('stays in doubt while the server answers with %i', async (code) => {
    await failNext(connection, 'unknown-commit-result')
    let attempts = 0
    const work = inTransaction(
      connection,
      async ({ database, session }) => {
        attempts += 1
        if (attempts > 1) throw new mongoose.mongo.MongoServerError({ message: 'refused', code })
        await database.collection('accounts').updateOne({}, { $set: { holder: 'X' } }, { session })
      },
      { patience: 300 },
    )
    await expect(work).rejects.toMatchObject({ name: 'OutcomeError', outcome: 'unknown' })
    expect(await Account.countDocuments({ holder: 'X' })).toBe(1)
  })
})
