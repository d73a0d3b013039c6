import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import mongoose from 'mongoose'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { daybook as runDaybook } from '../support/command-line.ts'
import { makeFolder } from '../support/temporary-folder.ts'

const uri = inject('mongodbUri').replace(/\/(\?|$)/, `/test-${randomUUID()}$1`)
const daybook = (...parameters: string[]) => runDaybook(uri, parameters)

beforeAll(async () => {
  const open = (id: string, currency: string) =>
    daybook('account', 'open', id, '--holder', id, '--currency', currency, '--balance', '100')
  for (const id of ['BUYER', 'SELLER', 'FEES', 'FX-USD']) await open(id, 'USD')
  for (const id of ['EVA', 'FX-EUR']) await open(id, 'EUR')
})

afterAll(async () => {
  const connection = await mongoose.createConnection(uri).asPromise()
  await connection.dropDatabase()
  await connection.close()
})

test('a group of a file is shown, in the statement too, and reversed once', async () => {
  const file = join(await makeFolder(), 'orders.csv')
  await writeFile(
    file,
    'group,id,from,to,amount,reference\nO-7,T1,BUYER,SELLER,80,order\nO-7,T2,SELLER,FEES,4.80,\n',
  )
  expect(await daybook('replay', file)).toMatchObject({ exitCode: 0 })

  const shown = await daybook('group', 'O-7')
  expect(shown.stdout.replace(/posted \S+Z/, 'posted')).toBe(
    [
      'O-7: 2 legs, posted',
      '',
      'leg  transfer  from    to      amount       reference',
      '  1  T1        BUYER   SELLER   80.00  USD  order',
      '  2  T2        SELLER  FEES      4.80  USD',
      '',
    ].join('\n'),
  )
  const statement = await daybook('statement', 'SELLER', '--json')
  expect(JSON.parse(statement.stdout)).toMatchObject([
    { transferId: 'T2', group: 'O-7', leg: 2, legs: 2 },
    { transferId: 'T1', group: 'O-7', leg: 1, legs: 2 },
  ])
  expect((await daybook('statement', 'SELLER', '--csv')).stdout).toMatch(/^2,.*,O-7$/m)

  const dryRun = await daybook('reverse', '--group', 'O-7', '--dry-run', '--json')
  const reversed = await daybook('reverse', 'O-7', '--group', '--json')
  const legs = JSON.parse(reversed.stdout) as { _id: string }[]
  expect(legs.map(({ _id }) => _id)).toEqual(['T2:reversal', 'T1:reversal'])
  expect(JSON.parse(dryRun.stdout)).toMatchObject(legs.map(({ _id }) => ({ _id })))
  expect((await daybook('reverse', 'O-7', '--group', '--json')).stdout).toBe(reversed.stdout)
  expect((await daybook('group', 'O-7')).stdout).toContain('reversed by the group O-7:reversal\n')
  expect(JSON.parse((await daybook('group', 'O-7', '--json')).stdout)).toMatchObject({
    groupId: 'O-7',
    legs: [{ _id: 'T1', leg: 1 }, { _id: 'T2' }],
    reversedBy: 'O-7:reversal',
  })
  expect(await daybook('group', 'NONE')).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('GROUP_NOT_FOUND: group "NONE" does not exist') as string,
  })
  expect(await daybook('verify')).toMatchObject({ exitCode: 0 })
})

test('an exchange needs both amounts, or a rate with its rounding', async () => {
  const exchange = ['exchange', 'EVA', 'BUYER', '10', '--id', 'X', '--through']
  exchange.push('EUR=FX-EUR,USD=FX-USD')
  const rate = ['--rate', '1.08445', '--rounding', 'half-even']
  for (const wrong of [[], ['--rate', '1.08'], ['--to-amount', '1', ...rate]]) {
    expect(await daybook(...exchange, ...wrong)).toMatchObject({ exitCode: 64 })
  }

  const { stdout } = await daybook(...exchange, ...rate)
  expect(stdout).toMatch(/^ +1 +X:1 +EVA +FX-EUR +10\.00 +EUR$/m)
  expect(stdout).toMatch(/^ +2 +X:2 +FX-USD +BUYER +10\.84 +USD$/m)
  const again = await daybook(...exchange, '--to-amount', '10.84')
  expect(again.stdout).toBe(stdout)
  const other = await daybook(...exchange, '--to-amount', '10.85')
  expect(other.stderr).toContain(
    'TRANSFER_CONFLICT: leg 2: transfer X:2 is already posted with a different amount',
  )
})
