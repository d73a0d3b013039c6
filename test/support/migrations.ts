import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Connection } from 'mongoose'
import { migrationStatus } from '../../src/index.ts'
import { makeFolder } from './temporary-folder.ts'

/** A folder for migrations, removed after the test, and a function that writes a migration into it. */
export async function migrationFolder() {
  const folder = await makeFolder()
  const write = async (name: string, source: string): Promise<string> => {
    const path = join(folder, `${name}.mjs`)
    await writeFile(path, source)
    return path
  }
  return { folder, write }
}

/** What the migrations of a folder have done to the database, and their states. */
export const migrationState = (connection: Connection, folder: () => string) => ({
  /** The names in the collection `log`, in the order of insertion. */
  log: async () => {
    const entries = await connection.collection<{ name: string }>('log').find().toArray()
    return entries.map(({ name }) => name)
  },
  /** The state of each migration, by its name. */
  states: async () => {
    const { migrations } = await migrationStatus(connection, { folder: folder() })
    return Object.fromEntries(migrations.map(({ name, state }) => [name, state]))
  },
  noteOf: async (name: string) => {
    const { migrations } = await migrationStatus(connection, { folder: folder() })
    return migrations.find((migration) => migration.name === name)?.note
  },
})

/** The source of a migration in a transaction that adds its name to the collection `log`, or removes it. */
export const logged = (name: string, { end = '' } = {}): string => `
export async function up({ connection, session }) {
  await connection.db.collection('log').insertOne({ name: '${name}' }, { session })
  ${end}
}
export async function down({ connection, session }) {
  await connection.db.collection('log').deleteMany({ name: '${name}' }, { session })
}
`

/** The source of a migration that does the same outside a transaction. */
export const loggedOutside = (name: string, options: { end?: string; resumable?: boolean } = {}) =>
  `export const transaction = false
export const resumable = ${options.resumable ?? false}
${logged(name, options)}`
