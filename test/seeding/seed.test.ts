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
import { fakeAccounts } from '../../src/seeding/fake-accounts.ts'
import { removeSeeded } from '../../src/seeding/seed-removal.ts'
import { seed } from '../../src/seeding/seed.ts'
import { type SeededAccounts, seededAccounts } from '../../src/seeding/seeded-accounts.ts'
import { setFailpoint } from '../../src/testing/failpoint.ts'
import { makeFifo } from '../support/batch.ts'
import { useDatabase } from '../support/database.ts'
import { makeFolder } from '../support/temporary-folder.ts'

const { connection, Account, Transfer } = useDatabase()

const SENDER = 'MDB574189300'
const RECEIVER = 'MDB343652528'
const CURATED = 20

async function made(options: SeededAccounts): Promise<AccountRecord[]> {
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

const fileOf = async (name: string, text: string): Promise<string> => {
  const file = join(await makeFolder(), name)
  await writeFile(file, text)
  return file
}

const entries = (...list: unknown[]): string => JSON.stringify(list)

const transfersOf = async (rows: string): Promise<string> => {
  const file = join(await makeFolder(), 'batch.csv')
  await writeFile(file, `transferId,from,to,amount\n${rows}`)
  return file
}

describe('seeded accounts', () => {
  test('are the same bytes on every machine, until faker or we change them', async () => {
    const accounts = await made({ accounts: 980 })
    expect(accounts).toHaveLength(1_000)
    expect(digestOf(accounts)).toBe(
      '8d6fd2bd4357bad5dd3895fa2f545cb5da8405d3315e971d9210405904d85703',
    )
  })

  const CURRENCIES =
    'AUD,BRL,CAD,CHF,CNY,CZK,DKK,EUR,GBP,HUF,IDR,INR,JPY,KRW,KWD,MXN,NOK,PLN,SEK,TRY,TWD,UAH,USD,VND,ZAR'

  test('are the same bytes in every currency that has holders of its own', async () => {
    const accounts = await made({ accounts: 5_000, currencies: CURRENCIES.split(','), seed: 7 })
    expect(digestOf(accounts)).toBe(
      '0911636d310de9e9421ac55d1ae55a91b511f895ed9826ef9b2d7c0afe6b203c',
    )
  })

  test('stay the first when more are made', async () => {
    const more = await made({ accounts: 2_500 })
    const fewer = await made({ accounts: 300 })
    expect(more.slice(0, fewer.length).map(bytesOf)).toEqual(fewer.map(bytesOf))
  })

  test('are what opening them with the same text gives', async () => {
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
      made({ accounts: 10, seed: 1 }),
      made({ accounts: 10, seed: 2 }),
    ])
    expect(one.slice(0, CURATED)).toEqual(other.slice(0, CURATED))
    expect(one.slice(CURATED)).not.toEqual(other.slice(CURATED))
  })

  test('have numbers of their own, a long tail, some overdrafts and some that are frozen', async () => {
    const accounts = (await made({ accounts: 10_000, currencies: ['USD'] })).slice(CURATED)
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
  test('adds the accounts of the file and as many more as are asked for', async () => {
    expect(await seed(connection, { accounts: 30 })).toEqual({
      added: 50,
      existing: 0,
      different: 0,
    })
    const stored = await connection.collection<AccountRecord>('accounts').find().toArray()
    const expected = await made({ accounts: 30 })
    expect(new Map(stored.map((each) => [each._id, bytesOf(each)]))).toEqual(
      new Map(expected.map((each) => [each._id, bytesOf(each)])),
    )
    expect(await verify(connection)).not.toHaveProperty('violation')
  })

  test('adds only what is missing, and touches no balance that has moved', async () => {
    await seed(connection, { accounts: 30 })
    await Account.transfer({ from: SENDER, to: RECEIVER, amount: 100 })
    const gone = ['DBK000000007', 'DBK000000030'] as never[]
    await connection.collection('accounts').deleteMany({ _id: { $in: gone } })
    expect(await seed(connection, { accounts: 31 })).toEqual({
      added: 3,
      existing: 48,
      different: 0,
    })
    expect(await Account.findById(SENDER)).toMatchObject({ transferCount: 1 })
    expect((await Account.findById(SENDER))?.balance.toString()).toBe('2400')
    expect(await verify(connection)).not.toHaveProperty('violation')
  })

  test('run twice at once adds each account once', async () => {
    const [one, other] = await Promise.all([
      seed(connection, { accounts: 5_000 }),
      seed(connection, { accounts: 5_000 }),
    ])
    expect(one.added + other.added).toBe(5_020)
    expect(one.existing + other.existing).toBe(5_020)
    expect(one.different + other.different).toBe(0)
    expect(await Account.countDocuments()).toBe(5_020)
  })

  test('counts the accounts that are there with another content, and leaves them', async () => {
    await Account.open({ accountId: SENDER, holder: 'Someone Else', currency: 'USD' })
    expect(await seed(connection)).toEqual({ added: 19, existing: 1, different: 1 })
    expect(await Account.findById(SENDER)).toMatchObject({ holder: 'Someone Else' })
  })

  test('writes nothing in a dry run and says what would be added', async () => {
    await Account.open({ accountId: SENDER, holder: 'Ada Fernsby', currency: 'EUR' })
    expect(await seed(connection, { accounts: 5, dryRun: true })).toEqual({
      added: 24,
      existing: 1,
      different: 1,
    })
    expect(await Account.countDocuments()).toBe(1)
  })

  test('tells how far it is', async () => {
    const told: [number, number][] = []
    await seed(connection, {
      accounts: 4_500,
      onProgress: (done, total) => told.push([done, total]),
    })
    expect(told.length).toBeGreaterThan(1)
    expect(told.at(-1)).toEqual([4_520, 4_520])
  })

  test('finishes what is in flight when it is aborted, and goes on when run again', async () => {
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
  test('is read from JSON Lines, its numbers as they are written', async () => {
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
      'no JSON',
      'x.json',
      '[\n  {"accountId": "A",}\n]',
      'x.json", line 2, column 21: this is not JSON',
    ],
    ['an end too early', 'x.json', '[{"accountId": "A"', 'line 1, column 19: this is not JSON'],
    ['nothing', 'x.json', '', 'line 1, column 1: this is not JSON'],
    [
      'a broken line',
      'x.jsonl',
      `${JSON.stringify(good)}\n{"a"`,
      'x.jsonl", line 2, column 5: this is not',
    ],
    ['no array', 'x.json', '{}', 'is not an array of accounts'],
    ['no object', 'x.json', entries(good, 7), 'entry 2: "7" is not an account'],
    [
      'an unknown field',
      'x.json',
      entries({ ...good, balance: '1' }),
      'entry 1: field "balance" is not known',
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
      'a currency that is none',
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
      'a debt beyond its limit',
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
      'a status that is none',
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
    ['an id twice', 'x.json', entries(good, good), 'entry 2: accountId "A" is that of entry 1'],
  ] as const)('with %s is refused by its place and field', async ([, name, text, message]) => {
    const file = await fileOf(name, text)
    await expect(seed(connection, { file })).rejects.toThrow(InputError)
    await expect(seed(connection, { file })).rejects.toThrow(message)
    expect(await Account.countDocuments()).toBe(0)
  })

  test('that is wrong removes nothing with reset', async () => {
    await seed(connection, { accounts: 5 })
    const file = await fileOf('x.json', '[')
    await expect(seed(connection, { file, reset: true })).rejects.toThrow(InputError)
    expect(await Account.countDocuments()).toBe(25)
  })

  test('adds nothing when its last entry is wrong', async () => {
    const lines = Array.from({ length: 5_000 }, (_, index) =>
      JSON.stringify({ ...good, accountId: `A${index}` }),
    )
    const file = await fileOf('x.jsonl', [...lines, '{"accountId": "B"}'].join('\n'))
    await expect(seed(connection, { file })).rejects.toThrow('line 5001: holder undefined')
    expect(await Account.countDocuments()).toBe(0)
  })

  test('that is missing, or a directory, is named', async () => {
    const folder = await makeFolder()
    await expect(seed(connection, { file: join(folder, 'none.json') })).rejects.toThrow(
      'none.json" cannot be opened: ENOENT',
    )
    await expect(seed(connection, { file: folder })).rejects.toThrow('is a directory')
    await expect(seed(connection, { file: await makeFifo() })).rejects.toThrow('is no file')
    const packed = join(folder, 'x.json')
    await writeFile(packed, gzipSync('[]'))
    await expect(seed(connection, { file: packed })).rejects.toThrow('is gzipped: unpack it first')
  })

  test.each([
    ['x.json', '[\n{"holder": "Zo\xeb"}]', 'x.json", line 2: column 15 is not valid UTF-8'],
    ['x.jsonl', '\n{"holder": "\xff"}\n', 'x.jsonl", line 2: column 13 is not valid UTF-8'],
  ])('that is no UTF-8 is refused: %s', async (name, text, message) => {
    const file = join(await makeFolder(), name)
    await writeFile(file, text, 'latin1')
    await expect(seed(connection, { file })).rejects.toThrow(message)
  })
})

describe('removeSeeded', () => {
  test('removes the seeded accounts, the transfers between them and their batches', async () => {
    await seed(connection, { accounts: 10 })
    const file = await transfersOf(`T1,${SENDER},${RECEIVER},100\nT2,${SENDER},NOBODY,1\n`)
    await replay(connection, { file })
    await Account.open({ accountId: 'MINE', holder: 'Me', currency: 'USD', openingBalance: 5 })
    await Account.open({ accountId: 'YOURS', holder: 'You', currency: 'USD' })
    await Account.transfer({ transferId: 'OWN', from: 'MINE', to: 'YOURS', amount: 1 })

    const removal = { accounts: 30, transfers: 1, batches: 1 }
    expect(await removeSeeded(connection, { dryRun: true })).toEqual(removal)
    expect(await Account.countDocuments()).toBe(32)
    expect(await removeSeeded(connection)).toEqual(removal)
    expect(await Account.distinct('_id')).toEqual(['MINE', 'YOURS'])
    expect(await Transfer.distinct('_id')).toEqual(['OWN'])
    expect(await connection.collection('refusals').countDocuments()).toBe(0)
    expect(await verify(connection)).not.toHaveProperty('violation')

    await seed(connection, { accounts: 10 })
    expect(await replay(connection, { file })).toMatchObject({ posted: 1, refused: 1 })
    expect(await verify(connection)).not.toHaveProperty('violation')
  })

  test('keeps the batches of which all transfers stay', async () => {
    await seed(connection)
    await Account.open({ accountId: 'MINE', holder: 'Me', currency: 'USD', openingBalance: 5 })
    await Account.open({ accountId: 'YOURS', holder: 'You', currency: 'USD' })
    await replay(connection, { file: await transfersOf('T1,MINE,YOURS,1\n'), name: 'own' })
    await replay(connection, {
      file: await transfersOf(`T2,${SENDER},${RECEIVER},1\n`),
      name: 'seeded',
    })
    const mixed = await transfersOf(`T3,MINE,YOURS,1\nT4,${SENDER},${RECEIVER},1\n`)
    await replay(connection, { file: mixed, name: 'mixed' })
    await replay(connection, { file: await transfersOf('T5,YOURS,MINE,99\n'), name: 'refused' })
    expect(await removeSeeded(connection)).toMatchObject({ transfers: 2, batches: 1 })
    expect(await batchModel(connection).distinct('_id')).toEqual(['mixed', 'own', 'refused'])
    expect(await connection.collection('refusals').countDocuments()).toBe(1)
  })

  test.each(['refusals', 'batches', 'transfers', 'accounts'])(
    'ends its work when it is run again, broken off at the %s',
    async (collection) => {
      await seed(connection)
      const file = await transfersOf(`T1,${SENDER},${RECEIVER},1\nT2,${SENDER},NOBODY,1\n`)
      await replay(connection, { file })
      await setFailpoint(connection, {
        times: 1,
        data: {
          appName: connection.name,
          failCommands: ['delete'],
          errorCode: 8000,
          namespace: `${connection.name}.${collection}`,
        },
      })
      await expect(removeSeeded(connection)).rejects.toMatchObject({ code: 8000 })
      await removeSeeded(connection)
      await seed(connection)
      expect(await replay(connection, { file })).toMatchObject({ posted: 1, refused: 1 })
      expect(await verify(connection)).not.toHaveProperty('violation')
    },
  )

  test('is refused, and removes nothing, where another account has a transfer with one of them', async () => {
    await seed(connection)
    await Account.open({ accountId: 'MINE', holder: 'Me', currency: 'USD' })
    await Account.transfer({ transferId: 'T1', from: SENDER, to: 'MINE', amount: 1 })
    await expect(removeSeeded(connection)).rejects.toThrow(
      'transfer "T1" is between account "MDB574189300", which seeding made, and "MINE"',
    )
    expect(await Account.countDocuments()).toBe(21)
    expect(await Transfer.countDocuments()).toBe(1)
  })

  test('touches no batch where seeding made nothing', async () => {
    await replay(connection, { file: await transfersOf('T1,NOBODY,NOONE,1\n') })
    expect(await removeSeeded(connection)).toEqual({ accounts: 0, transfers: 0, batches: 0 })
    expect(await batchModel(connection).countDocuments()).toBe(1)
  })
})

describe('daybook seed', () => {
  type Options = Parameters<typeof seedCommand.run>[0]

  async function run(given: Partial<Options>) {
    const printed: string[] = []
    const told: string[] = []
    const context: Context = {
      print: (text) => printed.push(text),
      log: (text) => told.push(text),
      progress: undefined,
      stdin: process.stdin,
      columns: undefined,
      signal: new AbortController().signal,
    }
    const url = new URL(inject('mongodbUri'))
    url.pathname = `/${connection.name}`
    const common: CommonOptions = { uri: url.href, folder: await makeFolder(), quiet: true }
    const exitCode = await seedCommand.run({ ...common, accounts: 0, ...given } as Options, context)
    return { exitCode, printed, told: told.join('\n') }
  }

  test('prints what it did, and prints JSON', async () => {
    expect(await run({ accounts: 5 })).toMatchObject({
      exitCode: 0,
      printed: ['25 accounts added, 0 there already'],
    })
    expect(await run({ accounts: 6, json: true })).toMatchObject({
      printed: ['{"added":1,"existing":25,"different":0}'],
    })
  })

  test('says so when accounts of another seed are there', async () => {
    await run({ accounts: 5 })
    const { told, printed } = await run({ accounts: 5, seed: 43 })
    expect(told).toContain('5 accounts are there with another holder')
    expect(printed).toEqual(['0 accounts added, 25 there already'])
  })

  test('replaces the accounts of another seed with --reset, and only looks with --dry-run', async () => {
    await run({ accounts: 5 })
    await Account.transfer({ from: SENDER, to: RECEIVER, amount: 1 })
    const replacement = { accounts: 7, seed: 43, reset: true, json: true }
    const expected =
      '{"added":27,"existing":0,"different":0,"removed":{"accounts":25,"transfers":1,"batches":0}}'
    expect(await run({ ...replacement, dryRun: true })).toMatchObject({ printed: [expected] })
    expect(await Account.countDocuments()).toBe(25)
    expect(await run(replacement)).toMatchObject({ printed: [expected] })
    expect(await Account.countDocuments()).toBe(27)
    expect(await Transfer.countDocuments()).toBe(0)
    expect(await verify(connection)).not.toHaveProperty('violation')
  })
})
