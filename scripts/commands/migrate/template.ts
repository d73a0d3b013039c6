import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { InputError } from '../../../src/index.ts'

/**
 * Writes the beginning of a new migration into a folder, under a name that begins with the time, so that it sorts
 * after those that were made before. Gives its path.
 * @throws InputError where the name cannot be a file's
 */
export async function createMigration(folder: string, name: string): Promise<string> {
  if (!/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(name)) {
    throw new InputError(
      `a migration's name has small letters, digits and hyphens, such as add-branch-codes, and ${JSON.stringify(name)} has not`,
    )
  }
  const time = new Date().toISOString().replace(/\D/g, '').slice(0, 14)
  const path = join(folder, `${time}-${name}.ts`)
  await mkdir(folder, { recursive: true })
  await writeFile(path, TEMPLATE, { flag: 'wx' })
  return path
}

const TEMPLATE = `import type { MigrationParameters } from 'daybook'

// By default a migration and the record that it is applied are one transaction: both happen, or neither.
// Pass the session to every operation; one without it would stay when the migration fails.
//
// What no transaction can do (collections, indexes, more than a minute of work) goes without one:
//   export const transaction = false
// and takes MigrationParameters<undefined>. Where it can also begin again from whatever an earlier run
// left when it was killed, say so, and nobody needs to look after a crash:
//   export const resumable = true

export async function up({ connection, session }: MigrationParameters): Promise<void> {
  await connection
    .collection('accounts')
    .updateMany({ branch: { $exists: false } }, { $set: { branch: 'main' } }, { session })
}

/** Takes it back. Without this function the migration cannot be reverted. */
export async function down({ connection, session }: MigrationParameters): Promise<void> {
  await connection.collection('accounts').updateMany({}, { $unset: { branch: '' } }, { session })
}
`
