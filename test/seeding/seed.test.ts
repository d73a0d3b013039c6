import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import mongoose from 'mongoose'
import { describe, expect, inject, test } from 'vitest'
import { seedCommand } from '../../scripts/commands/seed.ts'
import type { CommonOptions, Context } from '../../scripts/context/command.ts'
import { type AccountRecord, batchModel, InputError, replay, verify } from '../../src/index.ts'
import { readOpening } from '../../src/ledger/opening.ts'
import { databaseOf } from '../../src/mongodb/connection.ts'
import { fakeAccounts } from '../../src/seeding/fake-accounts.ts'
import { seed } from '../../src/seeding/seed.ts'
import { type SeededAccounts, seededAccounts } from '../../src/seeding/seeded-accounts.ts'
import { setFailpoint } from '../../src/testing/failpoint.ts'
import { makeFifo } from '../support/batch.ts'
import { useDatabase } from '../support/database.ts'
import { makeFolder } from '../support/temporary-folder.ts'

const { connection, Account, Transfer } = useDatabase()

const SENDER = 'MDB574189300'
const RECEIVER = 'MDB343652528'
/** The number of accounts in seeds/accounts.json. */
const FROM_FILE = 20

async function makeAccounts(options: SeededAccounts): Promise<AccountRecord[]> {
  const accounts: AccountRecord[] = []
  for await (const batch of seededAccounts(options)) accounts.push(...batch)
  return accounts
}

const bytesOf = (account: AccountRecord): Uint8Array => mongoose.mongo.BSON.serialize(account)

function digestOf(accounts: readonly AccountRecord[]): string {
  const hash = createHash('sha256')
  for (const account of accounts) hash.update(bytesOf(account))
  return hash.digest('hex')
}

/** Expects that the database has these accounts as they are seeded, and no others. */
async function expectOnlySeeded(options: SeededAccounts): Promise<void> {
  const stored = await connection.collection<AccountRecord>('accounts').find().toArray()
  const expected = await makeAccounts(options)
  expect(new Map(stored.map((each) => [each._id, bytesOf(each)]))).toEqual(
    new Map(expected.map((each) => [each._id, bytesOf(each)])),
  )
}

const fileOf = async (name: string, text: string): Promise<string> => {
  const file = join(await makeFolder(), name)
  await writeFile(file, text)
  return file
}

const entries = (...list: unknown[]): string => JSON.stringify(list)

const batchFile = async (rows: string): Promise<string> => {
  const file = join(await makeFolder(), 'batch.csv')
  await writeFile(file, `transferId,from,to,amount\n${rows}`)
  return file
}

