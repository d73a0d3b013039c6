import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { InputError } from '../../../src/index.ts'
import { quote } from '../../../src/internal.ts'

/**
 * Writes the file of a new migration into a folder and returns its path. The file's name starts with the
 * time, so that the migration sorts after all earlier ones.
 * @throws InputError if the name has other characters than small letters, digits and hyphens
 */
export async function createMigration(folder: string, name: string): Promise<string> {
  if (!/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(name)) {
    throw new InputError(
      `${quote(name)} is not a migration name: expected small letters, digits and hyphens, such as add-branch-codes`,
    )
  }
  const time = new Date().toISOString().replace(/\D/g, '').slice(0, 14)
  const path = join(folder, `${time}-${name}.ts`)
  await mkdir(folder, { recursive: true })
  await writeFile(path, TEMPLATE, { flag: 'wx' })
  return path
}

const TEMPLATE = `import type { MigrationParameters } from 'daybook'

// A migration and its record are one transaction by default: both are written, or neither.
// Pass the session to every operation. Without it, an operation is not rolled back when the migration fails.
//
// Changes to collections and indexes, and more than a minute of work, are not possible in a transaction.
// Then add
//   export const transaction = false
// and use MigrationParameters<undefined>. If up and down can also continue from whatever a killed run left, add
//   export const resumable = true
// so that nobody has to check the database after a crash.

export async function up({
  connection,
  collections,
  session,
}: MigrationParameters): Promise<void> {
  await connection
    .collection(collections.accounts)
    .updateMany({ branch: { $exists: false } }, { $set: { branch: 'main' } }, { session })
}

/** Reverts the change. Without this function the migration cannot be reverted. */
export async function down({
  connection,
  collections,
  session,
}: MigrationParameters): Promise<void> {
  await connection
    .collection(collections.accounts)
    .updateMany({}, { $unset: { branch: '' } }, { session })
}
`
