import { createHash } from 'node:crypto'
import { readFile, readdir } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { named, reasonOf } from '../messages.ts'
import { MigrationStateError } from './errors.ts'
import type { Migration } from './migration.ts'
import type { MigrationContent } from './record.ts'

/**
 * A folder of migration files. With `compareContent: false` an applied migration is recognized by its name
 * only, so an edited file is not reported as `changed`. This is for migrations that come with a package: its
 * releases reword and recompile them, and whoever installs it cannot undo that.
 */
export type MigrationFolder = string | { readonly path: string; readonly compareContent: boolean }

/** A file that contains a migration. */
export interface MigrationFile {
  /**
   * The file's name without its extension. It identifies the migration, and migrations run in the order of
   * their names.
   */
  readonly name: string
  readonly path: string
  /** Undefined in a folder with `compareContent: false`. */
  readonly content?: MigrationContent
}

/** Hidden files belong to editors and systems, and a declaration file (`.d.ts`) contains no code. */
const MIGRATION = /^(?!\.|.*\.d\.[cm]?ts$)(?<name>.+)\.[cm]?[jt]s$/

export async function migrationFiles(
  folders: readonly MigrationFolder[],
): Promise<MigrationFile[]> {
  const files = (await Promise.all(folders.map(filesOf))).flat()
  files.sort((one, other) => (one.name < other.name ? -1 : 1))
  for (const [index, { name, path }] of files.entries()) {
    const next = files[index + 1]
    if (next?.name === name) {
      throw new MigrationStateError(
        `${named(path)} and ${named(next.path)} have the same migration name, ${named(name)}: rename or remove one of them`,
      )
    }
  }
  return files
}

async function filesOf(folder: MigrationFolder): Promise<MigrationFile[]> {
  const { path: folderPath, compareContent } =
    typeof folder === 'string' ? { path: folder, compareContent: true } : folder
  const entries = await readdir(folderPath, { withFileTypes: true }).catch((error: unknown) => {
    throw new MigrationStateError(
      `cannot read the migrations folder ${named(folderPath)}: ${reasonOf(error)}`,
    )
  })
  const files = entries.flatMap((entry) => {
    const name = entry.isDirectory() ? undefined : MIGRATION.exec(entry.name)?.groups?.['name']
    return name === undefined ? [] : [{ name, path: join(folderPath, entry.name) }]
  })
  if (!compareContent) return files
  return await Promise.all(
    files.map(async (file) => ({ ...file, content: await contentOf(file.path) })),
  )
}

/** How lines end does not count, because Git may check out a file with other line ends. */
async function contentOf(path: string): Promise<MigrationContent> {
  const source = (await readFile(path, 'utf8')).replaceAll('\r\n', '\n')
  return {
    language: extname(path).endsWith('ts') ? 'ts' : 'js',
    checksum: createHash('sha256').update(source).digest('hex'),
  }
}

export async function loadMigration({ name, path }: MigrationFile): Promise<Migration> {
  const {
    up,
    down,
    transaction = true,
    resumable = false,
  } = await importFile(path).catch((error: unknown) => {
    throw new MigrationStateError(
      `migration ${named(name)} cannot be loaded: ${named(path)}: ${reasonOf(error)}`,
    )
  })
  if (typeof up !== 'function' || (down !== undefined && typeof down !== 'function')) {
    throw new MigrationStateError(
      `${named(path)} is not a migration: expected it to export a function up({ connection, session }), and down only as a function. daybook migrate create NAME writes an example`,
    )
  }
  if (resumable && transaction) {
    throw new MigrationStateError(
      `${named(path)} exports resumable = true, which needs "export const transaction = false" too: a migration in a transaction has nothing to resume`,
    )
  }
  return { up, transaction, resumable, ...(down && { down }) }
}

/** What a file exports. Node may report the exports of a CommonJS module as one default export. */
async function importFile(path: string): Promise<Partial<Migration>> {
  const module = (await import(pathToFileURL(path).href)) as Partial<Migration> & {
    default?: unknown
  }
  const { default: commonJs } = module
  return module.up === undefined && typeof commonJs === 'object' && commonJs !== null
    ? commonJs
    : module
}
