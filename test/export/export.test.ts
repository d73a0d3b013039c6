import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { mongo } from 'mongoose'
import { beforeEach, describe, expect, test } from 'vitest'
import { type ExportOptions, exportAccounts, exportText, exportTransfers } from '../../src/index.ts'
import { useDatabase } from '../support/database.ts'

const { connection, Account, Transfer, Hold } = useDatabase()

const JANUARY = new Date('2026-01-15T12:00:00.000Z')

beforeEach(async () => {
  await Account.open({ accountId: 'ADA', holder: 'Ada', currency: 'USD', openingBalance: '100' })
  await Account.open({ accountId: 'BOB', holder: 'Bob, of "B"', currency: 'USD' })
  await Account.open({ accountId: 'EVE', holder: 'Eve', currency: 'USD', overdraftLimit: '5' })
  await Account.transfer({ transferId: 'T1', from: 'ADA', to: 'BOB', amount: '10' })
  await Account.transfer({
    transferId: 'T2',
    from: 'BOB',
    to: 'EVE',
    amount: '2.5',
    reference: '=SUM(A1), "rent"; May',
    metadata: { branch: 'main', priority: 2, urgent: true },
    effectiveAt: JANUARY,
  })
  await Transfer.reverse('T2')
})

const collected = async <Item>(items: AsyncIterable<Item>): Promise<Item[]> =>
  (await Readable.from(items).toArray()) as Item[]

const ids = async (range?: Parameters<typeof exportTransfers>[1]) =>
  (await collected(exportTransfers(connection, range))).map(({ transferId }) => transferId)

const texts = async (options: ExportOptions) => await text(exportText(connection, options))

describe('exportTransfers', () => {
  test('yields all that a transfer has, and leaves out what it does not have', async () => {
    const transfers = await collected(exportTransfers(connection))

    expect(transfers).toEqual([
      {
        transferId: 'T1',
        from: 'ADA',
        to: 'BOB',
        amount: '10.00',
        currency: 'USD',
        postedAt: expect.any(Date),
      },
      {
        transferId: 'T2',
        from: 'BOB',
        to: 'EVE',
        amount: '2.50',
        currency: 'USD',
        reference: '=SUM(A1), "rent"; May',
        metadata: { branch: 'main', priority: 2, urgent: true },
        effectiveAt: JANUARY,
        postedAt: expect.any(Date),
      },
      {
        transferId: 'T2:reversal',
        from: 'EVE',
        to: 'BOB',
        amount: '2.50',
        currency: 'USD',
        reverses: 'T2',
        postedAt: expect.any(Date),
      },
    ])
  })

  test('is limited to an account, in the order of its sequences', async () => {
    expect(await ids({ account: 'ADA' })).toEqual(['T1'])
    expect(await ids({ account: 'BOB' })).toEqual(['T1', 'T2', 'T2:reversal'])
    await expect(ids({ account: 'NOBODY' })).rejects.toMatchObject({ code: 'ACCOUNT_NOT_FOUND' })
  })

  test.each([{}, { account: 'BOB' }])('is limited to dates, with %j', async (range) => {
    const february = new Date('2026-02-01')

    expect(await ids({ ...range, to: february })).toEqual([])
    expect(await ids({ ...range, to: february, by: 'effectiveAt' })).toEqual(['T2'])
    expect(await ids({ ...range, from: february, by: 'effectiveAt' })).toEqual([
      'T1',
      'T2:reversal',
    ])
    expect(await ids({ ...range, from: february })).toEqual(['T1', 'T2', 'T2:reversal'])
    expect(await ids({ ...range, from: JANUARY, to: JANUARY, by: 'effectiveAt' })).toEqual([])
  })

  test('does not see what is posted after it began', async () => {
    const transfers = exportTransfers(connection)
    const first = await transfers.next()
    await Account.transfer({ transferId: 'T3', from: 'ADA', to: 'BOB', amount: '1' })

    const rest = await collected(transfers)

    expect(first.value?.transferId).toBe('T1')
    expect(rest.map(({ transferId }) => transferId)).toEqual(['T2', 'T2:reversal'])
  })

  test('yields what another program has written with other types as it is', async () => {
    const { Double, Int32, Long } = mongo
    const transfers = connection.collection<{ _id: string }>('transfers')
    const changed = { fromSequence: new Double(1), reference: new Int32(5), batch: new Long(7) }
    await transfers.updateOne({ _id: 'T1' }, { $set: changed }, { bypassDocumentValidation: true })

    const [first, second] = await collected(exportTransfers(connection))

    expect(first).toMatchObject({ transferId: 'T1', amount: '10.00', reference: 5, batch: 7 })
    expect(second).toMatchObject({ transferId: 'T2', amount: '2.50' })
  })

  test('names the hold of a capture, and says whether it ended it', async () => {
    await Account.hold({ holdId: 'H1', from: 'ADA', to: 'BOB', amount: '5' })
    await Hold.capture('H1', { transferId: 'C1', amount: '2' })
    await Hold.capture('H1')

    const captures = (await collected(exportTransfers(connection))).slice(3)

    expect(captures).toMatchObject([
      { action: 'capture', holdId: 'H1', transferId: 'C1', amount: '2.00' },
      { action: 'capture', holdId: 'H1', transferId: 'H1:capture', amount: '3.00', final: true },
    ])
    expect(captures[0]).not.toHaveProperty('final')
  })

  test.each([
    [{ from: new Date('x') }, /from .* is not a valid Date/],
    [{ to: '2026-01-01' }, /to "2026-01-01" is not a valid Date/],
    [{ by: 'date' }, /by "date" is not "postedAt" or "effectiveAt"/],
    [{ since: JANUARY }, /since/],
  ])('refuses %j', async (range, message) => {
    await expect(ids(range as object)).rejects.toThrow(message)
  })
})

