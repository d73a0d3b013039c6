import { readFile, readdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { BLOCK, withOutput } from '../support/page-commands.ts'

/**
 * What pages show in blocks of `sh`, because no test can run it: it needs another machine, other programs or a
 * folder of the reader's, takes long, or writes into the repository. A block of `console` is run.
 */
const NOT_RUN: Readonly<Record<string, readonly string[]>> = {
  'README.md': [
    'npm ci && npm run demo',
    'npm ci && npm test',
    'npm ci && npm pack',
    'cd ../your-project && npm install ../daybook/daybook-0.1.0.tgz mongoose',
    'npx daybook demo',
  ],
  'CONTRIBUTING.md': [
    'npm ci',
    'npm run demo     # the main job, on a local database in .daybook/',
    'npm test         # all tests',
    'npm run check    # types, lint, format, dead code, then all tests: what must pass before a commit',
  ],
  'seeds/README.md': [
    'npx daybook generate seeds/transfers.csv --transfers 10000 --accounts 980 --force',
  ],
  'docs/commands.md': ['source <(npx daybook completion)'],
  'docs/migrations.md': ['npx daybook migrate up --currency USD'],
  'docs/projects.md': ['NODE_OPTIONS=--experimental-vm-modules npx jest'],
  'docs/scaling.md': [
    'npm run scaling -- --parts series,chunks,replayers --rounds 3',
    'npm run bench -- --cases storage --accounts 1000000 --transfers 1000000',
  ],
  'docs/seed.md': ['npx daybook seed --reset --accounts 1000'],
  'docs/servers.md': [
    "export MONGODB_URI='mongodb://daybook:PASSWORD@db1,db2,db3/bank?replicaSet=rs0&authSource=admin'",
    'mongod --replSet rs0 --dbpath /var/lib/mongodb --bind_ip 127.0.0.1',
    "mongosh --eval 'rs.initiate()'",
  ],
}

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
)

test.each(pages)('$path shows as sh only what no test can run', ({ path, text }) => {
  const lines = [...text.matchAll(BLOCK)]
    .filter(([, language]) => language === 'sh' || language === '')
    .flatMap(([, , , content = '']) => content.trimEnd().split('\n'))
    .filter((line) => line !== '')
  expect(lines).toEqual(NOT_RUN[path] ?? [])
})
