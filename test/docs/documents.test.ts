import { existsSync, readFileSync } from 'node:fs'
import { readFile, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { SECTIONS } from '../../site/sidebar.ts'

const folders = await Promise.all(
  ['.', 'docs', 'seeds'].map(async (folder) =>
    (await readdir(folder)).map((name) => join(folder, name)),
  ),
)
const documents = folders.flat().filter((name) => name.endsWith('.md'))
const texts = new Map(
  await Promise.all(documents.map(async (name) => [name, await readFile(name, 'utf8')] as const)),
)
const textOf = (document: string): string => texts.get(document) ?? ''

test.each([
  ['README.md', 'transfer.ts'],
  ['docs/http.md', 'http.ts'],
  ['docs/program.md', 'own-names.ts'],
  ['docs/testing.md', 'vitest.test.ts'],
  ['docs/testing.md', 'vitest-matchers.test.ts'],
  ['docs/testing.md', 'node-test.ts'],
])('%s shows examples/%s exactly', async (document, name) => {
  expect(textOf(document)).toContain(
    `\`\`\`ts\n${await readFile(`examples/${name}`, 'utf8')}\`\`\``,
  )
})

/** The anchors of a document's headings, as GitHub makes them. */
const anchorsOf = (text: string): string[] =>
  [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  )

test.each(documents)('%s names only files and headings that exist', (document) => {
  const text = textOf(document)
  const paths = [...text.matchAll(/`((?:src|scripts|test|docs|seeds|examples|\.ci)\/[\w./-]*)`/g)]
  const missing = paths.map(([, path = '']) => path).filter((path) => !existsSync(path))
  for (const [, link = ''] of text.matchAll(/\]\((?!\w+:)([^)\s]+)\)/g)) {
    const [path, anchor] = link.split('#') as [string, string?]
    const target = path === '' ? document : join(dirname(document), path)
    const isFound =
      existsSync(target) && (anchor === undefined || anchorsOf(textOf(target)).includes(anchor))
    if (!isFound) missing.push(link)
  }
  expect(missing).toEqual([])
})

test('CHANGELOG.md says nothing twice', () => {
  // It is merged by union, which can double lines.
  const lines: string[] = textOf('CHANGELOG.md').match(/^- .*$/gm) ?? []
  const repeated = lines.filter((line, index) => lines.indexOf(line) !== index)
  expect(lines.length).toBeGreaterThan(100)
  expect(repeated).toEqual([])
})

test('ARCHITECTURE.md names functions and classes in the files that have them', async () => {
  const sources = (await readdir('src', { recursive: true })).map((name) => `src/${name}`)
  sources.push(...(await readdir('scripts', { recursive: true })).map((name) => `scripts/${name}`))
  const named = [...textOf('ARCHITECTURE.md').matchAll(/`(\w+)(?:\([^`]*)?`\s\(`([\w/.-]+\.ts)`/g)]
  expect(named.length).toBeGreaterThan(15)
  const missing = named.filter(([, name = '', path = '']) => {
    const files = sources.filter((source) => `/${source}`.endsWith(`/${path}`))
    return !files.some((file) => new RegExp(`\\b${name}\\b`).test(readFileSync(file, 'utf8')))
  })
  expect(missing.map(([text]) => text)).toEqual([])
})

test('each document has a place in the sidebar of the site', () => {
  const pages = SECTIONS.flatMap((section) => Object.keys(section.pages))
  expect(pages.toSorted()).toEqual(documents.toSorted())
})

test('README has at most 200 lines', () => {
  expect(textOf('README.md').split('\n').length).toBeLessThanOrEqual(200)
})

test('README installs the version of the package', async () => {
  const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string }
  expect(textOf('README.md')).toContain(`/daybook-${version}.tgz `)
})