describe('exportAccounts', () => {
  test('yields accounts as they were opened, with their status and limit of today', async () => {
    await Account.freeze('BOB')
    await Account.setOverdraftLimit('EVE', '7')

    const accounts = await collected(exportAccounts(connection))

    const createdAt = expect.any(Date)
    const usd = { currency: 'USD', createdAt }
    expect(accounts).toEqual([
      {
        accountId: 'ADA',
        holder: 'Ada',
        openingBalance: '100.00',
        overdraftLimit: '0.00',
        status: 'open',
        ...usd,
      },
      {
        accountId: 'BOB',
        holder: 'Bob, of "B"',
        openingBalance: '0.00',
        overdraftLimit: '0.00',
        status: 'frozen',
        ...usd,
      },
      {
        accountId: 'EVE',
        holder: 'Eve',
        openingBalance: '0.00',
        overdraftLimit: '7.00',
        status: 'open',
        ...usd,
      },
    ])
    expect(await collected(exportAccounts(connection, { account: 'EVE' }))).toHaveLength(1)
    await expect(
      collected(exportAccounts(connection, { account: 'NOBODY' })),
    ).rejects.toMatchObject({ code: 'ACCOUNT_NOT_FOUND' })
  })
})

describe('exportText', () => {
  test('writes CSV with a header, and metadata as JSON', async () => {
    const lines = (await texts({ format: 'csv' })).split('\n')

    expect(lines[0]).toBe(
      'transferId,from,to,amount,currency,reference,effectiveAt,metadata,group,leg,legs,reverses,postedAt,batch',
    )
    expect(lines[2]).toMatch(
      /^T2,BOB,EVE,2\.50,USD,"=SUM\(A1\), ""rent""; May",2026-01-15T12:00:00\.000Z,"\{""branch"":""main"",""priority"":2,""urgent"":true\}",,,,,\d{4}-.*Z,$/,
    )
    expect(lines).toHaveLength(5)
  })

  test('writes CSV for a spreadsheet, in which no cell is a formula', async () => {
    expect(await texts({ format: 'csv', spreadsheet: true })).toContain(`,"'=SUM(A1), ""rent""`)
  })

  test('writes a header if there are no records', async () => {
    expect(await texts({ format: 'csv', to: new Date(0) })).toMatch(/^transferId,.*,batch\n$/)
  })

  test('writes JSON Lines', async () => {
    const lines = (await texts({ format: 'jsonl' })).trimEnd().split('\n')

    expect(lines.map((line) => JSON.parse(line) as object)).toEqual(
      JSON.parse(JSON.stringify(await collected(exportTransfers(connection)))),
    )
  })

  test('writes what happened to holds in the order in which it happened', async () => {
    await Account.hold({ holdId: 'H1', from: 'ADA', to: 'BOB', amount: '5', reference: 'room' })
    await Account.hold({ holdId: 'H2', from: 'BOB', to: 'EVE', amount: '1' })
    await Hold.capture('H1', { amount: '2', final: true })
    await Hold.release('H2')
    const written = async (range: object) =>
      (await texts({ format: 'csv', ...range }))
        .split('\n')
        .filter((line) => line.includes('H'))
        .map((line) => line.replace(/,\d{4}-.*?Z,/, ',TIME,'))
    const placed = [
      ',ADA,BOB,5.00,USD,room,,,,,,,TIME,,hold,H1,,',
      ',BOB,EVE,1.00,USD,,,,,,,,TIME,,hold,H2,,',
    ]

    expect((await texts({ format: 'csv' })).split('\n')[0]).toMatch(
      /,postedAt,batch,action,holdId,expiresAt,final$/,
    )
    expect(await written({})).toEqual([
      ...placed,
      'H1:capture,ADA,BOB,2.00,USD,room,,,,,,,TIME,,capture,H1,,true',
      ',,,,,,,,,,,,TIME,,release,H2,,',
    ])
    expect(await written({ account: 'EVE' })).toEqual([
      placed[1],
      expect.stringMatching(/release,H2/),
    ])
    expect(await written({ from: new Date(Date.now() + 60_000) })).toEqual([])
  })

  test('writes accounts in both formats', async () => {
    expect(await texts({ format: 'jsonl', accounts: true })).toMatch(
      /^\{"accountId":"ADA","holder":"Ada","currency":"USD","openingBalance":"100\.00",/,
    )
    expect(await texts({ format: 'csv', accounts: true, account: 'BOB' })).toMatch(
      /^accountId,holder,currency,openingBalance,overdraftLimit,status,createdAt,metadata\nBOB,"Bob, of ""B""",USD,0\.00,0\.00,open,/,
    )
  })

  test('writes a journal of hledger whose postings add up to the balances', async () => {
    const journal = await texts({ format: 'hledger', by: 'effectiveAt' })

    const today = '\\d{4}-\\d\\d-\\d\\d'
    expect(journal).toMatch(
      new RegExp(
        [
          '^decimal-mark \\.',
          '',
          `${today} opening balance`,
          '    ADA  100\\.00 USD',
          '    equity:opening balances  -100\\.00 USD',
          '',
          `${today} \\(T1\\)`,
          '    ADA  -10\\.00 USD',
          '    BOB  10\\.00 USD',
          '',
          '2026-01-15 \\(T2\\) =SUM\\(A1\\), "rent", May',
          '    BOB  -2\\.50 USD',
          '    EVE  2\\.50 USD',
          '',
          `${today} \\(T2:reversal\\)`,
          '    EVE  -2\\.50 USD',
          '    BOB  2\\.50 USD',
          '$',
        ].join('\n'),
      ),
    )
    expect(await texts({ format: 'hledger', from: JANUARY })).not.toContain('opening')
  })

  test.each([
    [{ format: 'xml' }, /format "xml" is not one of csv, jsonl, hledger/],
    [{ format: 'hledger', accounts: true }, /leave accounts out/],
    [{ format: 'csv', spreadsheet: 'yes' }, /spreadsheet/],
  ])('refuses %j', async (options, message) => {
    await expect(texts(options as ExportOptions)).rejects.toThrow(message)
  })
})

test('a leg of a group is exported with its place in it', async () => {
  for (const accountId of ['GIA', 'HAL']) {
    await Account.open({ accountId, holder: 'Gia', currency: 'USD', overdraftLimit: '9' })
  }
  const legs = [
    { from: 'GIA', to: 'HAL', amount: '2', reference: 'order' },
    { transferId: 'a;b', from: 'HAL', to: 'GIA', amount: '1' },
  ]
  await Account.transferGroup({ groupId: 'O-7', legs })

  expect(await collected(exportTransfers(connection, { account: 'GIA' }))).toMatchObject([
    { transferId: 'O-7:1', group: 'O-7', leg: 1, legs: 2 },
    { transferId: 'a;b', group: 'O-7', leg: 2, legs: 2 },
  ])
  expect(await texts({ format: 'csv' })).toMatch(/,O-7,1,2,,.*\n.*,O-7,2,2,,/)
  const journal = await texts({ format: 'hledger' })
  expect(journal).toContain(' (O-7:1) order  ; group:O-7\n')
  expect(journal).toContain(' ()   ; transfer a;b, group:O-7\n')
})

test('a journal has the ids of accounts as they are, unless hledger would misread them', async () => {
  const names = [
    ['assets:bank:ADA', 'assets:bank:ADA'],
    ['with one space', 'with one space'],
    ['two  spaces', 'two%20%20spaces'],
    ['(virtual)', '%28virtual)'],
    ['[virtual]', '%5Bvirtual]'],
    ['* cleared', '%2A cleared'],
    ['; comment', '%3B comment'],
    ['two%20%20spaces', 'two%2520%2520spaces'],
    ['100% sure', '100% sure'],
  ] as const
  const account = { holder: 'Ada', currency: 'USD', openingBalance: '1' }
  await Promise.all(names.map(([accountId]) => Account.open({ accountId, ...account })))

  const journal = await texts({ format: 'hledger' })

  for (const [, name] of names) expect(journal).toContain(`\n    ${name}  1.00 USD\n`)
})
