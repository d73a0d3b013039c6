import { execFile } from 'node:child_process'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { expect, inject, test } from 'vitest'
import { compiled } from '../support/programs.ts'

/** A hook of Node.js that prints what the package's own files import: `file specifier`, a line each. */
const hook = (dist: string): string => `
  import { writeSync } from 'node:fs'
  export async function resolve(specifier, context, next) {
    const resolved = await next(specifier, context)
    const { parentURL = '' } = context
    const isFile = specifier.startsWith('.') || specifier.startsWith('file:')
    const to = isFile ? resolved.url.replace(${JSON.stringify(dist)}, '') : specifier
    if (!/^(?:node:|data:)/.test(specifier) && (isFile || parentURL.startsWith(${JSON.stringify(dist)})))
      writeSync(1, 'loads ' + to + '\\n')
    return resolved
  }`

/** What a compiled program loads: the package's files, and the dependencies that they import. */
async function loadedBy(program: string, ...parameters: string[]): Promise<string[]> {
  const dataUrl = (source: string) => `data:text/javascript,${encodeURIComponent(source)}`
  const url = dataUrl(hook(`${pathToFileURL(inject('programs')).href}/`))
  const register = dataUrl(
    `import { register } from 'node:module'; register(${JSON.stringify(url)})`,
  )
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--import',
    register,
    compiled(program),
    ...parameters,
  ])
  const lines = stdout.split('\n').filter((line) => line.startsWith('loads '))
  return [...new Set(lines.map((line) => line.slice('loads '.length)))].toSorted()
}

test('import "daybook" loads two files and three packages', async () => {
  expect(await loadedBy('src/index.ts')).toEqual([
    'decimal.js',
    'fastest-levenshtein',
    'mongoose',
    'src/chunks/daybook.js',
    'src/index.js',
  ])
})