describe('seeded accounts', () => {
  test('are the same bytes on every machine', async () => {
    const accounts = await makeAccounts({ accounts: 980 })
    expect(accounts).toHaveLength(1_000)
    expect(digestOf(accounts)).toBe(
      '8d6fd2bd4357bad5dd3895fa2f545cb5da8405d3315e971d9210405904d85703',
    )
  })

  const CURRENCIES =
    'AUD,BRL,CAD,CHF,CNY,CZK,DKK,EUR,GBP,HUF,IDR,INR,JPY,KRW,KWD,MXN,NOK,PLN,SEK,TRY,TWD,UAH,USD,VND,ZAR'

  test('are the same bytes in every currency with its own holders', async () => {
    const accounts = await makeAccounts({
      accounts: 5_000,
      currencies: CURRENCIES.split(','),
      seed: 7,
    })
    expect(digestOf(accounts)).toBe(
      '0911636d310de9e9421ac55d1ae55a91b511f895ed9826ef9b2d7c0afe6b203c',
    )
  })

  test('stay the same when more are made', async () => {
    const more = await makeAccounts({ accounts: 2_500 })
    const fewer = await makeAccounts({ accounts: 300 })
    expect(more.slice(0, fewer.length).map(bytesOf)).toEqual(fewer.map(bytesOf))
  })

  test('are equal to accounts that are opened with the same text', async () => {
    const accountAt = await fakeAccounts({ currencies: ['USD', 'JPY', 'KWD', 'VND', 'IDR'] })
    const accounts = Array.from({ length: 3_000 }, (_, index) => accountAt(index + 1))
    const opened = accounts.map(({ _id: accountId, status, ...account }) => {
      const openingBalance = account.openingBalance.toString()
      const overdraftLimit = account.overdraftLimit.toString()
      const request = { ...account, accountId, openingBalance, overdraftLimit }
      return { ...(readOpening(request, account.createdAt) as AccountRecord), status }
    })
    expect(digestOf(opened)).toBe(digestOf(accounts))
  })

  test('differ with the seed', async () => {
    const [one, other] = await Promise.all([
      makeAccounts({ accounts: 10, seed: 1 }),
      makeAccounts({ accounts: 10, seed: 2 }),
    ])
    expect(one.slice(0, FROM_FILE)).toEqual(other.slice(0, FROM_FILE))
    expect(one.slice(FROM_FILE)).not.toEqual(other.slice(FROM_FILE))
  })

  test('have different ids, balances with a long tail, some overdrafts and some frozen accounts', async () => {
    const accounts = (await makeAccounts({ accounts: 10_000, currencies: ['USD'] })).slice(
      FROM_FILE,
    )
    const share = (matches: (account: AccountRecord) => boolean) =>
      accounts.filter(matches).length / accounts.length
    const balances = accounts.map(({ balance }) => Number(balance)).toSorted((a, b) => a - b)
    expect(new Set(accounts.map(({ _id }) => _id)).size).toBe(10_000)
    expect(share(({ overdraftLimit }) => Number(overdraftLimit) > 0)).toBeCloseTo(0.1, 1)
    expect(share(({ status }) => status === 'frozen')).toBeCloseTo(0.01, 2)
    expect(share(({ balance }) => Number(balance) < 0)).toBeCloseTo(0.02, 2)
    expect(Number(balances[9_900]) / Number(balances[5_000])).toBeGreaterThan(50)
  })
})

describe('seed', () => {
  test('adds the accounts of the file and as many more as it is asked for', async () => {
    expect(await seed(connection, { accounts: 30 })).toEqual({
      added: 50,
      existing: 0,
      different: 0,
    })
    await expectOnlySeeded({ accounts: 30 })
    expect(await verify(connection)).not.toHaveProperty('violation')
  })

  test('adds only missing accounts, and leaves a balance that has moved', async () => {
    await seed(connection, { accounts: 30 })
    await Account.transfer({ from: SENDER, to: RECEIVER, amount: 100 })
    const deleted = ['DBK000000007', 'DBK000000030'] as never[]
    await connection.collection('accounts').deleteMany({ _id: { $in: deleted } })
    expect(await seed(connection, { accounts: 31 })).toEqual({
      added: 3,
      existing: 48,
      different: 0,
    })
    expect(await Account.findById(SENDER)).toMatchObject({ transferCount: 1 })
    expect((await Account.findById(SENDER))?.balance.toString()).toBe('2400')
    expect(await verify(connection)).not.toHaveProperty('violation')
  })

  test('adds each account once when it runs twice at the same time', async () => {
    const [one, other] = await Promise.all([
      seed(connection, { accounts: 5_000 }),
      seed(connection, { accounts: 5_000 }),
    ])
    expect(one.added + other.added).toBe(5_020)
    expect(one.existing + other.existing).toBe(5_020)
    expect(one.different + other.different).toBe(0)
    expect(await Account.countDocuments()).toBe(5_020)
  })

  test('counts existing accounts that differ, and leaves them', async () => {
    await Account.open({ accountId: SENDER, holder: 'Someone Else', currency: 'USD' })
    expect(await seed(connection)).toEqual({ added: 19, existing: 1, different: 1 })
    expect(await Account.findById(SENDER)).toMatchObject({ holder: 'Someone Else' })
  })

  test('writes nothing in a dry run, and returns what would be added', async () => {
    await Account.open({ accountId: SENDER, holder: 'Ada Fernsby', currency: 'EUR' })
    expect(await seed(connection, { accounts: 5, dryRun: true })).toEqual({
      added: 24,
      existing: 1,
      different: 1,
    })
    expect(await Account.countDocuments()).toBe(1)
  })

  test('refuses an unknown currency and changes nothing', async () => {
    await seed(connection)
    const refused = seed(connection, { accounts: 5, currencies: ['usd'], reset: 'everything' })
    await expect(refused).rejects.toThrow(InputError)
    await expect(refused).rejects.toThrow('currency "usd" is not an ISO 4217 code')
    expect(await Account.countDocuments()).toBe(FROM_FILE)
  })

  test('reports its progress', async () => {
    const reports: [number, number][] = []
    await seed(connection, {
      accounts: 4_500,
      onProgress: (done, total) => reports.push([done, total]),
    })
    expect(reports.length).toBeGreaterThan(1)
    expect(reports.at(-1)).toEqual([4_520, 4_520])
  })

  test('finishes what is in flight when it is aborted, and continues when it is run again', async () => {
    const interruption = new AbortController()
    const { added } = await seed(connection, {
      accounts: 20_000,
      signal: interruption.signal,
      onProgress: () => {
        interruption.abort()
      },
    })
    expect(added).toBeLessThan(20_020)
    expect(await Account.countDocuments()).toBe(added)
    expect(await seed(connection, { accounts: 20_000 })).toEqual({
      added: 20_020 - added,
      existing: added,
      different: 0,
    })
  })
})

