import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { REFUSAL_CODES } from '../../src/errors.ts'

const repository = fileURLToPath(new URL('../..', import.meta.url))
const page = await readFile(join(repository, 'docs/projects.md'), 'utf8')

test('docs/projects.md shows only files of test/projects, exactly', async () => {
  const folder = join(repository, 'test/projects')
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => readFile(join(parentPath, name), 'utf8')),
  )
  const blocks = [...page.matchAll(/^```(?:js|json|ts)\n([^]*?)^```$/gm)].map(([, code]) => code)
  expect(blocks).not.toHaveLength(0)
  expect(blocks.filter((code) => !files.includes(code ?? ''))).toEqual([])
})

const isAny = (): boolean => true
/** Whether a transfer may be refused with it. */
const isOfTransfers = (code: string): boolean =>
  (REFUSAL_CODES as readonly string[]).includes(code) && !code.includes('HOLD')

test.each([
  ['test/projects/nest/src/ledger-error.filter.ts', isAny],
  ['examples/http.ts', isAny],
  ['test/projects/next/route.ts', isOfTransfers],
])('%s has the statuses that docs/refusals.md suggests', async (file, isNeeded) => {
  const filter = await readFile(join(repository, file), 'utf8')
  const own = new Map(
    [...filter.matchAll(/^ {2}([A-Z_]+): (\d+),$/gm)].map(([, code, status]) => [code, status]),
  )
  const refusals = await readFile(join(repository, 'docs/refusals.md'), 'utf8')
  const suggested = [...refusals.matchAll(/^\| (\d{3}) +\| (.*)$/gm)].flatMap(
    ([, status, codes = '']) =>
      [...codes.matchAll(/`([A-Z_]+)`/g)]
        .map(([, code = '']) => ({ code, status }))
        .filter(({ code }) => isNeeded(code)),
  )
  expect(suggested).not.toHaveLength(0)
  expect(suggested).toEqual(
    suggested.map(({ code }) => ({
      code,
      status: own.get(code) ?? (code.startsWith('INVALID_') ? '400' : '422'),
    })),
  )
})
