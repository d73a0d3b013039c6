import { execFile } from 'node:child_process'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { expect, inject, test } from 'vitest'
import { compiled } from '../support/programs.ts'

/** A hook of Node.js that prints what is imported by the package's files, or is one of them. */
const hook = (dist: string): string => `
  import { writeSync } from 'node:fs'
  const dist = ${JSON.stringify(dist)}
  export async function resolve(specifier, context, next) {
    const resolved = await next(specifier, context)
    if (resolved.url.startsWith(dist)) writeSync(1, 'loads ' + resolved.url.slice(dist.length) + '\\n')
    else if (context.parentURL?.startsWith(dist) && !specifier.startsWith('node:'))
      writeSync(1, 'loads ' + specifier + '\\n')
    return resolved
  }`

/** What a compiled program loads: the package's files, and the packages that they import. */
async function loadedBy(
  program: string,
  ...parameters: string[]
): Promise<{ files: string[]; packages: string[] }> {
  const dataUrl = (source: string) => `data:text/javascript,${encodeURIComponent(source)}`
  const url = dataUrl(hook(`${pathToFileURL(inject('programs')).href}/`))
  const register = `import { register } from 'node:module'; register(${JSON.stringify(url)})`
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--import',
    dataUrl(register),
    compiled(program),
    ...parameters,
  ])
  const loaded = [...stdout.matchAll(/^loads (.*)$/gm)].map(([, what = '']) => what)
  const names = [...new Set(loaded)].toSorted()
  const isFile = (name: string) => /^(?:src|scripts)\//.test(name)
  return { files: names.filter(isFile), packages: names.filter((name) => !isFile(name)) }
}

test('import "daybook" loads three files and three packages', async () => {
  expect(await loadedBy('src/index.ts')).toEqual({
    files: ['src/chunks/daybook.js', 'src/chunks/messages.js', 'src/index.js'],
    packages: ['decimal.js', 'fastest-levenshtein', 'mongoose'],
  })
})

test('the help of the command line loads neither a command nor Mongoose', async () => {
  expect(await loadedBy('scripts/cli.ts', '--help')).toEqual({
    files: [
      'scripts/chunks/command.js',
      'scripts/chunks/paint.js',
      'scripts/chunks/stdin.js',
      'scripts/chunks/yargs-messages.js',
      'scripts/cli.js',
      'src/chunks/messages.js',
    ],
    packages: ['decimal.js', 'yargs', 'yargs/helpers'],
  })
})

test('a command loads no package that only other commands need', async () => {
  const { packages } = await loadedBy('scripts/cli.ts', 'transfer', 'A', 'B', '--help')
  expect(packages).toEqual([
    'decimal.js',
    'env-paths',
    'fastest-levenshtein',
    'mongoose',
    'proper-lockfile',
    'string-width',
    'yargs',
    'yargs/helpers',
  ])
})
