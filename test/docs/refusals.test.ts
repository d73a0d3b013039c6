import { readFile } from 'node:fs/promises'
import { runInThisContext } from 'node:vm'
import { beforeEach, describe, expect, test } from 'vitest'
import { REFUSAL_CODES } from '../../src/errors.ts'
import { LIMIT } from '../../src/money/money.ts'
import { useDatabase } from '../support/database.ts'

const { Account, Transfer, Hold } = useDatabase({
  ledger: { fields: { transfer: { costCentre: { type: String, enum: ['HR', 'IT'] } } } },
})

const document = await readFile(new URL('../../docs/refusals.md', import.meta.url), 'utf8')

/** Each section of the document: a code, and the example under it with the message that it leads to. */
const sections = document
  .split(/^## /m)
  .slice(1)
  .map((section) => {
    const code = /^[A-Z_]+/.exec(section)?.[0] ?? ''
    const [, example = '', message = ''] = /```ts\n([\s\S]*?)\/\/ ([^\n]*)\n```/.exec(section) ?? []
    return { code, example, message }
  })

beforeEach(async () => {
  for (const account of [
    { accountId: 'ADA', currency: 'USD', openingBalance: '1100' },
    { accountId: 'GRACE', currency: 'USD' },
    { accountId: 'HANAKO', currency: 'JPY', openingBalance: '5000' },
    { accountId: 'BLOCKED', currency: 'USD', openingBalance: '50' },
    { accountId: 'GUEST', currency: 'USD', openingBalance: '20' },
    { accountId: 'VAULT', currency: 'USD', openingBalance: LIMIT.minus(1) },
  ]) {
    await Account.open({ holder: account.accountId, ...account })
  }
  await Account.freeze('BLOCKED')
  await Account.transfer({ transferId: 'RENT-1', from: 'ADA', to: 'GRACE', amount: '100' })
  await Account.hold({ holdId: 'ROOM-1', from: 'GUEST', to: 'ADA', amount: '5' })
})

describe('docs/refusals.md', () => {
  test('explains each refusal of a transfer, in order of precedence', () => {
    const codes: readonly string[] = REFUSAL_CODES
    expect(sections.map(({ code }) => code).filter((code) => codes.includes(code))).toEqual(codes)
  })

  test.each(sections.filter(({ example }) => example !== ''))(
    'shows what leads to $code, with its message',
    async ({ code, example, message }) => {
      const run = runInThisContext(`(async (Account, Transfer, Hold) => { ${example} })`) as (
        ...models: unknown[]
      ) => Promise<void>
      await expect(run(Account, Transfer, Hold)).rejects.toMatchObject({
        code,
        message,
        docs: `docs/refusals.md#${code.toLowerCase()}`,
      })
    },
  )

  test('suggests an HTTP status for each code', () => {
    const rows = [...document.matchAll(/^\| \d{3} +\| (.*)$/gm)].map(([, codes = '']) => codes)
    const codes = rows.flatMap((row) => [...row.matchAll(/`([A-Z_]+)`/g)].map(([, code]) => code))
    const explained = sections.map(({ code }) => code).filter((code) => code !== 'MALFORMED_LINE')
    expect(codes).toHaveLength(explained.length)
    expect(new Set(codes)).toEqual(new Set(explained))
  })

  test('has an example for each code but that of a line that cannot be read', () => {
    const without = sections.filter(({ example }) => example === '')
    expect(without.map(({ code }) => code)).toEqual(['MALFORMED_LINE'])
  })
})
