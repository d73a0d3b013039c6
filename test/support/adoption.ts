import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import { migrate, revert } from '../../src/index.ts'
import { type ReplicaSet, startReplicaSet } from '../../src/testing.ts'
import { useDatabase } from './database.ts'
import { notebookOf } from './notebook.ts'

/** The folder of Daybook's own migrations. */
export const folder = fileURLToPath(new URL('../../scripts/migrations', import.meta.url))

/** The one of them that takes over a notebook's data. */
export const ADOPTION = '0001-adopt-notebook'

/**
 * Gives a test file a database with no collection before each test, in a replica set of its own, in which no other
 * test waits for the failpoint; and what adopts a notebook there and brings it back.
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

  /** What was told since the test began. */
  const told: string[] = []
  const log = (message: string) => void told.push(message)

  beforeEach(async () => {
    told.length = 0
    for (const { name } of await connection.listCollections()) await connection.dropCollection(name)
  })

  return {
    ...database,
    ...notebookOf(connection),
    uri,
    told,
    up: async (settings: { currency?: string; skipUnadoptable?: boolean } = {}) =>
      await migrate(connection, { folder, log, settings }),
    down: async () => await revert(connection, { folder, log, to: '0' }),
    /** Of the functions themselves, called without a migration. */
    parameters: () => ({
      connection,
      session: undefined,
      log,
      signal: new AbortController().signal,
      options: { currency: 'USD', skipUnadoptable: true },
    }),
  }
}
