import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ReplayOptions, exportText, replay, seed, verify } from '../../src/index.ts'
import { RestoringTransform } from '../../src/replay/reading/restoring-transform.ts'
import { booksOf, hardBatch, makeFile, openAccounts } from '../support/batch.ts'
import { useDatabase } from '../support/database.ts'
import { makeFolder } from '../support/temporary-folder.ts'

const { connection, Account, Transfer, Hold } = useDatabase()

const COLLECTIONS = ['accounts', 'transfers', 'transfer_groups', 'holds', 'refusals', 'batches']

/** Makes a line of a batch file for the id of a transfer: a transfer, or an action on one of a few holds. */
const anyLine = fc
  .record({
    action: fc.constantFrom('transfer', 'hold', 'hold', 'capture', 'capture', 'release'),
    hold: fc.constantFrom('H1', 'H2', 'H3', 'H4'),
    accounts: fc.constantFrom('A0,A1', 'A1,A2', 'A2,A0', 'A1,A0'),
    amount: fc.integer({ min: 1, max: 30 }),
    final: fc.boolean(),
  })
  .map(({ action, hold, accounts, amount, final }) => (id: string): string => {
    if (action === 'transfer') return `${action},${id},,${accounts},${amount},`
    if (action === 'hold') return `${action},,${hold},${accounts},${amount},`
    if (action === 'capture') return `${action},${id},${hold},,,${amount},${final}`
    return `${action},,${hold},,,,`
  })

/** Exports the books, empties the database, and restores them there. */
async function restored(format: 'csv' | 'jsonl', options: Partial<ReplayOptions> = {}) {
  const folder = await makeFolder()
  const [transfers, accounts] = [
    join(folder, `transfers.${format}`),
    join(folder, `accounts.${format}`),
  ]
  await writeFile(transfers, exportText(connection, { format }))
  await writeFile(accounts, exportText(connection, { format, accounts: true }))
  for (const name of COLLECTIONS) await connection.collection(name).deleteMany({})
  await seed(connection, { file: accounts })
  return await replay(connection, { file: transfers, restore: true, ...options })
}

/** The books without the batches that transfers came with. */
async function contents() {
  const { accounts, transfers, holds } = await booksOf(connection)
  const withoutBatch = (record: unknown) => ({ ...(record as object), batch: undefined })
  return {
    accounts,
    transfers: transfers.map(withoutBatch),
    holds: holds.map(withoutBatch),
    ends: await Hold.find({}, { createdAt: 1, endedAt: 1 }).sort({ _id: 1 }).lean(),
    times: await Transfer.find({}, { postedAt: 1 }).sort({ _id: 1 }).lean(),
    opened: await Account.find({}, { createdAt: 1 }).sort({ _id: 1 }).lean(),
  }
}

