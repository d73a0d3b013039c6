import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { InputError } from '../errors.ts'
import { named, openProblem, reasonOf } from '../messages.ts'
import type { Transform } from './reading/transform.ts'

/**
 * Loads the transform that a file exports. Its version is what the file exports as such, or else a digest of the file,
 * which does not cover the files that it imports.
 * @throws InputError
 */
export async function loadTransform(path: string): Promise<Transform<never>> {
  const fail = (problem: string): never => {
    throw new InputError(`the transform ${named(path)} ${problem}`)
  }
  const source = await readFile(path, 'utf8').catch((error: unknown) =>
    fail(`cannot be read: ${openProblem(error)}`),
  )
  const exported = await importFile(path).catch((error: unknown) =>
    fail(`cannot be loaded: ${reasonOf(error)}`),
  )
  const { transform, read, version } = exported
  if (typeof transform !== 'function') {
    return fail(
      'exports no function transform: expected export const transform = (record, { line }) => …',
    )
  }
  return { transform, read, version: version ?? digestOf(source) }
}

/** How lines end does not count, because Git may check out a file with other line ends. */
const digestOf = (source: string): string =>
  createHash('sha256').update(source.replaceAll('\r\n', '\n')).digest('hex').slice(0, 32)

/** What a file exports. Node may report the exports of a CommonJS module as one default export. */
async function importFile(path: string): Promise<Partial<Transform<never>>> {
  const module = (await import(pathToFileURL(resolve(path)).href)) as Partial<Transform<never>> & {
    default?: unknown
  }
  const { default: commonJs } = module
  return module.transform === undefined && typeof commonJs === 'object' && commonJs !== null
    ? commonJs
    : module
}
