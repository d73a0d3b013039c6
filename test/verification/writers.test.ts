import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type VerifyOptions, replay, verify } from '../../src/index.ts'
import { useDatabase } from '../support/database.ts'
import { makeFile } from '../support/batch.ts'
import { makeFolder } from '../support/temporary-folder.ts'

const { connection, Account, Transfer } = useDatabase()

/**
 * Does some work again and again until verify has found nothing in ten rounds, while others change the books. Each round
 * keeps a state, and the next one goes on from it or compares the books with it.
 */
test('finds no violation while others open accounts, post, reverse, freeze and replay', async () => {
  const folder = await makeFolder()
  const ids = ['A', 'B', 'C', 'D']
  for (const accountId of ids) {
    await Account.open({ accountId, holder: 'Ada', currency: 'USD', openingBalance: '1000000' })
  }
  let isOver = false
  let changes = 0
  const repeat = async (work: (round: number) => Promise<unknown>) => {
    for (let round = 0; !isOver; round += 1) {
      await work(round)
      changes += 1
    }
  }
  const at = (index: number) => ids[index % ids.length] as string
  const work = [
    repeat((round) => Account.transfer({ from: at(round), to: at(round + 1), amount: '0.01' })),
    repeat((round) => Account.transfer({ from: at(round + 2), to: at(round), amount: '0.02' })),
    repeat(async (round) => {
      const { _id } = await Account.transfer({ from: 'A', to: at(1 + (round % 3)), amount: '1' })
      await Transfer.reverse(_id)
    }),
    repeat(async (round) => {
      const accountId = `N${round}`
      await Account.open({ accountId, holder: 'Nia', currency: 'USD' })
      await Account.transfer({ from: 'B', to: accountId, amount: '5' })
      await Account.close(accountId, { payOutTo: 'C' })
    }),
    repeat(async (round) => {
      const rows = Array.from({ length: 400 }, (_, row) =>
        row % 9 === 0 ? `R${round}-${row},A,NOBODY,1` : `R${round}-${row},A,B,1`,
      )
      const file = await makeFile(`r${round}.csv`, `id,from,to,amount\n${rows.join('\n')}\n`)
      await replay(connection, { file })
    }),
    repeat(async (round) => {
      const rows = Array.from({ length: 100 }, (_, row) => `S${round}-${row},A,B,"0,01"`)
      const file = await makeFile(`s${round}.csv`, `id,from,to,amount\n${rows.join('\n')}\n`)
      await replay(connection, { file })
      await replay(connection, { file, decimal: ',' })
    }),
  ]
  try {
    let before = 0
    let options: VerifyOptions = {}
    for (let round = 0; round < 10; round += 1) {
      const { violations } = await verify(connection, {
        ...options,
        save: join(folder, `${round}`),
      })
      expect(violations).toEqual([])
      options = { [round % 2 === 0 ? 'since' : 'against']: join(folder, `${round}`) }
      await expect.poll(() => changes > before, { timeout: 20_000 }).toBe(true)
      before = changes
    }
  } finally {
    isOver = true
    await Promise.all(work)
  }
  expect(await verify(connection)).toMatchObject({
    balanced: true,
    totals: { USD: '4000000.00' },
  })
}, 60_000)