/** Books with everything that a transfer and an account can have. */
async function postEverything(): Promise<void> {
  await openAccounts(Account, { count: 4, openingBalance: '100' })
  const open = (accountId: string, currency: string, openingBalance: string) =>
    Account.open({
      accountId,
      holder: `“${accountId}”, of\tx`.replace('\t', ' '),
      currency,
      openingBalance,
    })
  await open('yen', 'JPY', '1000')
  await open('yen; 2', 'JPY', '0')
  await open('dinar, "1"', 'KWD', '1000000.001')
  await open('dinar', 'KWD', '0')
  await Account.transfer({ transferId: 'T1', from: 'A0', to: 'A1', amount: '60' })
  await Account.transfer({
    transferId: 'T, "2"',
    from: 'A1',
    to: 'A2',
    amount: '1.5',
    reference: '  =1+1;  "x", y ',
    metadata: {
      text: 'a, "b"',
      number: 0.1,
      big: 12_345_678_901_234_567_000,
      yes: true,
      no: false,
    },
    effectiveAt: new Date('0987-06-05T04:03:02.001Z'),
  })
  await Transfer.reverse('T1', { reference: 'wrong', effectiveAt: new Date('2030-01-01') })
  await Transfer.reverse('T, "2"')
  const legs = [
    { from: 'A0', to: 'A2', amount: '3' },
    { transferId: 'FEE', from: 'A2', to: 'A3', amount: '0.03', reference: 'fee' },
  ]
  await Account.transferGroup({ groupId: 'O, "1"', legs })
  await Transfer.reverseGroup('O, "1"')
  await Account.transfer({ from: 'yen', to: 'yen; 2', amount: '999' })
  await Account.transfer({ from: 'dinar, "1"', to: 'dinar', amount: '0.001' })
  // Holds of each fate. Their money was there when they were placed, and is gone when they are restored.
  const hold = (holdId: string, amount: string, rest: object = {}) =>
    Account.hold({ holdId, from: 'A3', to: 'A0', amount, ...rest })
  const soon = new Date(Date.now() + 60_000)
  await hold('IN PARTS', '20', { reference: ' x, "y"', metadata: { room: 7 }, expiresAt: soon })
  await Hold.capture('IN PARTS', { amount: '4', transferId: 'PART 1', reference: 'own' })
  await Hold.capture('IN PARTS', { amount: '5', final: true, effectiveAt: soon })
  await hold('RELEASED', '1')
  await Hold.capture('RELEASED', { amount: '0.25', transferId: 'PART 2' })
  await Hold.release('RELEASED')
  await hold('EXPIRED', '2', { expiresAt: soon })
  await hold('UNSWEPT', '3', { expiresAt: soon })
  await hold('ACTIVE', '30')
  await Hold.capture('ACTIVE', { amount: '1', transferId: 'PART 3' })
  const holds = connection.collection<{ _id: string }>('holds')
  const past = [{ $set: { expiresAt: { $add: ['$createdAt', 1] } } }]
  await holds.updateOne({ _id: 'EXPIRED' }, past)
  await Hold.expire()
  await holds.updateOne({ _id: 'UNSWEPT' }, past)
  // What happened under a limit and a status that were changed later.
  await Account.setOverdraftLimit('A3', '500')
  await Account.transfer({ transferId: 'OVERDRAWN', from: 'A3', to: 'A2', amount: '400' })
  await Account.setOverdraftLimit('A3', '10')
  await Account.open({
    accountId: 'DEBT',
    holder: 'Ada',
    currency: 'USD',
    openingBalance: '-50',
    overdraftLimit: '100',
  })
  await Account.setOverdraftLimit('DEBT', '0')
  await Account.close('A1', { payOutTo: 'A2' })
  await Account.freeze('A2')
}

test('an exported account is restored with an id that a new account could not get', async () => {
  const accountId = 'A\u00A0DA'
  const line = { accountId, holder: 'Ada', currency: 'USD', createdAt: '2025-01-01T00:00:00.000Z' }
  const file = await makeFile('accounts.jsonl', `${JSON.stringify(line)}\n`)

  expect(await seed(connection, { file })).toMatchObject({ added: 1 })
  expect(await Account.findById(accountId)).toMatchObject({ createdAt: new Date(line.createdAt) })
})

describe('exported books', () => {
  test.each(['csv', 'jsonl'] as const)(
    'are the same after they were restored into an empty database, from %s',
    async (format) => {
      await postEverything()
      const before = await contents()

      const summary = await restored(format)

      expect(summary).toMatchObject({ status: 'finished', posted: 23, refused: 0 })
      expect(await contents()).toEqual(before)
      expect((await verify(connection)).violations).toEqual([])
    },
  )

  test('have the same balances and sequences, in whatever order the server keeps transfers', async () => {
    await openAccounts(Account, { count: 20, openingBalance: '500' })
    await replay(connection, { file: await makeFile('batch.csv', hardBatch(600, 20)) })
    const before = await contents()
    const transfers = connection.collection('transfers')
    // As after mongorestore.
    const byId = await transfers.find().sort({ _id: 1 }).toArray()
    await transfers.deleteMany({})
    await transfers.insertMany(byId)

    expect((await restored('jsonl')).refused).toBe(0)

    expect(await contents()).toEqual(before)
    expect((await verify(connection)).violations).toEqual([])
  })

  test('are the same after they were restored twice', async () => {
    await postEverything()
    const before = await contents()
    await restored('jsonl')

    const again = await restored('csv', { name: 'again' })

    expect(again).toMatchObject({ posted: 23, existing: 0 })
    expect(await contents()).toEqual(before)
  })

  test('keep a hold as it was, although it has expired and its payer has too little', async () => {
    await postEverything()
    const taken = { transferId: 'LATER', from: 'A3', to: 'A0', amount: '999.00', currency: 'USD' }
    const line = { ...taken, postedAt: new Date().toISOString() }
    const file = await makeFile('later.jsonl', `${JSON.stringify(line)}\n`)

    expect(await replay(connection, { file, restore: true })).toMatchObject({ posted: 1 })

    expect(await Hold.findById('UNSWEPT')).toMatchObject({ status: 'active' })
  })

  test('are the same with any holds', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyLine, { minLength: 10, maxLength: 60 }), async (lines) => {
        for (const name of COLLECTIONS) await connection.collection(name).deleteMany({})
        await openAccounts(Account, { count: 3, openingBalance: '50' })
        const header = 'action,transferId,holdId,from,to,amount,final'
        const rows = lines.map((line, index) => line(`T${index}`))
        const file = await makeFile('any.csv', [header, ...rows, ''].join('\n'))
        await replay(connection, { file })
        const before = await contents()

        expect((await restored('jsonl')).refused).toBe(0)

        expect(await contents()).toEqual(before)
        expect((await verify(connection)).violations).toEqual([])
      }),
      { numRuns: 8 },
    )
  })

  test('are rehearsed with the same summary', async () => {
    await postEverything()

    expect(await restored('jsonl', { dryRun: true })).toMatchObject({ posted: 23, refused: 0 })
  })

  test('can be restored into books that have a part of them', async () => {
    await postEverything()
    const file = await makeFile(
      'all.jsonl',
      await text(exportText(connection, { format: 'jsonl' })),
    )

    expect(await replay(connection, { file, restore: true })).toMatchObject({
      posted: 0,
      existing: 23,
      refused: 0,
    })
  })
})

