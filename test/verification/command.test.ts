import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, inject, test } from 'vitest'
import { daybook as runDaybook } from '../support/command-line.ts'
import { useDatabase } from '../support/database.ts'
import { makeFolder } from '../support/temporary-folder.ts'

const { connection, Account } = useDatabase()

const daybook = (...parameters: string[]) =>
  runDaybook(inject('mongodbUri').replace(/\/(\?|$)/, `/${connection.name}$1`), parameters)

test('verify keeps a state, proves what came since, and finds what was changed', async () => {
  await Account.open({ accountId: 'A', holder: 'Ada', currency: 'USD', openingBalance: '100' })
  await Account.open({ accountId: 'B', holder: 'Bea', currency: 'USD' })
  await Account.transfer({ transferId: 'T1', from: 'A', to: 'B', amount: '10', reference: 'rent' })
  const file = join(await makeFolder(), 'books.state')
  const { exitCode, stdout } = await daybook('verify', '--save', file)
  const [, digest] = /^digest of the books ([0-9a-f]{64})$/m.exec(stdout) ?? []
  expect(exitCode).toBe(0)
  expect(await readFile(file, 'utf8')).toContain(`"digest":"${digest}"`)
  expect(await daybook('verify', '--save', file)).toMatchObject({
    exitCode: 4,
    stderr: expect.stringContaining(`${JSON.stringify(file)}: the file exists`),
  })

  await Account.transfer({ transferId: 'T2', from: 'B', to: 'A', amount: '5' })
  const since = await daybook('verify', '--since', file, '--save', file)
  expect(since.stdout).toMatch(/^the books balance: 2 accounts, 1 new transfer, total balance 100/)
  expect(since.stdout).toMatch(
    /^the state of .* with 2 accounts and 1 transfer \(digest .* was taken as proven$/m,
  )
  const against = await daybook('verify', '--against', file)
  expect(against.stdout).toMatch(
    /^nothing in the state of .* with 2 accounts and 2 transfers \(digest .* was changed$/m,
  )
  const one = await daybook('verify', '--account', 'A')
  expect(one.stdout).toMatch(
    /^account A is proven by its 2 transfers, of which it sent 1: balance 95.00 USD\ndigest of the account [0-9a-f]{64}\n$/,
  )

  await connection
    .collection('transfers')
    .updateOne({ reference: 'rent' }, { $set: { reference: 'gift' } })
  expect(await daybook('verify')).toMatchObject({ exitCode: 0 })
  const other = `${file}.new`
  expect(await daybook('verify', '--against', file, '--save', other)).toMatchObject({
    exitCode: 1,
    stdout: expect.stringContaining(
      'changed: account A does not have the digest of the kept state',
    ),
    stderr: expect.stringContaining('was not written, because the books do not balance'),
  })
  const json = await daybook('verify', '--against', file, '--json')
  expect(JSON.parse(json.stdout)).toMatchObject({ violationsByKind: { changed: 2 } })
})

test.each([
  [['--since', 'a', '--against', 'b'], '--since cannot be combined with --against'],
  [['--account', 'A', '--save', 'a'], '--account cannot be combined with --save'],
])('verify refuses %j', async (parameters, message) => {
  expect(await daybook('verify', ...parameters)).toMatchObject({
    exitCode: 64,
    stderr: expect.stringContaining(message),
  })
})
