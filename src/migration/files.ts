import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { reasonOf } from '../messages.ts'
import { checksumOf } from './checksum.ts'
import { MigrationStateError } from './errors.ts'
import type { Migration } from './migration.ts'

/** A file that has a migration. */
export interface MigrationFile {
  /** The file's name without its extension: by it the database knows the migration, and they run in its order. */
  readonly name: string
  readonly path: string
  readonly checksum: string
}

/** Hidden files are editors' and systems' own. */
const MIGRATION = /^(?!\.|.*\.d\.[cm]?ts$)(?<name>.+)\.[cm]?[jt]s$/

/** The migrations of folders, in the order of their names. */
export async function migrationFiles(folders: readonly string[]): Promise<MigrationFile[]> {
  const files = (await Promise.all(folders.map(filesOf))).flat()
  files.sort((one, other) => (one.name < other.name ? -1 : 1))
  for (const [index, { name, path }] of files.entries()) {
    const next = files[index + 1]
    if (next?.name === name) {
      throw new MigrationStateError(
        `${path} and ${next.path} are one migration, ${name}, by their names: rename one of them`,
      )
    }
  }
  return files
}

async function filesOf(folder: string): Promise<MigrationFile[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    throw new MigrationStateError(`the folder of migrations ${folder}: ${reasonOf(error)}`)
  })
  const names = entries.flatMap((entry) => {
    const name = entry.isDirectory() ? undefined : MIGRATION.exec(entry.name)?.groups?.['name']
    return name === undefined ? [] : [{ name, path: join(folder, entry.name) }]
  })
  return await Promise.all(
    names.map(async ({ name, path }) => ({
      name,
      path,
      checksum: checksumOf(path, await readFile(path, 'utf8')),
    })),
  )
}

/** Loads a migration. */
export async function loadMigration({ name, path }: MigrationFile): Promise<Migration> {
  const {
    up,
    down,
    transaction = true,
    resumable = false,
  } = await load(path).catch((error: unknown) => {
    throw new MigrationStateError(`migration ${name} cannot be loaded: ${path}: ${reasonOf(error)}`)
  })
  if (typeof up !== 'function' || (down !== undefined && typeof down !== 'function')) {
    throw new MigrationStateError(
      `${path} is no migration: expected "export async function up({ connection, session })", and perhaps down; daybook migrate create writes one to begin with`,
    )
  }
  if (resumable && transaction) {
    throw new MigrationStateError(
      `${path} says that it is resumable: that is for a migration outside a transaction, which says "export const transaction = false"`,
    )
  }
  return { up, transaction, resumable, ...(down && { down }) }
}

/** What a file exports. What a CommonJS module does may be told as one default export. */
async function load(path: string): Promise<Partial<Migration>> {
  const module = (await import(pathToFileURL(path).href)) as Partial<Migration> & {
    default?: unknown
  }
  const { default: whole } = module
  return module.up === undefined && typeof whole === 'object' && whole !== null ? whole : module
}
