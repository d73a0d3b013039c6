import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Connection } from 'mongoose'
import {
  InputError,
  type MigrationFolder,
  createCollections,
  migrate,
  migrationStatus,
} from '../../src/index.ts'
import { holdsNotebook, missingCollections, outdatedValidators } from '../../src/internal.ts'
import type { Context, Database } from './command.ts'

/**
 * The migrations that come with Daybook. They run from their sources here and compiled in the package, and
 * releases reword them, so their content is not compared.
 */
const ownFolder: MigrationFolder = {
  path: fileURLToPath(new URL('../migrations', import.meta.url)),
  compareContent: false,
}

/** The own migration that adopts a notebook's data. */
const ADOPTION = '0001-adopt-notebook'

/** The default folder of a project's own migrations. */
export const PROJECT_FOLDER = 'migrations'

/** The folders of Daybook's migrations and of the project's: the named one, or the default one if it exists. */
export function migrationFolders(named: string | undefined): MigrationFolder[] {
  if (named !== undefined) return [ownFolder, named]
  return existsSync(PROJECT_FOLDER) ? [ownFolder, PROJECT_FOLDER] : [ownFolder]
}

/**
 * Applies Daybook's own migrations to a database at an address of this machine. On any other database its owner decides when to
 * migrate. A project's own migrations and the adoption of a notebook's data are left to `daybook migrate up`.
 * A dry run only checks.
 * @throws InputError if a notebook would be adopted, if a migration is pending on any other database, or if the
 * database was migrated for a ledger with other names, or if a collection holds documents of another program
 */
export async function bringUpToDate(
  { connection, isNear }: Database,
  { log, signal }: Pick<Context, 'log' | 'signal'>,
  { dryRun = false }: { dryRun?: boolean } = {},
): Promise<void> {
  const folder = ownFolder
  const { migrations } = await migrationStatus(connection, { folder })
  const isAdopted = migrations.some(({ name, state }) => name === ADOPTION && state === 'applied')
  if (!isAdopted && (await holdsNotebook(connection))) {
    throw new InputError(
      'the database has accounts or transfers in the notebook’s shape: adopt them with daybook migrate up (add --currency if they are not in USD)',
    )
  }
  if (migrations.every(({ state }) => state === 'applied')) await requireCollections(connection)
  if (isNear) {
    if (dryRun) return
    await migrate(connection, { folder, log, signal })
    await updateValidators(connection, { log })
    return
  }
  const pending = migrations.find(({ state }) => state === 'pending')
  if (!pending) return
  throw new InputError(`migration ${pending.name} is not applied: run daybook migrate up first`)
}

/**
 * Brings the validators up to date: the definition of the ledger may have other fields than when the migrations were
 * applied. Does nothing while one of Daybook's own is pending.
 * @throws InputError if an account does not fit the fields, or a collection holds documents of another program
 */
export async function updateValidators(
  connection: Connection,
  { log }: Pick<Context, 'log'>,
): Promise<void> {
  const outdated = await validatorsToUpdate(connection)
  if (outdated.length === 0) return
  await createCollections(connection)
  log(`brought the validators of ${outdated.join(' and ')} up to date`)
}

/** The names of the collections whose validators `daybook migrate up` would change. */
export async function validatorsToUpdate(connection: Connection): Promise<string[]> {
  const { migrations } = await migrationStatus(connection, { folder: ownFolder })
  return migrations.every(({ state }) => state === 'applied')
    ? await outdatedValidators(connection)
    : []
}

/** Checks that a database whose migrations are applied has the collections of this ledger, and not those of others. */
async function requireCollections(connection: Connection): Promise<void> {
  const missing = await missingCollections(connection)
  if (missing.length === 0) return
  throw new InputError(
    `the database has no collection ${missing.join(', ')}, although Daybook’s migrations are applied. If you renamed the ledger’s collections, rename them in the database too. If the database has two ledgers, give each its own collections migrations and migration_lock. If they were dropped, createCollections() creates them again`,
  )
}
