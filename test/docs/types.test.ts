import { execFile } from 'node:child_process'
import { readFile, readdir, symlink, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import * as daybook from '../../src/index.ts'
import { makeFolder } from '../support/temporary-folder.ts'

interface Example {
  readonly place: string
  readonly code: string
}

/** The examples of a file's docstrings. */
const docstringExamples = (place: string, source: string): Example[] =>
  [...source.matchAll(/^ *\* @example\n((?: *\*(?!\/)(?: .*)?\n)+)/gm)].map(([, lines = '']) => ({
    place,
    code: lines
      .replaceAll(/^ *\* ?/gm, '')
      .replace(/^@[^]*/m, '')
      .replaceAll(/^```.*\n?/gm, ''),
  }))

const documentExamples = (place: string, text: string): Example[] =>
  [...text.matchAll(/^```ts(?: [\w.]+)?\n([^]*?)^```$/gm)].map(([, code = '']) => ({ place, code }))

/** They need fields that another example declares, packages that are not installed, or files of the reader. */
const NEEDS_MORE = /declare module|branch: 'NORTH' \}|mongoose-delete|testing\/jest'|'\.\/ledger/

/** What an example without imports may use. */
const HEADER = `import { ${Object.keys(daybook).join(', ')}, type LedgerDefinition, type ReplayOptions } from 'daybook'
import { assertBooksBalance, failNext, openTestDatabase, startReplicaSet, type TestDatabase } from 'daybook/testing'
import mongoose, { type Connection } from 'mongoose'
declare const connection: Connection
declare const ledger: TestDatabase['ledger']
declare const uri: string
declare const files: string[]
`

function programOf({ code }: Example): string {
  if (/^import /m.test(code)) return code
  if (code.startsWith('export ')) return HEADER + code
  // A property of an options object.
  if (/^\w+:/.test(code))
    return `${HEADER}export const options: Partial<ReplayOptions> = {\n${code}}\n`
  return `${HEADER}export async function example(): Promise<void> {\n${code}}\n`
}

test('each example of a docstring and of a document has the types of Daybook', async () => {
  const sources = (await readdir('src', { recursive: true }))
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join('src', name))
  const documents = (await readdir('docs'))
    .filter((name) => name.endsWith('.md') && name !== 'projects.md' && name !== 'refusals.md')
    .map((name) => join('docs', name))
  const examples = await Promise.all([
    ...sources.map(async (path) => docstringExamples(path, await readFile(path, 'utf8'))),
    ...documents.map(async (path) => documentExamples(path, await readFile(path, 'utf8'))),
  ])
  const checked = examples.flat().filter(({ code }) => !NEEDS_MORE.test(code))
  expect(checked.length).toBeGreaterThan(40)

  const folder = await makeFolder()
  await symlink(resolve('node_modules'), join(folder, 'node_modules'))
  const options = {
    extends: resolve('tsconfig.json'),
    include: ['*.ts', resolve('src/testing/jest-globals.d.ts')],
    exclude: [],
  }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(options))
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  for (const [index, example] of checked.entries()) {
    const name = `${example.place.replaceAll(/\W/g, '-')}-${index}.ts`
    await writeFile(join(folder, name), programOf(example))
  }
  const tsc = [resolve('node_modules/typescript/bin/tsc'), '-p', folder]
  const { stdout } = await promisify(execFile)(process.execPath, tsc).catch(
    (error: { stdout: string }) => error,
  )
  expect(stdout.trim()).toBe('')
}, 60_000)
