import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import mongoose from 'mongoose'
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { Decimal128, type VerifyOptions, replay, verify } from '../../src/index.ts'
import { Books } from '../../src/verification/books.ts'
import { makeFile } from '../support/batch.ts'
import { useDatabase } from '../support/database.ts'
import { makeFolder } from '../support/temporary-folder.ts'

const { connection, Account } = useDatabase()
const { BSON } = mongoose.mongo

const accounts = connection.collection<{ _id: string }>('accounts')
const transfers = connection.collection<{ _id: string }>('transfers')

const decimal = (text: string) => Decimal128.fromString(text)

/** A file in a new folder. */
const newFile = async (name = 'books.state') => join(await makeFolder(), name)

/** The kept state of the books as they are. */
async function saved(): Promise<string> {
  const save = await newFile()
  expect(await verify(connection, { save })).toMatchObject({ balanced: true, saved: true })
  return save
}

const messages = async (options?: VerifyOptions) =>
  (await verify(connection, options)).violations.map(({ kind, message }) => `${kind}: ${message}`)

const pay = (transferId: string, from: string, to: string, amount = '10') =>
  Account.transfer({ transferId, from, to, amount, reference: `for ${transferId}` })

beforeEach(async () => {
  await Account.open({ accountId: 'A', holder: 'Ada', currency: 'USD', openingBalance: '100' })
  await Account.open({ accountId: 'B', holder: 'Bea', currency: 'USD' })
  await Account.open({ accountId: 'C', holder: 'Cy', currency: 'JPY', openingBalance: '7' })
  for (const id of ['T1', 'T2', 'T3']) await pay(id, 'A', 'B')
})

/** Does some work once, after a verification has read accounts and before it reads their transfers. */
function afterAccountsAreRead(work: () => Promise<unknown>): void {
  let isDone = false
  const inSession = Reflect.get(Books.prototype, 'inSession')
  const spy = vi.spyOn(Books.prototype, 'inSession')
  spy.mockImplementation(async function (this: Books, earlier, read) {
    if (earlier.length > 0 && !isDone) {
      isDone = true
      await work()
    }
    return await inSession.call(this, earlier, read)
  })
  onTestFinished(() => {
    spy.mockRestore()
  })
}

/** Adds to the opening balance of A, and to each balance that follows from it. */
async function shiftOpeningOfA(): Promise<void> {
  const $inc = { balance: decimal('5.00'), openingBalance: decimal('5.00') }
  await accounts.updateOne({ _id: 'A' }, { $inc })
  await transfers.updateMany(
    { fromAccount: 'A' },
    {
      $inc: { fromBalance: decimal('5.00') },
    },
  )
}

/** Removes T3 and what follows from it. */
async function removeLatestTransfer(): Promise<void> {
  await transfers.deleteOne({ _id: 'T3' })
  const latest = { transferCount: 2, transfersComplete: ['T1', 'T2'] }
  await accounts.updateOne({ _id: 'A' }, { $set: { ...latest, balance: decimal('80.00') } })
  await accounts.updateOne({ _id: 'B' }, { $set: { ...latest, balance: decimal('20.00') } })
}

/** Computes the checksums of an edited file again, as somebody would who wants it to be used. */
const forge =
  (change: (text: string) => string) =>
  (text: string): string => {
    const lines = change(text).split('\n').slice(0, -2)
    const sum = (some: string[]) =>
      createHash('sha256')
        .update(some.map((line) => `${line}\n`).join(''))
        .digest('hex')
    const digest = sum(lines.filter((line) => line.startsWith('{"id"')))
    lines[0] = JSON.stringify({ ...(JSON.parse(lines[0] as string) as object), digest })
    return [...lines, JSON.stringify({ checksum: sum(lines) }), ''].join('\n')
  }

