import { fileURLToPath } from 'node:url'
import type { Connection } from 'mongoose'
import { afterAll, beforeAll, beforeEach, expect } from 'vitest'
import { collectionsOf } from '../../src/definition.ts'
import { migrate, revertMigrations } from '../../src/index.ts'
import { type ReplicaSet, startReplicaSet } from '../../src/testing/index.ts'
import { useDatabase } from './database.ts'
import { notebookOf } from './notebook.ts'

/** The folder of Daybook's own migrations. */
export const folder = fileURLToPath(new URL('../../scripts/migrations', import.meta.url))

/** The migration that adopts a notebook. */
export const ADOPTION = '0001-adopt-notebook'

/** Daybook's migrations after it. */
export const LATER_MIGRATIONS = [
  '0002-create-collections',
  '0003-effective-dates',
  '0004-groups',
  '0005-holds',
]

/**
 * Provides a test file with a database that has no collection before each test, and with the functions that
 * adopt a notebook there and bring it back. The replica set is the file's own, so that no other test waits
 * for the failpoint.
 */
export function useAdoption() {
  let replicaSet: ReplicaSet
  beforeAll(async () => {
    replicaSet = await startReplicaSet()
  })
  afterAll(() => replicaSet.stop())
  const uri = () => replicaSet.uri
  const database = useDatabase({ uri })
  const { connection } = database

  /** What was logged since the test started. */
  const logged: string[] = []
  const log = (message: string) => void logged.push(message)

  beforeEach(async () => {
    logged.length = 0
    for (const { name } of await connection.listCollections()) await connection.dropCollection(name)
  })

  return {
    ...database,
    ...notebookOf(connection),
    uri,
    logged,
    /** Applies only the migration that adopts a notebook. The later ones would take most of the time. */
    up: async (settings: { currency?: string; skipUnadoptable?: boolean } = {}) =>
      await migrate(connection, { folder, log, settings, to: ADOPTION }),
    upAll: async () => await migrate(connection, { folder, log }),
    down: async () => await revertMigrations(connection, { folder, log, to: '0' }),
    /** For calling the functions directly, without a migration. */
    parameters: () => ({
      connection,
      collections: collectionsOf(connection),
      session: undefined,
      log,
      signal: new AbortController().signal,
      options: { currency: 'USD', skipUnadoptable: true },
    }),
    /** The names of all collections, but for those of migrations. */
    collectionNames: async () =>
      (await connection.listCollections())
        .map(({ name }) => name)
        .filter((name) => !name.startsWith('migration'))
        .toSorted(),
  }
}

/**
 * Calls `run`, and does some work while the server holds back one of its commands: the first of that name,
 * or the one after `skip` others. The work starts when `until` is true, or by default when the command has
 * arrived. Returns what `run` returns or throws.
 */
export async function duringCommand(
  connection: Connection,
  { command, skip = 0 }: { command: string; skip?: number },
  {
    run,
    until,
    work,
  }: Record<'run' | 'work', () => Promise<unknown>> & { until?: () => Promise<unknown> },
): Promise<unknown> {
  const client = connection.getClient()
  const admin = client.db('admin')
  const failPoint = { configureFailPoint: 'failCommand' }
  const data = {
    failCommands: [command],
    blockConnection: true,
    blockTimeMS: 1_500,
    appName: client.options.appName,
  }
  const { count } = await admin.command({
    ...failPoint,
    mode: skip === 0 ? { times: 1 } : { skip },
    data,
  })
  const hasArrived = async () => {
    const parameter = 'failpoint.failCommand'
    const reply = await admin.command({ getParameter: 1, [parameter]: 1 })
    return (reply[parameter].timesEntered as number) > count
  }
  try {
    const running = run().catch((error: unknown) => error)
    await expect.poll(until ?? hasArrived, { interval: 20, timeout: 20_000 }).toBeTruthy()
    await work()
    return await running
  } finally {
    await admin.command({ ...failPoint, mode: 'off' })
  }
}