test('a restored record is read if it is not from the future, and a hold if it expires later', () => {
  const now = Date.now()
  const day = 24 * 60 * 60 * 1000
  const anyRecord = fc.record({
    action: fc.constantFrom('transfer', 'hold', 'capture', 'release', 'expire'),
    postedAfter: fc.oneof(fc.integer({ min: -400, max: 400 }), fc.constantFrom(-1, 0, 1, 2)),
    expiresAfter: fc.option(fc.constantFrom(-400 * day, -1, 0, 1, 400 * day)),
  })
  const transform = new RestoringTransform(undefined)
  fc.assert(
    fc.property(anyRecord, ({ action, postedAfter, expiresAfter }) => {
      const postedAt = now + postedAfter * day
      const expiresAt = expiresAfter === null ? undefined : postedAt + expiresAfter
      const record = {
        action,
        transferId: 'T1',
        holdId: 'H1',
        from: 'A0',
        to: 'A1',
        amount: '1.00',
        currency: 'USD',
        postedAt: new Date(postedAt).toISOString(),
        ...(expiresAt !== undefined && { expiresAt: new Date(expiresAt).toISOString() }),
      }
      const row = transform.row({ position: 1, line: 1, item: 1, text: '', madeId: 'M1' }, record)

      // Another clock may be a day ahead.
      const isPast = postedAfter <= 1
      const isOrdered = action !== 'hold' || expiresAfter === null || expiresAfter > 0
      expect(row.problem === undefined).toBe(isPast && isOrdered)
      if (!isPast) expect(row.problem).toMatch(/^postedAt .* is in the future/)
      else if (!isOrdered) expect(row.problem).toMatch(/^expiresAt .* is not after postedAt/)
    }),
  )
})

