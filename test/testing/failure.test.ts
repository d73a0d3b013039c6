import { MongoMemoryServer } from 'mongodb-memory-server-core'
import mongoose, { type Connection } from 'mongoose'
import { describe, expect, inject, onTestFinished, vi } from 'vitest'
import { findMongod } from '../../src/engine/finding/mongod.ts'
import { type TestDatabase, failNext, openTestDatabase } from '../../src/testing/index.ts'
import { setFailpoint } from '../../src/testing/failpoint.ts'
import { test } from '../../src/testing/vitest.ts'
import { countCommands } from '../support/count-commands.ts'

/** A second client of the same server, like another test file. */
async function openElsewhere(): Promise<TestDatabase> {
  const connection = mongoose.createConnection()
  const database = await openTestDatabase({ connection, uri: inject('mongodbUri') })
  onTestFinished(() => database.close())
  return database
}

const note = (connection: Connection) => connection.collection('notes').insertOne({})

/** Inserts a note in a transaction, and returns how often the transaction's callback ran. */
async function noteInTransaction(connection: Connection): Promise<number> {
  let runs = 0
  await connection.transaction(async (session) => {
    runs += 1
    await connection.collection('notes').insertOne({}, { session })
  })
  return runs
}

describe('failNext', () => {
  test('fails the next command with the name once, with the given error', async ({
    connection,
  }) => {
    await failNext(connection, { commands: ['insert'], errorCode: 8000 })
    await connection.collection('notes').findOne({})
    await expect(note(connection)).rejects.toMatchObject({ code: 8000, errorLabels: [] })
    await note(connection)
  })

  test('fails as many commands as `times` says', async ({ connection, failNext: fail }) => {
    await fail({ commands: ['insert'], errorCode: 8000, errorLabels: ['Mine'] }, { times: 2 })
    for (const _ of [1, 2]) {
      await expect(note(connection)).rejects.toMatchObject({ errorLabels: ['Mine'] })
    }
    await note(connection)
  })

  test('closes a connection', async ({ connection, failNext: fail }) => {
    await fail({ commands: ['find'], closeConnection: true }, { times: 2 })
    await expect(connection.collection('notes').findOne({})).rejects.toThrow('closed')
    expect(await connection.collection('notes').findOne({})).toBeNull()
  })

  test.for([
    ['write-conflict', 2],
    ['transient-transaction-error', 2],
    ['lost-commit-reply', 1],
  ] as const)(
    '%s: a transaction is committed once, and its callback runs %i time(s)',
    async ([name, runs], { connection, failNext: fail }) => {
      const commits = countCommands(connection, 'commitTransaction')
      await fail(name)
      expect(await noteInTransaction(connection)).toBe(runs)
      expect(await connection.collection('notes').countDocuments()).toBe(1)
      expect(commits()).toBe(name === 'write-conflict' ? 1 : 2)
    },
  )

  test('unknown-commit-result: a transaction is committed, and its caller gets an unknown result', async ({
    connection,
    failNext: fail,
  }) => {
    await fail('unknown-commit-result')
    const failure = await noteInTransaction(connection).catch((error: unknown) => error)
    expect(failure).toMatchObject({ errorLabels: ['UnknownTransactionCommitResult'] })
    expect(await connection.collection('notes').countDocuments()).toBe(1)
  })

  test('does not affect other clients of the server', async ({ connection, failNext: fail }) => {
    const other = await openElsewhere()
    await fail({ commands: ['insert'], errorCode: 8000 })
    await note(other.connection)
    await expect(note(connection)).rejects.toMatchObject({ code: 8000 })
  })

  test('waits until the failure of another client has happened', async ({
    connection,
    failNext: fail,
  }) => {
    const other = await openElsewhere()
    await other.failNext({ commands: ['insert'], errorCode: 8001 })
    const tries = countCommands(connection, 'create')
    const waiting = fail({ commands: ['insert'], errorCode: 8000 })
    await vi.waitUntil(() => tries() > 1)
    await expect(note(other.connection)).rejects.toMatchObject({ code: 8001 })
    await waiting
    await expect(note(connection)).rejects.toMatchObject({ code: 8000 })
  })

  test('fails once per call when several clients call it at the same time', async () => {
    const databases = await Promise.all([1, 2, 3, 4].map(openElsewhere))
    const failures = await Promise.all(
      databases.flatMap(async ({ connection }) => {
        let count = 0
        for (let round = 0; round < 5; round += 1) {
          await failNext(connection, { commands: ['insert'], errorCode: 8000 })
          await note(connection).catch(() => (count += 1))
        }
        return count
      }),
    )
    expect(failures).toEqual([5, 5, 5, 5])
  })

  test('names the client whose failure does not happen', async ({ connection }) => {
    const other = await openElsewhere()
    await other.failNext('write-conflict')
    const setting = { times: 1, data: { appName: 'me' } }
    await expect(setFailpoint(connection, setting, 50)).rejects.toThrow(
      `waited 0.05 s for a command of ${other.connection.name} to fail. Let that happen, or call`,
    )
  })

  test('does not wait for a client that was killed', async ({ connection, failNext: fail }) => {
    const setting = {
      times: 1,
      data: { appName: 'killed', failCommands: ['insert'], errorCode: 1 },
    }
    await setFailpoint(connection, setting)
    await fail({ commands: ['insert'], errorCode: 8000 })
    await expect(note(connection)).rejects.toMatchObject({ code: 8000 })
  })

  test.for<[unknown, object, string]>([
    ['write-conflict', { times: 0 }, 'times must be a whole number from 1, but is 0'],
    ['write-conflict', { times: 1.5 }, 'but is 1.5'],
    ['nope', {}, 'unknown failure "nope": expected one of write-conflict, '],
    ['toString', {}, 'unknown failure "toString"'],
    [undefined, {}, 'malformed failure undefined: expected commands, such as ["insert"]'],
    [{ commands: [], errorCode: 1 }, {}, 'expected commands'],
    [{ commands: ['insert'] }, {}, 'exactly one of errorCode, closeConnection, writeConcernError'],
    [{ commands: ['insert'], errorCode: 1, closeConnection: true }, {}, 'exactly one of errorCode'],
  ])('refuses %j with %j', async ([failure, options, message], { connection }) => {
    await expect(failNext(connection, failure as never, options)).rejects.toThrow(message)
    await note(connection)
  })

  test('says that a connection is not open', async () => {
    await expect(failNext(mongoose.createConnection(), 'write-conflict')).rejects.toThrow(
      'the connection is not open',
    )
  })

  test('refuses a connection without an appName', async () => {
    const connection = mongoose.createConnection(inject('mongodbUri'))
    onTestFinished(() => connection.close())
    await connection.asPromise()
    await expect(failNext(connection, 'write-conflict')).rejects.toThrow(
      'the connection has no appName',
    )
  })

  test('says how to start a server with failpoints when this one has none', async () => {
    const { path, version } = await findMongod()
    const server = await MongoMemoryServer.create({ binary: { systemBinary: path, version } })
    const connection = mongoose.createConnection(server.getUri(), { appName: 'me' })
    onTestFinished(async () => {
      await connection.close()
      await server.stop()
    })
    await connection.asPromise()
    await expect(failNext(connection, 'write-conflict')).rejects.toThrow(
      /has no failpoints .* --setParameter enableTestCommands=1$/,
    )
  })
})

describe('stopFailing', () => {
  test('cancels a failure that has not happened', async ({
    connection,
    failNext: fail,
    stopFailing,
  }) => {
    await fail({ commands: ['insert'], errorCode: 8000 })
    await stopFailing()
    await note(connection)
  })

  test('does not cancel the failure of another client', async ({
    connection,
    failNext: fail,
    stopFailing,
  }) => {
    const other = await openElsewhere()
    await fail({ commands: ['insert'], errorCode: 8000 })
    await expect(note(connection)).rejects.toMatchObject({ code: 8000 })
    await other.failNext({ commands: ['insert'], errorCode: 8001 })
    await stopFailing()
    await expect(note(other.connection)).rejects.toMatchObject({ code: 8001 })
  })

  test('is called by a reset', async ({ connection, failNext: fail, database }) => {
    await fail({ commands: ['insert'], errorCode: 8000 })
    await database.reset()
    await note(connection)
  })
})
