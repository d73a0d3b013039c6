import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { InputError, type LedgerDefinition } from '../../src/index.ts'
import { named, readDefinition, reasonOf } from '../../src/internal.ts'
import { allowTypeScript } from './typescript.ts'

/** The files in which a project defines its ledger. */
const CONFIG_FILES = ['ts', 'mts', 'cts', 'js', 'mjs', 'cjs', 'json'].map(
  (extension) => `daybook.config.${extension}`,
)

/**
 * The definition of the ledger in a file: the named one, or `daybook.config.…` in the project's folder, by default the
 * working folder. An empty definition if there is none.
 * @throws InputError that names the file and says what is wrong with it
 */
export async function definitionFrom(
  file: string | undefined,
  projectFolder = '.',
): Promise<LedgerDefinition> {
  const path = file ?? configFile(projectFolder)
  if (path === undefined) return {}
  const definition = await load(path)
  try {
    readDefinition(definition as LedgerDefinition)
  } catch (error) {
    throw new InputError(`${named(path)}: ${reasonOf(error)}`, { cause: error })
  }
  return definition as LedgerDefinition
}

/** The file in a folder that defines its ledger, if there is one. @throws InputError if there are two */
export function configFile(folder = '.'): string | undefined {
  const [file, other] = CONFIG_FILES.map((name) => join(folder, name)).filter(existsSync)
  if (file === undefined || other === undefined) return file
  throw new InputError(
    `there are both ${named(file)} and ${named(other)}: remove one of them, or name one with --ledger`,
  )
}

async function load(path: string): Promise<unknown> {
  try {
    if (path.endsWith('.json')) return JSON.parse(await readFile(path, 'utf8'))
    // A missing file would be reported in the words of a module loader.
    await readFile(path)
    if (/\.[cm]?ts$/.test(path)) await allowTypeScript()
    const module = (await import(pathToFileURL(resolve(path)).href)) as { default?: unknown }
    if (module.default === undefined) {
      throw new InputError('it has no default export: expected "export default { collections: … }"')
    }
    return withoutWrapper(module.default)
  } catch (error) {
    throw new InputError(
      `the definition of the ledger cannot be loaded from ${named(path)}: ${reasonOf(error)}`,
      { cause: error },
    )
  }
}

/** What a CommonJS module exports, which Node may wrap once more. */
const withoutWrapper = (exported: unknown): unknown =>
  typeof exported === 'object' && exported !== null && 'default' in exported
    ? exported.default
    : exported