describe('a file of accounts', () => {
  test('is read from JSON Lines, with numbers as they are written', async () => {
    const file = await fileOf(
      'own.jsonl',
      '\uFEFF{"accountId": "A", "holder": "Anna", "currency": "USD", "openingBalance": 100.10}\r\n\n' +
        '{"accountId": "B", "holder": "Ben", "currency": "JPY", "openingBalance": "7", "status": "frozen"}',
    )
    expect(await seed(connection, { file })).toMatchObject({ added: 2 })
    const [a, b] = await Promise.all([Account.findById('A'), Account.findById('B')])
    expect(a?.toJSON()).toMatchObject({ holder: 'Anna', balance: '100.10', overdraftLimit: '0.00' })
    expect(b).toMatchObject({ status: 'frozen' })
  })

  const good = { accountId: 'A', holder: 'Anna', currency: 'USD', openingBalance: '1.00' }
  test.for([
    [
      'invalid JSON',
      'x.json',
      '[\n  {"accountId": "A",}\n]',
      'x.json", line 2, column 21: this is not JSON',
    ],
    ['a missing end', 'x.json', '[{"accountId": "A"', 'line 1, column 19: this is not JSON'],
    ['no text', 'x.json', '', 'line 1, column 1: this is not JSON'],
    [
      'a broken line',
      'x.jsonl',
      `${JSON.stringify(good)}\n{"a"`,
      'x.jsonl", line 2, column 5: this is not',
    ],
    ['an object', 'x.json', '{}', 'is not an array of accounts'],
    ['a number as an account', 'x.json', entries(good, 7), 'entry 2: "7" is not an account'],
    [
      'an unknown field',
      'x.json',
      entries({ ...good, balance: '1' }),
      'entry 1: unknown field "balance"',
    ],
    [
      'no id',
      'x.json',
      entries({ ...good, accountId: undefined }),
      'entry 1: account id undefined',
    ],
    [
      'an operator as id',
      'x.json',
      entries({ ...good, accountId: { $gt: '' } }),
      'entry 1: account id {"$gt":""}',
    ],
    ['no holder', 'x.json', entries({ ...good, holder: '' }), 'entry 1: holder "" is not'],
    [
      'an unknown currency',
      'x.json',
      entries({ ...good, currency: 'usd' }),
      'entry 1: currency "usd"',
    ],
    [
      'too many decimals',
      'x.json',
      entries({ ...good, openingBalance: '0.001' }),
      'entry 1: openingBalance "0.001"',
    ],
    [
      'an exponent',
      'x.json',
      '[{"accountId":"A","holder":"A","currency":"USD","openingBalance":1e3}]',
      'openingBalance "1e3"',
    ],
    [
      'a balance below its limit',
      'x.json',
      entries({ ...good, openingBalance: '-1', overdraftLimit: '0.50' }),
      'openingBalance "-1" is below',
    ],
    [
      'a limit below zero',
      'x.json',
      entries({ ...good, overdraftLimit: '-1' }),
      'entry 1: overdraftLimit "-1" is below zero',
    ],
    [
      'an unknown status',
      'x.json',
      entries({ ...good, status: 'gone' }),
      'entry 1: status "gone" is not one of',
    ],
    [
      'money in a closed account',
      'x.json',
      entries({ ...good, status: 'closed' }),
      'openingBalance 1.00 is not zero',
    ],
    ['a repeated id', 'x.json', entries(good, good), 'entry 2: entry 1 already has accountId "A"'],
  ] as const)(
    'with %s is refused, naming its position and field',
    async ([, name, text, message]) => {
      const file = await fileOf(name, text)
      await expect(seed(connection, { file })).rejects.toThrow(InputError)
      await expect(seed(connection, { file })).rejects.toThrow(message)
      expect(await Account.countDocuments()).toBe(0)
    },
  )

  test('that is invalid removes nothing with reset', async () => {
    await seed(connection, { accounts: 5 })
    const file = await fileOf('x.json', '[')
    await expect(seed(connection, { file, reset: 'everything' })).rejects.toThrow(InputError)
    expect(await Account.countDocuments()).toBe(25)
  })

  test('adds nothing if its last entry is invalid', async () => {
    const lines = Array.from({ length: 5_000 }, (_, index) =>
      JSON.stringify({ ...good, accountId: `A${index}` }),
    )
    const file = await fileOf('x.jsonl', [...lines, '{"accountId": "B"}'].join('\n'))
    await expect(seed(connection, { file })).rejects.toThrow('line 5001: holder undefined')
    expect(await Account.countDocuments()).toBe(0)
  })

  test('that is missing, a directory, a pipe or gzipped is refused', async () => {
    const folder = await makeFolder()
    await expect(seed(connection, { file: join(folder, 'none.json') })).rejects.toThrow(
      'none.json": the file does not exist',
    )
    await expect(seed(connection, { file: folder })).rejects.toThrow('is not a regular file')
    await expect(seed(connection, { file: await makeFifo() })).rejects.toThrow(
      'is not a regular file',
    )
    const packed = join(folder, 'x.json')
    await writeFile(packed, gzipSync('[]'))
    await expect(seed(connection, { file: packed })).rejects.toThrow(
      'is not valid UTF-8: save the file as UTF-8, or unpack it if it is compressed',
    )
  })

  test.each([
    ['x.json', '[\n{"holder": "Zo\xeb"}]', 'x.json" is not valid UTF-8'],
    ['x.jsonl', '\n{"holder": "\xff"}\n', 'x.jsonl", line 2 is not valid UTF-8'],
  ])('that is not UTF-8 is refused: %s', async (name, text, message) => {
    const file = join(await makeFolder(), name)
    await writeFile(file, text, 'latin1')
    await expect(seed(connection, { file })).rejects.toThrow(message)
  })
})

