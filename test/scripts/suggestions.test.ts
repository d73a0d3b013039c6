import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { accountModel } from '../../src/index.ts'
import { openTestDatabase } from '../../src/testing/index.ts'
import { withSuggestion } from '../../scripts/context/suggestion.ts'
import { AccountNotFoundError } from '../../src/errors.ts'
import { daybook } from '../support/command-line.ts'

const database = await openTestDatabase({ uri: inject('mongodbUri') })
afterAll(() => database.close())
const { connection } = database
const uri = inject('mongodbUri').replace(/\/(\?|$)/, `/${connection.name}$1`)

/** Accounts, each of which differs by a digit from others. */
const numbered = Array.from({ length: 400 }, (_, index) => `N${100_000 + index}`)

beforeAll(async () => {
  await daybook(uri, ['migrate', 'up'])
  const Account = accountModel(connection)
  const request = { holder: 'Ada', currency: 'USD', openingBalance: '100' }
  for (const accountId of ['ADA-LOVELACE', 'GRACE']) await Account.open({ accountId, ...request })
  const [, account] = await connection.collection('accounts').find().toArray()
  await connection
    .collection('accounts')
    .insertMany(numbered.map((_id) => ({ ...account, _id: _id as never })))
  await Account.transfer({
    transferId: 'RENT-2026',
    from: 'ADA-LOVELACE',
    to: 'GRACE',
    amount: '1',
  })
  await Account.hold({ holdId: 'ROOM-77', from: 'ADA-LOVELACE', to: 'GRACE', amount: '1' })
  await connection
    .collection<{ _id: string }>('batches')
    .insertOne({ _id: 'january.csv' }, { bypassDocumentValidation: true })
})

describe('an id that does not exist is answered with the one that was probably meant:', () => {
  test.each([
    ['account show ADA-LOVELAC', 'ADA-LOVELACE'],
    ['account freeze GRACY', 'GRACE'],
    ['statement grace', 'GRACE'],
    ['balances ADALOVELACE', 'ADA-LOVELACE'],
    ['transfer GRACE ADA-LOVELAXE 1', 'ADA-LOVELACE'],
    ['transfer GRACE ADA-LOVELAXE 1 --dry-run', 'ADA-LOVELACE'],
    ['hold GRAC ADA-LOVELACE 1', 'GRACE'],
    ['holds --account GRAC', 'GRACE'],
    ['verify --account GRAC', 'GRACE'],
    ['report --account GRAC --json', 'GRACE'],
    ['export --account GRAC', 'GRACE'],
    ['capture ROOM-7', 'ROOM-77'],
    ['release ROOM77', 'ROOM-77'],
    ['reverse RENT-2025', 'RENT-2026'],
    ['batches januray.csv', 'january.csv'],
    ['report january', undefined],
    ['report januari.csv', 'january.csv'],
    ['migrate up --to 0004-group', '0004-groups'],
    // Others are as near, or none is.
    ['account show N10050', undefined],
    ['account show n100200', 'N100200'],
    ['account show N100200-1', undefined],
    ['account show NOBODY', undefined],
  ])('%s', async (line, meant) => {
    const { exitCode, stdout, stderr } = await daybook(uri, line.split(' '))
    expect(exitCode).not.toBe(0)
    expect(stdout).toBe('')
    const [, suggested] = /\. Did you mean (.*)\?$/m.exec(stderr) ?? []
    expect(suggested).toBe(meant)
  })

  test.each([
    ['reverse ROOM-77', 'There is a hold with this id'],
    ['group RENT-2026', 'There is a transfer with this id'],
    ['capture RENT-2026', 'There is a transfer with this id'],
    ['statement january.csv', 'There is a batch with this id'],
  ])('or with what else has it: %s', async (line, hint) => {
    expect((await daybook(uri, line.split(' '))).stderr).toContain(`does not exist. ${hint}\n`)
  })

  test('after reading at most 100 ids on either side of it', async () => {
    await connection.db?.command({ profile: 2 })
    const error = new AccountNotFoundError({ accountId: 'N100200X' })
    const explained = await withSuggestion(error, connection)
    await connection.db?.command({ profile: 0 })
    expect((explained as Error).message).toMatch(/Did you mean N100200\?$/)
    const reads = await connection
      .collection('system.profile')
      .find({ ns: `${connection.name}.accounts`, op: 'query' })
      .toArray()
    expect(reads).not.toEqual([])
    for (const read of reads) {
      expect(read).toMatchObject({ docsExamined: 0 })
      expect(read['keysExamined']).toBeLessThanOrEqual(100)
    }
  })
})