describe('a restored line is refused', () => {
  const line = {
    transferId: 'T1',
    from: 'A0',
    to: 'A1',
    amount: '1.00',
    currency: 'USD',
    postedAt: '2026-01-01T00:00:00.000Z',
  }

  test.each<[string, object, string, RegExp]>([
    [
      'without the time of its posting',
      { postedAt: undefined },
      'MALFORMED_LINE',
      /postedAt is missing/,
    ],
    ['without an id', { transferId: '' }, 'MALFORMED_LINE', /transferId is missing/],
    [
      'with another date',
      { effectiveAt: '2026-01-01' },
      'MALFORMED_LINE',
      /effectiveAt "2026-01-01" is not a time/,
    ],
    [
      'with a day that does not exist',
      { postedAt: '2026-02-30T00:00:00.000Z' },
      'MALFORMED_LINE',
      /postedAt/,
    ],
    ['with metadata that are not JSON', { metadata: '{' }, 'MALFORMED_LINE', /metadata/],
    ['with metadata that are a list', { metadata: [1] }, 'INVALID_METADATA', /not an object/],
    [
      'if its id is not that of what it reverses',
      { reverses: 'T0' },
      'MALFORMED_LINE',
      /not the id of the reversal of "T0"/,
    ],
    [
      'if it has the id of a reversal and reverses nothing',
      { transferId: 'T0:reversal' },
      'INVALID_TRANSFER_ID',
      /belongs to the reversal of transfer T0/,
    ],
    [
      'if there is nothing to reverse',
      { transferId: 'T0:reversal', reverses: 'T0' },
      'INVALID_TRANSFER_ID',
      /there is no transfer T0 to reverse/,
    ],
    [
      'if it is not the opposite of what it reverses',
      { transferId: 'P1:reversal', reverses: 'P1', amount: '2.00' },
      'INVALID_TRANSFER_ID',
      /not the opposite of P1/,
    ],
    ['if an account does not exist', { to: 'A9' }, 'ACCOUNT_NOT_FOUND', /A9/],
    [
      'if it is from before its account was opened',
      {},
      'ACCOUNT_NOT_OPEN',
      /from account A0 is not open before 2\S+Z, which is after the postedAt 2026-01-01T00:00:00.000Z/,
    ],
    [
      'if it is a hold from before its account was opened',
      { action: 'hold', holdId: 'H1', transferId: undefined },
      'ACCOUNT_NOT_OPEN',
      /from account A0 is not open before/,
    ],
    [
      'if it was posted in the future',
      { postedAt: '2999-01-01T00:00:00.000Z' },
      'MALFORMED_LINE',
      /postedAt "2999-01-01T00:00:00.000Z" is in the future/,
    ],
  ])('%s', async (_, fields, code, message) => {
    await openAccounts(Account, { count: 2, openingBalance: '100' })
    await Account.transfer({ transferId: 'P1', from: 'A1', to: 'A0', amount: '1' })
    const file = await makeFile('t.jsonl', `${JSON.stringify({ ...line, ...fields })}\n`)

    const summary = await replay(connection, { file, restore: true })

    expect(summary).toMatchObject({ posted: 0, refusedByCode: { [code]: 1 } })
    const { refusals } = (await booksOf(connection)) as { refusals: { message: string }[] }
    expect(refusals[0]?.message).toMatch(message)
  })

  test.each<[string, object, string]>([
    [
      'if a capture is not between the accounts of its hold',
      { action: 'capture', transferId: 'C1', to: 'A0', amount: '1.00' },
      'hold H1 already exists with a different to',
    ],
    [
      'if a hold expires that cannot',
      { action: 'expire', to: undefined },
      'hold H1 already exists with a different expiresAt',
    ],
    [
      'if nothing can be done like that',
      { action: 'void' },
      'action "void" is not "hold", "capture", "release" or "expire", as daybook export writes it',
    ],
  ])('%s', async (_, fields, message) => {
    await openAccounts(Account, { count: 2, openingBalance: '100' })
    await Account.hold({ holdId: 'H1', from: 'A0', to: 'A1', amount: '10' })
    const action = { holdId: 'H1', from: 'A0', to: 'A1', currency: 'USD', postedAt: line.postedAt }
    const file = await makeFile('h.jsonl', `${JSON.stringify({ ...action, ...fields })}\n`)

    expect(await replay(connection, { file, restore: true })).toMatchObject({ refused: 1 })

    const { refusals } = (await booksOf(connection)) as { refusals: { message: string }[] }
    expect(refusals[0]?.message).toBe(message)
    expect(await Hold.findById('H1')).toMatchObject({ status: 'active' })
  })

  test('if it is a capture from before its accounts were opened', async () => {
    await openAccounts(Account, { count: 2, openingBalance: '100' })
    await Account.hold({ holdId: 'H1', from: 'A0', to: 'A1', amount: '10' })
    const capture = { ...line, action: 'capture', holdId: 'H1' }
    const file = await makeFile('h.jsonl', `${JSON.stringify(capture)}\n`)
    const expected = { posted: 0, refusedByCode: { ACCOUNT_NOT_OPEN: 1 } }

    expect(await replay(connection, { file, restore: true, dryRun: true })).toMatchObject(expected)
    expect(await replay(connection, { file, restore: true })).toMatchObject(expected)
  })

  test('a file is not restored with options that read it differently', async () => {
    await expect(
      replay(connection, { file: 'x', restore: true, map: { from: 'a' } }),
    ).rejects.toThrow(
      /'restore' reads a file as daybook export wrote it, so it cannot be combined with 'map'/,
    )
  })
})
