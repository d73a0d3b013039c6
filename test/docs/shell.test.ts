import { readFile, readdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { BLOCK, withOutput } from '../support/page-commands.ts'

/** What pages show in blocks of `sh`, because no test can run it. A block of `console` is run. */
const NOT_RUN: readonly (readonly [command: RegExp, why: string])[] = [
  [/^npm (?:ci|test|run)\b/, 'the repository itself, which is what runs this test'],
  [/^cd \.\.\/your-project/, 'the reader’s project: `.ci/package` installs in one'],
  [/^NODE_OPTIONS=.* npx jest$/, 'a project with jest, which `.ci/projects` runs'],
  [/^export MONGODB_URI=|^mongod |^mongosh /, 'a server of the reader’s'],
  [/^source </, 'the reader’s shell'],
  [/^npx daybook demo$/, 'the demo has a test of its own'],
  [/^npx daybook seed --reset/, 'empties only the local database'],
  [/^npx daybook migrate up --currency/, 'a database of the notebook'],
  [/^npx daybook generate seeds\//, 'writes into the repository'],
]

const paths = [
  'README.md',
  'seeds/README.md',
  'CONTRIBUTING.md',
  ...(await readdir('docs')).map((name) => `docs/${name}`),
].filter((path) => path.endsWith('.md') && path !== 'docs/command-reference.md')
const pages = await Promise.all(
  paths.map(async (path) => ({ path, text: await readFile(path, 'utf8') })),
)

test.each(pages.filter(({ text }) => text.includes('\n```console\n')))(
  '$path shows what its commands print, in their order',
  async ({ path, text }) => {
    const file = resolve(path)
    await expect(await withOutput(text)).toMatchFileSnapshot(file)
  },
  120_000,
)

test.each(pages)('$path shows as sh only what no test can run', ({ text }) => {
  const lines = [...text.matchAll(BLOCK)]
    .filter(([, language]) => language === 'sh' || language === '')
    .flatMap(([, , , content = '']) => content.split('\n'))
    .filter((line) => line !== '' && !NOT_RUN.some(([command]) => command.test(line)))
  expect(lines).toEqual([])
})