/** Rewrites that agree with all other records. */
const REWRITES = [
  [
    'an opening balance that was changed together with all that follows from it',
    shiftOpeningOfA,
    [
      'changed: account A has the openingBalance 105.00, but 100.00 in the kept state',
      'changed: account B does not have the digest of the kept state: its opening or one of its transfers 1–3 was changed',
    ],
  ],
  [
    'a reference that was replaced',
    () => transfers.updateOne({ _id: 'T2' }, { $set: { reference: 'rent' } }),
    ['A', 'B'].map(
      (id) =>
        `changed: account ${id} does not have the digest of the kept state: its opening or one of its transfers 1–3 was changed`,
    ),
  ],
  [
    'a latest transfer that was removed from both accounts',
    removeLatestTransfer,
    ['A', 'B'].map((id) => `changed: account ${id} has 2 transfers, but 3 in the kept state`),
  ],
  [
    'an account without transfers that was removed',
    () => accounts.deleteOne({ _id: 'C' }),
    ['changed: account C does not exist, but the kept state has it with 0 transfers'],
  ],
  [
    'an account that claims to have been opened at another time',
    () => accounts.updateOne({ _id: 'C' }, { $set: { createdAt: new Date(0) } }),
    [expect.stringContaining('changed: account C has the createdAt 1970-01-01T00:00:00.000Z, but')],
  ],
] as const

describe('verify with against', () => {
  test.each(REWRITES)('finds %s, which verify alone cannot', async (_what, rewrite, expected) => {
    const against = await saved()
    await rewrite()
    expect(await messages()).toEqual([])
    expect(await messages({ against })).toEqual(expected)
  })

  test('accepts new accounts and transfers, limits, states and holders', async () => {
    const against = await saved()
    await Account.open({ accountId: 'AA', holder: 'Amy', currency: 'USD', overdraftLimit: '50' })
    await pay('T4', 'AA', 'B')
    await pay('T5', 'B', 'A')
    await Account.setOverdraftLimit('A', '1000')
    await Account.freeze('B')
    await Account.updateOne({ _id: 'A' }, { holder: 'Ada King' })
    const verification = await verify(connection, { against })
    expect(verification).toMatchObject({
      violations: [],
      accounts: 4,
      transfers: 5,
      against: { database: connection.name, accounts: 3, transfers: 3 },
    })
    expect(verification.digest).not.toBe(verification.against?.digest)
  })

  test('finds a transfer that was replaced although others came after it', async () => {
    const against = await saved()
    await pay('T4', 'A', 'B')
    await transfers.updateOne({ _id: 'T1' }, { $set: { metadata: { note: 'new' } } })
    expect((await verify(connection, { against })).violationsByKind).toEqual({ changed: 2 })
  })
})

describe('the digest of the books', () => {
  test('does not depend on the order in which records are stored', async () => {
    const { digest } = await verify(connection)
    for (const collection of [accounts, transfers]) {
      const stored = await collection.find({}, { promoteValues: false }).toArray()
      await collection.deleteMany({})
      await collection.insertMany(stored.toReversed(), { ignoreUndefined: true })
    }
    expect(digest).toMatch(/^[0-9a-f]{64}$/)
    expect(await verify(connection)).toMatchObject({ balanced: true, digest })
  })

  test('is computed as docs/verify.md says', async () => {
    const sha256 = (...parts: (Uint8Array | string)[]) => {
      const sum = createHash('sha256')
      for (const part of parts) sum.update(part)
      return sum.digest()
    }
    const { digest, account } = {
      ...(await verify(connection)),
      account: (await verify(connection, { accountId: 'B' })).account,
    }
    const opening = await accounts.findOne({ _id: 'B' }, { promoteValues: false })
    const { _id, currency, openingBalance, createdAt } = opening as unknown as Record<
      string,
      unknown
    >
    let expected = sha256(BSON.serialize({ _id, currency, openingBalance, createdAt }))
    const sorted = transfers.find({ toAccount: 'B' }, { raw: true }).sort({ toSequence: 1 })
    for await (const bytes of sorted) expected = sha256(expected, bytes as unknown as Buffer)
    expect(account).toMatchObject({
      id: 'B',
      openingBalance: '0.00',
      transfers: 3,
      balance: '30.00',
      digest: expected.toString('hex'),
    })

    const lines = (await readFile(await saved(), 'utf8')).split('\n')
    expect(lines.slice(1, 4).map((line) => JSON.parse(line) as object)).toMatchObject([
      { id: 'A', transfers: 3 },
      account as object,
      { id: 'C', transfers: 0 },
    ])
    expect(sha256(lines.slice(1, 4).join('\n'), '\n').toString('hex')).toBe(digest)
    const checksum = sha256(lines.slice(0, -2).join('\n'), '\n').toString('hex')
    expect(JSON.parse(lines.at(-2) as string)).toEqual({ checksum })
  })

  test('is not there for books that do not balance, and nothing is saved', async () => {
    await accounts.updateOne({ _id: 'A' }, { $set: { balance: decimal('71.00') } })
    const save = await newFile()
    const verification = await verify(connection, { save })
    expect(verification).toMatchObject({ balanced: false, saved: false })
    expect(verification).not.toHaveProperty('digest')
    for (const file of [save, `${save}.partial`]) {
      await expect(readFile(file)).rejects.toMatchObject({ code: 'ENOENT' })
    }
  })
})