const NOTHING_REMOVED = { accounts: 0, transfers: 0, batches: 0 }

/** Accounts that were opened, not seeded, with a transfer and a batch. */
async function openOwnAccounts(): Promise<void> {
  await Account.open({ accountId: 'MINE', holder: 'Me', currency: 'USD', openingBalance: 5 })
  await Account.open({ accountId: 'YOURS', holder: 'You', currency: 'USD' })
  await replay(connection, { file: await batchFile('OWN,MINE,YOURS,1\n'), name: 'own' })
}

const failNext = (command: string, collection: string): Promise<void> =>
  setFailpoint(connection, {
    times: 1,
    data: {
      appName: connection.name,
      failCommands: [command],
      errorCode: 8000,
      namespace: `${connection.name}.${collection}`,
    },
  })

/** The options and indexes of Daybook's collections. */
const readDefinitions = async () =>
  await Promise.all(
    ['accounts', 'transfers', 'batches', 'refusals'].map(async (name) => ({
      options: await databaseOf(connection).collection(name).options(),
      indexes: await connection.collection(name).indexes(),
    })),
  )

describe("seed with reset: 'everything'", () => {
  const reset = 'everything'

  test('leaves only fresh seeded accounts, to which the same batch can be replayed', async () => {
    await seed(connection, { accounts: 10 })
    const file = await batchFile(`T1,${SENDER},${RECEIVER},100\nT2,${SENDER},NOBODY,1\n`)
    await replay(connection, { file })
    await openOwnAccounts()
    await Account.transfer({ from: SENDER, to: 'MINE', amount: 1 })

    const removed = { accounts: 32, transfers: 3, batches: 2 }
    const seeded = { added: 30, existing: 0, different: 0, removed }
    expect(await seed(connection, { accounts: 10, reset })).toEqual(seeded)
    expect(await Transfer.countDocuments()).toBe(0)
    expect(await batchModel(connection).countDocuments()).toBe(0)
    expect(await connection.collection('refusals').countDocuments()).toBe(0)
    await expectOnlySeeded({ accounts: 10 })
    expect(await replay(connection, { file })).toMatchObject({ posted: 1, refused: 1 })
    expect(await verify(connection)).not.toHaveProperty('violation')
  })

  test('only counts in a dry run', async () => {
    await seed(connection, { accounts: 5 })
    await openOwnAccounts()
    expect(await seed(connection, { accounts: 7, seed: 43, reset, dryRun: true })).toEqual({
      added: 27,
      existing: 0,
      different: 0,
      removed: { accounts: 27, transfers: 1, batches: 1 },
    })
    expect(await Account.countDocuments()).toBe(27)
    expect(await Transfer.countDocuments()).toBe(1)
    expect(await batchModel(connection).countDocuments()).toBe(1)
  })

  test('keeps the validators and indexes of the collections, and all other collections', async () => {
    await connection.collection('journeys').insertOne({ to: 'Rome' })
    await connection
      .collection('accounts')
      .createIndex({ holder: 1 }, { name: 'own', sparse: true })
    await seed(connection)
    const file = await batchFile(`T1,${SENDER},${RECEIVER},1\nT2,${SENDER},NOBODY,1\n`)
    await replay(connection, { file })
    const definitions = await readDefinitions()
    expect(definitions.map(({ options }) => options)).toContainEqual({
      validator: expect.anything(),
    })
    await seed(connection, { reset })
    expect(await Transfer.countDocuments()).toBe(0)
    expect(await readDefinitions()).toEqual(definitions)
    expect(await connection.collection('journeys').countDocuments()).toBe(1)
    await connection.collection('accounts').dropIndex('own')
  })

  test('removes nothing from an empty database', async () => {
    expect(await seed(connection, { reset })).toMatchObject({ added: 20, removed: NOTHING_REMOVED })
  })

  test.each(['refusals', 'batches', 'transfers', 'accounts'])(
    'ends in the same state when it is run again after it failed at the %s',
    async (collection) => {
      await seed(connection)
      const file = await batchFile(`T1,${SENDER},${RECEIVER},1\nT2,${SENDER},NOBODY,1\n`)
      await replay(connection, { file })
      await failNext('aggregate', collection)
      await expect(seed(connection, { reset })).rejects.toMatchObject({
        name: 'DatabaseError',
        cause: { code: 8000 },
      })
      await seed(connection, { reset })
      await expectOnlySeeded({})
      expect(await replay(connection, { file })).toMatchObject({ posted: 1, refused: 1 })
      expect(await verify(connection)).not.toHaveProperty('violation')
    },
  )
})

