import fc from 'fast-check'
import mongoose from 'mongoose'
import { describe, expect, inject, test, vi } from 'vitest'
import { Contention } from '../../src/replay/posting/contention.ts'
import { replay } from '../../src/replay/replay.ts'
import { makeFile, openAccounts } from '../support/batch.ts'
import { countCommands } from '../support/count-commands.ts'
import { useDatabase } from '../support/database.ts'

const { connection, Account } = useDatabase()

describe('a replay whose accounts somebody else has written', () => {
  test('does the work of a chunk once in vain, and again when the accounts are free', async () => {
    await openAccounts(Account, { count: 10, openingBalance: '1000' })
    const lines = Array.from({ length: 300 }, (_, index) => `T${index},A${index % 9},A9,1\n`)
    const file = await makeFile('batch.csv', `id,from,to,amount\n${lines.join('')}`)
    const replayer = await mongoose
      .createConnection(inject('mongodbUri'), { dbName: connection.name, monitorCommands: true })
      .asPromise()
    const [inserts, aborts] = ['insert', 'abortTransaction'].map((name) =>
      countCommands(replayer, name),
    ) as [() => number, () => number]
    const session = await connection.startSession()
    session.startTransaction()
    await Account.updateOne({ _id: 'A3' }, { holder: 'Lock' }, { session })

    const replaying = replay(replayer, { file })
    await vi.waitFor(() => expect(aborts()).toBeGreaterThan(4), { timeout: 10_000 })
    const insertsInVain = inserts()
    await session.commitTransaction()

    expect(await replaying).toMatchObject({ status: 'finished', posted: 300 })
    expect(insertsInVain).toBe(1)
    await session.endSession()
    await replayer.close()
  })
})

describe('a replay that met a write conflict', () => {
  test('rests for as long as its chunk took, and for half of that after each chunk that meets nobody', () => {
    const contention = new Contention()
    expect(contention).toMatchObject({ isExpected: false, rest: 0 })

    contention.meet()
    expect(contention).toMatchObject({ isExpected: true, rest: 0 })
    const rests = [200, 300, 300, 300].map((milliseconds) => {
      contention.post(milliseconds)
      return contention.rest
    })

    expect(rests).toEqual([200, 100, 50, 0])
    expect(contention.isExpected).toBe(false)
  })

  test('rests for longer than another waits between two attempts', () => {
    fc.assert(
      fc.property(fc.nat(5_000), (milliseconds) => {
        const contention = new Contention()
        const pause = contention.pause(0)
        contention.meet()
        contention.post(milliseconds)
        expect(contention.rest).toBeGreaterThan(pause)
      }),
    )
  })
})
