import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { generate, replay, seed } from '../../src/index.ts'
import { type FakeTransfersOptions, fakeTransfers } from '../../src/seeding/fake-transfers.ts'
import { seededAccounts } from '../../src/seeding/seeded-accounts.ts'
import { useDatabase } from '../support/database.ts'
import { makeFolder } from '../support/temporary-folder.ts'

const { connection, Account } = useDatabase()

const SEEDED = { accounts: 20 }

async function madeFields(options: FakeTransfersOptions) {
  const lines = []
  for await (const block of fakeTransfers(seededAccounts(SEEDED), options)) lines.push(...block)
  return lines
}

const day = fc
  .integer({ min: 0, max: 3_000 })
  .map((days) => new Date(Date.UTC(2020, 0, 1 + days)).toISOString().slice(0, 10))

describe('a generated history', () => {
  test('is in chronological order, within its days, and as long as it is asked to be', async () => {
    await fc.assert(
      fc.asyncProperty(
        day,
        day,
        fc.integer({ min: 0, max: 400 }),
        async (one, other, transfers) => {
          const [from = '', to = ''] = [one, other].toSorted((a, b) => (a < b ? -1 : 1))
          const made = await madeFields({ transfers, repeats: 0, history: { from, to } })
          expect(made).toHaveLength(transfers)
          const dates = made.flatMap(({ fields, outcome }) =>
            outcome === 'TRANSFER_CONFLICT' ? [] : [fields.effectiveAt ?? ''],
          )
          expect(dates).toEqual(dates.toSorted((a, b) => (a < b ? -1 : 1)))
          for (const date of dates) expect(date >= from && date.slice(0, 10) <= to).toBe(true)
        },
      ),
      { numRuns: 30 },
    )
  })

  test('pays the same salary to the same person each month', async () => {
    const history = { from: '2025-01-01', to: '2025-06-30' }
    const made = await madeFields({ transfers: 600, refusals: 0, repeats: 0, history })
    const salaries = made.filter(({ fields }) => fields.reference.startsWith('salary '))
    const persons = new Set(salaries.map(({ fields }) => fields.to))
    const [person] = persons
    const paid = salaries.filter(({ fields }) => fields.to === person)
    expect(persons.size).toBeGreaterThan(5)
    expect(paid.map(({ fields }) => fields.reference)).toEqual(
      [1, 2, 3, 4, 5, 6].map((month) => `salary 2025-0${month}`),
    )
    expect(new Set(paid.map(({ fields }) => `${fields.from} ${fields.amount}`)).size).toBe(1)
  })

  test.each(['csv', 'jsonl'])('replays from %s as it says, and gives a past', async (extension) => {
    const file = join(await makeFolder(), `history.${extension}`)
    const history = { from: '2025-01-01', to: '2025-03-31' }
    const options = { transfers: 500, refusals: 0.05, repeats: 0.01, seeded: SEEDED, history }
    const { outcomes } = await generate({ file, ...options })
    await seed(connection, SEEDED)
    const { posted, existing, refusedByCode } = await replay(connection, { file })
    expect({ posted, existing, ...refusedByCode }).toEqual(outcomes)

    const account = await Account.findById('MDB574189300').orFail()
    const before = await account.balanceAt(new Date('2024-12-31'), { by: 'effectiveAt' })
    const after = await account.balanceAt(new Date('2025-04-01'), { by: 'effectiveAt' })
    expect(before).toEqual(account.openingBalance)
    expect(after).toEqual(account.balance)
    expect(before.eq(after)).toBe(false)
  })

  test.each([
    [{ from: '2025-02-30', to: '2025-03-01' }, /'from' "2025-02-30" is not a day/],
    [{ from: '2025-01-01', to: '31.12.2025' }, /'to' "31.12.2025" is not a day such as/],
    [{ from: '2025-01-02', to: '2025-01-01' }, /'to' 2025-01-01 is before 'from' 2025-01-02/],
  ])('is refused for %o', async (history, message) => {
    const file = join(await makeFolder(), 'history.csv')
    await expect(generate({ file, transfers: 1, history })).rejects.toThrow(message)
  })
})