describe("seed with reset: 'seeded'", () => {
  const reset = 'seeded'

  test('replaces the seeded accounts and keeps all else', async () => {
    await seed(connection, { accounts: 10 })
    await openOwnAccounts()
    const replacement = { accounts: 7, seed: 43, reset } as const
    const seeded = {
      added: 27,
      existing: 0,
      different: 0,
      removed: { accounts: 30, transfers: 0, batches: 0 },
    }
    expect(await seed(connection, { ...replacement, dryRun: true })).toEqual(seeded)
    expect(await Account.countDocuments()).toBe(32)
    expect(await seed(connection, replacement)).toEqual(seeded)
    const own = await Account.find({ _id: { $in: ['MINE', 'YOURS'] } }).sort('_id')
    expect(own.map(({ balance }) => balance.toString())).toEqual(['4', '1'])
    expect(await Account.countDocuments()).toBe(29)
    expect(await Transfer.distinct('_id')).toEqual(['OWN'])
    expect(await batchModel(connection).distinct('_id')).toEqual(['own'])
    expect(await verify(connection)).not.toHaveProperty('violation')
  })

  test('is refused, and removes nothing, if a seeded account has a transfer', async () => {
    await seed(connection)
    await Account.open({ accountId: 'MINE', holder: 'Me', currency: 'USD' })
    await Account.transfer({ transferId: 'T1', from: SENDER, to: 'MINE', amount: 1 })
    for (const dryRun of [true, false]) {
      const refused = seed(connection, { reset, dryRun })
      await expect(refused).rejects.toThrow(InputError)
      await expect(refused).rejects.toThrow('seeded account "MDB574189300" has transfers')
    }
    expect(await Account.countDocuments()).toBe(21)
    expect(await Transfer.countDocuments()).toBe(1)
  })

  test('ends in the same state when it is run again after it failed', async () => {
    await seed(connection)
    await failNext('delete', 'accounts')
    await expect(seed(connection, { reset })).rejects.toMatchObject({
      name: 'DatabaseError',
      cause: { code: 8000 },
    })
    await seed(connection, { reset })
    await expectOnlySeeded({})
  })

  test('removes nothing if nothing was seeded', async () => {
    await openOwnAccounts()
    expect(await seed(connection, { reset })).toMatchObject({
      added: 20,
      removed: NOTHING_REMOVED,
    })
    expect(await Account.countDocuments()).toBe(22)
  })
})

