import type { Connection } from 'mongoose'
import { migrationStatus } from '../../../src/index.ts'
import {
  type Right,
  authenticationOf,
  collectionsOf,
  databaseOf,
  holdsNotebook,
  lackOfRights,
  missingCollections,
  named,
} from '../../../src/internal.ts'
import { migrationFolders, validatorsToUpdate } from '../../context/own-migrations.ts'
import { type Look, ok, problem, warning } from './finding.ts'

/** What each collection is used for. Migrations need more, as docs/rights.md says. */
const READ = ['find'] as const
const ACTIONS = {
  accounts: ['find', 'insert', 'update'],
  transfers: ['find', 'insert'],
  transfer_groups: ['find', 'insert'],
  holds: ['find', 'insert', 'update'],
  batches: ['find', 'insert', 'update'],
  refusals: ['find', 'insert'],
  migrations: ['find'],
  migration_lock: ['find'],
} as const

/** What the user may do with the ledger. */
export async function lookAtRights(connection: Connection, isNear: boolean): Promise<Look> {
  const { user } = await authenticationOf(connection)
  if (!user) {
    const found = 'the server asks for no user'
    return isNear
      ? ok(found)
      : warning(`${found}: whoever reaches it can change the books. Turn on its access control`)
  }
  const collections = collectionsOf(connection)
  const { databaseName: database } = databaseOf(connection)
  const rightsTo = (actionsOf: (key: keyof typeof ACTIONS) => readonly string[]): Right[] =>
    (Object.keys(ACTIONS) as (keyof typeof ACTIONS)[]).flatMap((key) =>
      actionsOf(key).map((action) => ({ action, database, collection: collections[key] })),
    )
  const toRead = await lackOfRights(
    connection,
    rightsTo(() => READ),
  )
  if (toRead !== undefined) return problem(toRead)
  const toPost = await lackOfRights(
    connection,
    rightsTo((key) => ACTIONS[key]),
  )
  return toPost === undefined
    ? ok(`the user ${named(user.user)} may read and post`)
    : warning(`read only: ${toPost}`)
}

/** The state of the migrations and of the collections that they make. Reads only. */
export async function lookAtMigrations(connection: Connection, isNear: boolean): Promise<Look> {
  const { migrations, lock } = await migrationStatus(connection, {
    folder: migrationFolders(undefined),
  })
  const wrong = migrations.find(({ state }) => state !== 'applied' && state !== 'pending')
  if (wrong && !(wrong.state === 'running' && lock)) {
    return problem(
      `${wrong.name} is ${wrong.state}${wrong.note ? ` (${wrong.note})` : ''}: see daybook migrate status`,
    )
  }
  if (lock) {
    return warning(
      `process ${lock.pid} on ${named(lock.host)} migrates now: wait for it, or if it is dead, daybook migrate unlock`,
    )
  }
  if (await holdsNotebook(connection)) {
    return warning(
      'accounts or transfers in the notebook’s shape: adopt them with daybook migrate up',
    )
  }
  const pending = migrations.filter(({ state }) => state === 'pending')
  if (pending.length > 0) {
    const count = `${pending.length} of ${migrations.length} pending`
    return isNear
      ? warning(
          `${count}: daybook migrate up applies them, and so does the next command that writes`,
        )
      : problem(`${count}: run daybook migrate up before anything is written`)
  }
  const missing = await missingCollections(connection)
  if (missing.length > 0) {
    return problem(
      `all are applied, but the database has no collection ${missing.join(', ')}: if they were dropped, createCollections() makes them again; if they were renamed, name them in daybook.config.*`,
    )
  }
  const outdated = await validatorsToUpdate(connection)
  return outdated.length > 0
    ? warning(`the validators of ${outdated.join(' and ')} are out of date: run daybook migrate up`)
    : ok(`all ${migrations.length} are applied`)
}
