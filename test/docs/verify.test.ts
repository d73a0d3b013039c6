import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { VIOLATION_KINDS } from '../../src/verification/violations.ts'

test('docs/verify.md explains each kind of violation', async () => {
  const page = await readFile(new URL('../../docs/verify.md', import.meta.url), 'utf8')
  const explained = [...page.matchAll(/^\| `([a-z-]+)` +\|/gm)].map(([, kind]) => kind)
  expect(explained).toEqual(VIOLATION_KINDS)
})