describe('daybook seed', () => {
  type Options = Parameters<typeof seedCommand.run>[0]

  async function run(given: Partial<Options>) {
    const printed: string[] = []
    const logged: string[] = []
    const context: Context = {
      print: (text) => printed.push(text),
      log: (text) => logged.push(text),
      progress: undefined,
      stdin: process.stdin,
      columns: undefined,
      signal: new AbortController().signal,
    }
    const url = new URL(inject('mongodbUri'))
    url.pathname = `/${connection.name}`
    const common: CommonOptions = { uri: url.href, folder: await makeFolder(), quiet: true }
    const exitCode = await seedCommand.run({ ...common, accounts: 0, ...given } as Options, context)
    return { exitCode, printed, logged: logged.join('\n') }
  }

  test('prints what it did, or JSON', async () => {
    expect(await run({ accounts: 5 })).toMatchObject({
      exitCode: 0,
      printed: ['25 accounts added, 0 already exist'],
    })
    expect(await run({ accounts: 6, json: true })).toMatchObject({
      printed: ['{"added":1,"existing":25,"different":0}'],
    })
  })

  test('says so if accounts of another seed exist', async () => {
    await run({ accounts: 5 })
    const { logged, printed } = await run({ accounts: 5, seed: 43 })
    expect(logged).toContain('5 accounts exist with another holder')
    expect(printed).toEqual(['0 accounts added, 25 already exist'])
  })

  test('removes only seeded accounts with --reset from a database at a URI, and only with --force', async () => {
    await run({ accounts: 5 })
    await openOwnAccounts()
    // On this machine, but the address may as well be the end of a tunnel.
    const again = { accounts: 6, reset: true }
    await expect(run(again)).rejects.toThrow('is not the local database of Daybook: add --force')
    expect(await run({ ...again, force: true })).toMatchObject({
      printed: ['25 accounts, 0 transfers, 0 batches removed\n26 accounts added, 0 already exist'],
    })
    expect(await Account.countDocuments()).toBe(28)
    await Account.transfer({ from: SENDER, to: 'MINE', amount: 1 })
    await expect(run({ ...again, force: true })).rejects.toThrow('has transfers')
  })
})
