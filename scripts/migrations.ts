import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { InputError, migrate, migrationStatus } from '../src/index.ts'
import type { Context, Database } from './command.ts'

/** The folder of the migrations that come with Daybook. */
const ownFolder = fileURLToPath(new URL('migrations', import.meta.url))

/** Where a project keeps migrations of its own, unless it says otherwise. */
export const PROJECT_FOLDER = 'migrations'

/** Daybook's migrations, then the project's: its folder may be missing where nobody named it. */
export function migrationFolders(named: string | undefined): string[] {
  if (named !== undefined) return [ownFolder, named]
  return existsSync(PROJECT_FOLDER) ? [ownFolder, PROJECT_FOLDER] : [ownFolder]
}

/**
 * Applies Daybook's own migrations to a database that nobody shares; of any other its owner decides. A
 * project's own are for `daybook migrate up` alone.
 * @throws InputError where one is pending on a database that is not local
 */
export async function bringUpToDate(
  { connection, isLocal }: Database,
  { tell, signal }: Pick<Context, 'tell' | 'signal'>,
): Promise<void> {
  const folder = ownFolder
  if (isLocal) {
    await migrate(connection, { folder, tell, signal })
    return
  }
  const { migrations } = await migrationStatus(connection, { folder })
  const pending = migrations.find(({ state }) => state === 'pending')
  if (!pending) return
  throw new InputError(`migration ${pending.name} is not applied: run daybook migrate up first`)
}
