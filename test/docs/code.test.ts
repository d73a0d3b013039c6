import { readFile } from 'node:fs/promises'
import { runInThisContext } from 'node:vm'
import { expect, test } from 'vitest'
import { isLedgerError, transferGroupModel } from '../../src/index.ts'
import { useDatabase } from '../support/database.ts'

const { connection, Account, Transfer, Hold } = useDatabase()

/** The accounts that the code of a page is about, unless it opens them. */
const ACCOUNTS: Readonly<Record<string, readonly [id: string, currency: string][]>> = {
  'docs/recipes.md': [],
  'docs/holds.md': [
    ['GUEST', 'EUR'],
    ['HOTEL', 'EUR'],
  ],
  'docs/groups.md': [
    ['BUYER', 'EUR'],
    ['SELLER', 'EUR'],
    ['FEES', 'EUR'],
    ['EVA', 'EUR'],
    ['FX-EUR', 'EUR'],
    ['FX-USD', 'USD'],
    ['TOM', 'USD'],
  ],
}

test.each(Object.entries(ACCOUNTS))(
  'the code of %s prints what it says',
  async (path, accounts) => {
    for (const [accountId, currency] of accounts) {
      await Account.open({ accountId, holder: accountId, currency, openingBalance: '500' })
    }
    const page = await readFile(path, 'utf8')
    const blocks = [...page.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code = '']) => code)
    const said = blocks.flatMap((code) =>
      [...code.matchAll(/console\.log\(.*\) \/\/ (.*)/g)].map(([, text]) => text),
    )
    expect(said).not.toHaveLength(0)
    const printed: string[] = []
    const globals = {
      Account,
      Transfer,
      TransferGroup: transferGroupModel(connection),
      Hold,
      isLedgerError,
      mongoose: { connection },
      console: { log: (value: unknown) => void printed.push(String(value)) },
    }
    for (const code of blocks) {
      const source = `(async ({ ${Object.keys(globals).join(', ')} }) => { ${code} })`
      const run = runInThisContext(source) as (values: typeof globals) => Promise<void>
      await run(globals)
    }
    expect(printed).toEqual(said)
  },
)
