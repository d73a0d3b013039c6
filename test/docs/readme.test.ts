import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const read = (name: string) => readFile(new URL(`../../${name}`, import.meta.url), 'utf8')

test.each([
  'transfer.ts',
  'own-names.ts',
  'vitest.test.ts',
  'vitest-matchers.test.ts',
  'node-test.ts',
])('README shows examples/%s exactly', async (name) => {
  expect(await read('README.md')).toContain(`\`\`\`ts\n${await read(`examples/${name}`)}\`\`\``)
})

test.each([
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'docs/records.md',
  'docs/rights.md',
  'docs/refusals.md',
])('%s names only files that exist', async (name) => {
  const text = await read(name)
  const paths = [...text.matchAll(/`((?:src|scripts|test|docs|seeds|examples|\.ci)\/[\w./-]*)`/g)]
  const links = [...text.matchAll(/\]\(([\w./-]+)(?:#[\w-]+)?\)/g)].map(([, link = '']) =>
    name.startsWith('docs/') ? `docs/${link}` : link,
  )
  const missing = [...paths.map(([, path = '']) => path), ...links].filter(
    (path) => !existsSync(fileURLToPath(new URL(`../../${path}`, import.meta.url))),
  )
  expect(missing).toEqual([])
})
