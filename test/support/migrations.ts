import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFolder } from './temporary-folder.ts'

/** A folder of migrations, removed with the test, and a way to write one of them. */
export async function migrationFolder() {
  const folder = await makeFolder()
  const write = async (name: string, source: string): Promise<string> => {
    const path = join(folder, `${name}.mjs`)
    await writeFile(path, source)
    return path
  }
  return { folder, write }
}

/** A migration in a transaction that adds its name to the collection `log`, and takes it off again. */
export const logged = (name: string, { end = '' } = {}): string => `
export async function up({ connection, session }) {
  await connection.db.collection('log').insertOne({ name: '${name}' }, { session })
  ${end}
}
export async function down({ connection, session }) {
  await connection.db.collection('log').deleteMany({ name: '${name}' }, { session })
}
`

/** The same outside a transaction. */
export const loggedOutside = (name: string, options: { end?: string; resumable?: boolean } = {}) =>
  `export const transaction = false
export const resumable = ${options.resumable ?? false}
${logged(name, options)}`
