import { readFile } from 'node:fs/promises'
import { runInThisContext } from 'node:vm'
import { expect, test } from 'vitest'
import { isLedgerError } from '../../src/index.ts'
import { useDatabase } from '../support/database.ts'

const { Account, Transfer, Hold } = useDatabase()

test('the recipes of docs/recipes.md print what they say', async () => {
  const page = await readFile('docs/recipes.md', 'utf8')
  const blocks = [...page.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code = '']) => code)
  const said = blocks.flatMap((code) =>
    [...code.matchAll(/console\.log\(.*\) \/\/ (.*)/g)].map(([, text]) => text),
  )
  const printed: string[] = []
  const log = { log: (text: string) => void printed.push(text) }
  for (const code of blocks) {
    const run = runInThisContext(
      `(async (Account, Transfer, Hold, isLedgerError, console) => { ${code} })`,
    ) as (...values: unknown[]) => Promise<void>
    await run(Account, Transfer, Hold, isLedgerError, log)
  }
  expect(printed).toEqual(said)
  expect(said).not.toHaveLength(0)
})
