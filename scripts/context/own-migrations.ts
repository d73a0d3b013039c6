import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { InputError, type MigrationFolder, migrate, migrationStatus } from '../../src/index.ts'
import { holdsNotebook } from '../../src/internal.ts'
import { type Context, type Database, isInstalled } from './command.ts'

/**
 * The migrations that come with Daybook. They run from their sources here and compiled in the package, and releases
 * reword them, so their content is not compared.
 */
const ownFolder: MigrationFolder = {
  path: fileURLToPath(new URL('../migrations', import.meta.url)),
  compareContent: false,
}

/** The one of them that takes over a notebook's data. */
const ADOPTION = '0001-adopt-notebook'

/** Where a project keeps migrations of its own, unless it says otherwise. */
export const PROJECT_FOLDER = 'migrations'

/** Daybook's migrations, then the project's: its folder may be missing where nobody named it. */
export function migrationFolders(named: string | undefined): MigrationFolder[] {
  if (named !== undefined) return [ownFolder, named]
  return existsSync(PROJECT_FOLDER) ? [ownFolder, PROJECT_FOLDER] : [ownFolder]
}

/** Lets this process load migrations in TypeScript. From its sources it runs under tsx, or vitest, already. */
export async function allowTypeScript(): Promise<void> {
  if (!isInstalled) return
  // A project's package.json may call its files modules, or not.
  const [commonJs, modules] = await Promise.all([import('tsx/cjs/api'), import('tsx/esm/api')])
  commonJs.register()
  modules.register()
}

/**
 * Applies Daybook's own migrations to a database that nobody shares; of any other its owner decides. A
 * project's own are for `daybook migrate up` alone, and so is a notebook's data. A dry run only looks.
 * @throws InputError where one is pending on a database that is not local, or would adopt a notebook
 */
export async function bringUpToDate(
  { connection, isLocal }: Database,
  { log, signal }: Pick<Context, 'log' | 'signal'>,
  { dryRun = false }: { dryRun?: boolean } = {},
): Promise<void> {
  const folder = ownFolder
  const { migrations } = await migrationStatus(connection, { folder })
  const isAdopted = migrations.some(({ name, state }) => name === ADOPTION && state === 'applied')
  if (!isAdopted && (await holdsNotebook(connection))) {
    throw new InputError(
      'the database has accounts or transfers in the notebook’s shape: adopt them with daybook migrate up, with --currency where they are not in USD',
    )
  }
  if (isLocal) {
    if (!dryRun) await migrate(connection, { folder, log, signal })
    return
  }
  const pending = migrations.find(({ state }) => state === 'pending')
  if (!pending) return
  throw new InputError(`migration ${pending.name} is not applied: run daybook migrate up first`)
}