describe('verify with since', () => {
  test('reads only what came after the kept state, and keeps the same state as a full run', async () => {
    const since = await saved()
    await Account.open({ accountId: 'D', holder: 'Dee', currency: 'USD' })
    await pay('T4', 'B', 'D')
    await pay('T5', 'B', 'A')
    const save = await newFile()
    const verification = await verify(connection, { since, save })
    expect(verification).toMatchObject({ violations: [], accounts: 4, transfers: 2 })
    const { digest } = await verify(connection)
    expect(verification.digest).toBe(digest)
    expect(await messages({ against: save })).toEqual([])
    expect(await verify(connection, { since: save })).toMatchObject({
      transfers: 0,
      digest,
      since: { accounts: 4, transfers: 5 },
    })
  })

  test('counts transfers once that were posted while the kept state was made', async () => {
    const file = await makeFile('b.csv', 'id,from,to,amount\nS1,A,B,1\nS2,A,B,1\n')
    const since = await newFile()
    afterAccountsAreRead(() => replay(connection, { file }))
    expect(await verify(connection, { save: since })).toMatchObject({ saved: true, transfers: 3 })
    const save = await newFile()
    expect(await verify(connection, { since, save })).toMatchObject({
      violations: [],
      transfers: 2,
    })
    expect(await verify(connection, { since: save })).toMatchObject({
      balanced: true,
      since: { transfers: 5 },
    })
  })

  test('does not look for transfers of accounts that have no new ones', async () => {
    const since = await saved()
    const filters: object[] = []
    connection.getClient().on('commandStarted', ({ command }) => {
      if (command['find'] === 'transfers') filters.push(command['filter'] as object)
    })
    await verify(connection, { since })
    // Those whose sender is not a text.
    expect(filters).toEqual([{ fromAccount: { $not: { $gte: '' } } }])
    await pay('T4', 'A', 'B')
    await verify(connection, { since })
    const after = { $gt: 3 }
    expect(filters).toContainEqual({
      $or: ['A', 'B'].map((id) => ({ fromAccount: id, fromSequence: after })),
    })
  })

  test.each([
    [
      'a balance that was changed',
      () => accounts.updateOne({ _id: 'C' }, { $set: { balance: decimal('8') } }),
      'balance: account C has the balance 8, but its transfers add up to 7',
    ],
    [
      'a new transfer with a wrong balance',
      () => transfers.updateOne({ _id: 'T4' }, { $set: { toBalance: decimal('41.00') } }),
      'balance: account B has the balance 41.00 after transfer T4, but should have 40.00',
    ],
    [
      'a new transfer that was deleted',
      () => transfers.deleteOne({ _id: 'T4' }),
      'sequence: account A has 3 transfers, but its transferCount is 4',
    ],
    [
      'a new transfer that its receiver does not count',
      async () => {
        const counted = { transferCount: 3, balance: decimal('30.00') }
        const $set = { ...counted, transfersComplete: ['T1', 'T2', 'T3'] }
        await accounts.updateOne({ _id: 'B' }, { $set })
      },
      'sequence: account B has transfer T4 with the sequence 4, but its transferCount is 3',
    ],
    [
      'a new transfer with a number that its receiver has used before',
      async () => {
        const counted = { transferCount: 3, balance: decimal('30.00') }
        const $set = { ...counted, transfersComplete: ['T1', 'T2', 'T3'] }
        await accounts.updateOne({ _id: 'B' }, { $set })
        await transfers.updateOne({ _id: 'T4' }, { $set: { toSequence: 2 } })
      },
      'sequence: account B has a second transfer with the sequence 2: T4',
    ],
    [
      'a new transfer whose receiver does not exist',
      async () => {
        await transfers.updateOne({ _id: 'T4' }, { $set: { toAccount: 'NOBODY' } })
      },
      'missing-account: transfer T4 names account NOBODY, which does not exist',
    ],
    [
      'a new transfer whose sender is not a text',
      () =>
        transfers.updateOne(
          { _id: 'T4' },
          { $set: { fromAccount: 7 } },
          {
            bypassDocumentValidation: true,
          },
        ),
      'field: transfer T4 has the fromAccount 7 (int)',
    ],
    [
      'an opening balance that was changed together with all that follows from it',
      shiftOpeningOfA,
      'changed: account A has the openingBalance 105.00, but 100.00 in the kept state',
    ],
    [
      'transfers that were removed together with their traces',
      async () => {
        await transfers.deleteOne({ _id: 'T4' })
        await removeLatestTransfer()
      },
      'changed: account A has 2 transfers, but 3 in the kept state',
    ],
  ])('finds %s', async (_what, spoil, expected) => {
    const since = await saved()
    await pay('T4', 'A', 'B')
    await spoil()
    expect(await messages({ since })).toContainEqual(expect.stringContaining(expected))
  })

  test('does not see that an older transfer was edited, which against sees', async () => {
    const file = await saved()
    await transfers.updateOne({ _id: 'T2' }, { $set: { reference: 'rent' } })
    expect(await messages({ since: file })).toEqual([])
    expect(await messages({ against: file })).toHaveLength(2)
  })

  test('accepts a transfer that the kept state has counted for one of its accounts only', async () => {
    await Account.open({ accountId: 'D', holder: 'Dee', currency: 'JPY' })
    const since = await saved()
    await Account.transfer({ transferId: 'J1', from: 'C', to: 'D', amount: '1' })
    // As if J1 had been posted after C was read, and before D was.
    const { account } = await verify(connection, { accountId: 'D' })
    const withLineOfD = forge((text) => text.replace(/\{"id":"D".*/, JSON.stringify(account)))
    await writeFile(since, withLineOfD(await readFile(since, 'utf8')))
    expect(await verify(connection, { since })).toMatchObject({ violations: [], transfers: 1 })
  })

  test('proves a batch by its kept transfers and the new ones', async () => {
    const head = 'id,from,to,amount'
    const first = await makeFile('one.csv', `${head}\nR1,A,B,1\nR2,A,NOBODY,1\n`)
    await replay(connection, { file: first })
    const since = await saved()
    expect(await verify(connection, { since })).toMatchObject({ violations: [], refusals: 0 })
    const second = await makeFile('two.csv', `${head}\nR3,A,B,1\nR4,A,NOBODY,1\n`)
    await replay(connection, { file: second })
    expect(await verify(connection, { since })).toMatchObject({
      violations: [],
      transfers: 1,
      batches: 2,
      refusals: 1,
    })
    await connection.collection('refusals').deleteOne({ '_id.batch': 'two.csv' })
    await connection
      .collection('batches')
      .updateOne({ _id: 'one.csv' } as object, { $inc: { posted: 1 } })
    expect(await messages({ since })).toEqual(
      expect.arrayContaining([
        'batch: batch one.csv has 2 posted, but 1 transfer names it',
        'refusal: batch two.csv has 1 refused, but 0 refusals name it',
      ]),
    )
  })
})

describe('a kept state', () => {
  test('is gzipped if its name ends in .gz, and read again', async () => {
    const save = await newFile('books.state.gz')
    const { digest } = await verify(connection, { save })
    expect(gunzipSync(await readFile(save)).toString()).toContain(digest)
    expect(await messages({ against: save })).toEqual([])
  })

  test('replaces the state that the run has used, and no other file', async () => {
    const state = await saved()
    const before = await readFile(state, 'utf8')
    await expect(verify(connection, { save: state })).rejects.toMatchObject({
      name: 'InputError',
      message: expect.stringContaining('the file exists'),
    })
    expect(await readFile(state, 'utf8')).toBe(before)
    await pay('T4', 'A', 'B')
    await verify(connection, { since: state, save: state })
    expect(await verify(connection, { against: state, save: state })).toMatchObject({
      violations: [],
      against: { transfers: 4 },
    })
  })

  const edit = (from: string | RegExp, to: string) => (text: string) => text.replace(from, to)

  test.each([
    ['is empty', () => '', /line 1: the file is empty$/],
    ['is another file', () => 'id,from,to\n', /line 1: this is not a file that verify has saved/],
    ['is other JSON', () => '{"a":1}\n', /line 1: this is not a file that verify has saved/],
    ['is of another version', edit('"version":1', '"version":2'), /line 1: the file has version 2/],
    ['lacks its end', (text: string) => text.slice(0, -30), /line 5: .* is not a JSON object$/],
    [
      'lacks its last line',
      (text: string) => text.replace(/\{"checksum.*\n/, ''),
      /line 4: the file ends here, but its last line should be its checksum$/,
    ],
    ['has an edited balance', edit('"30.00"', '"31.00"'), /line 5: the checksum does not match/],
    ['has an edited time', edit(/"finishedAt":"2/, '"finishedAt":"1'), /line 5: the checksum does/],
    ['lacks an account', edit(/\{"id":"B".*\n/, ''), /line 4: the checksum does not match/],
    [
      'has more lines',
      (text: string) => `${text}{"id":1}\n`,
      /line 6: this line follows the checksum/,
    ],
    ['has a broken line', edit('{"id":"B"', '{"id:"B"'), /line 3: .* is not a JSON object$/],
    [
      'has bytes that are not UTF-8',
      (text: string) => Buffer.from(text.replace('"A"', '"A\xff"'), 'latin1'),
      /line 5: the checksum does not match/,
    ],
    [
      'has an account twice',
      forge(edit('"id":"B"', '"id":"A"')),
      /line 3: the account "A" is not in/,
    ],
    [
      'has a digest of another kind',
      forge(edit(/[0-9a-f]{64}"}\n\{"id":"B/, 'x"}\n{"id":"B')),
      /line 2: the digest/,
    ],
    [
      'has a count below zero',
      forge(edit('"transfers":3,"bal', '"transfers":-3,"bal')),
      /line 2: transfers is/,
    ],
    [
      'has money of another currency',
      forge(edit('"7","transfers"', '"7.00","transfers"')),
      /line 4: the openingBalance/,
    ],
    ['has no such currency', forge(edit('"JPY"', '"jpy"')), /line 4: the currency does not exist$/],
    [
      'has an id that is a number',
      forge(edit('"id":"A"', '"id":1')),
      /line 2: the id is not a text$/,
    ],
    [
      'has no header',
      forge(edit('"accounts":3', '"accounts":"3"')),
      /line 1: the header lacks a field/,
    ],
  ])('that %s is refused with its place', async (_what, damage, expected) => {
    const file = await saved()
    await writeFile(file, damage(await readFile(file, 'utf8')))
    for (const option of ['since', 'against']) {
      await expect(verify(connection, { [option]: file })).rejects.toMatchObject({
        name: 'InputError',
        file,
        message: expect.stringMatching(expected),
      })
    }
  })

  test('that cannot be read or written is an error that names it', async () => {
    const folder = await makeFolder()
    const missing = join(folder, 'none', 'state')
    await expect(verify(connection, { against: missing })).rejects.toThrow('does not exist')
    await expect(verify(connection, { against: folder })).rejects.toThrow('cannot be read')
    await expect(verify(connection, { save: missing })).rejects.toThrow('cannot be written')
    await expect(verify(connection, { save: folder })).rejects.toThrow('the file exists')
    const damaged = join(folder, 'damaged.gz')
    await writeFile(damaged, Buffer.from('1f8b0800000000000003ffff', 'hex'))
    await expect(verify(connection, { since: damaged })).rejects.toThrow('cannot be read')
    const endless = join(folder, 'endless')
    await writeFile(endless, 'x'.repeat(1_100_000))
    await expect(verify(connection, { since: endless })).rejects.toThrow(
      'line 1: the line is longer',
    )
  })

  test.each([
    [{ since: 'a', against: 'b' }, 'since cannot be combined with against'],
    [{ accountId: 'A', save: 'a' }, 'save cannot be combined with accountId'],
    [{ save: '' }, 'save is "", not the path of a file'],
  ])('is refused with the options %j', async (options, message) => {
    await expect(verify(connection, options)).rejects.toThrow(message)
  })
})
