import { describe, expect, test } from 'vitest'
import { type OpenMissing, Rehearsal, type TransformFunction } from '../../src/index.ts'
import type { AccountRecord } from '../../src/ledger/records.ts'
import { replay } from '../../src/replay/replay.ts'
import { failNext } from '../../src/testing/index.ts'
import { verify } from '../../src/verification/verify.ts'
import { booksOf, makeFile, openAccounts, replayingOn } from '../support/batch.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
const { connection, Account } = database
const replayed = replayingOn(database)

const HEAD = 'id,from,to,amount,currency,name,before\n'

/** Each account that is not one of A0, A1 and A2: its id, holder, balance, opening balance, limit and currency. */
const opened = async () =>
  (await Account.find({ _id: /^[^A]/ }).sort({ _id: 1 })).map((account) =>
    [
      account._id,
      account.holder,
      account.balance.toString(),
      account.openingBalance.toString(),
      account.overdraftLimit.toString(),
      account.currency,
    ].join(' '),
  )

describe('openMissing', () => {
  test('opens the accounts that do not exist, with nothing in them and in the currency of the line', async () => {
    const { summary } = await replayed(
      `${HEAD}T1,A0,N1,5,,,\nT2,A0,N1,1.50,,,\nT3,N1,N2,6.50,USD,,\n`,
      { openMissing: true },
    )

    expect(summary).toMatchObject({ posted: 3, refused: 0, accountsOpened: 2 })
    expect(await opened()).toEqual(['N1 N1 0 0 0 USD', 'N2 N2 6.5 0 0 USD'])
    expect((await booksOf(connection)).batches).toMatchObject([{ accountsOpened: 2 }])
    expect(await verify(connection)).toMatchObject({ accounts: 5, violations: [] })
  })

  test('opens them as its texts say, with others for each side', async () => {
    const openMissing: OpenMissing = {
      holder: '{name}',
      currency: 'EUR',
      from: { openingBalance: '{before}' },
      to: { overdraftLimit: 'unlimited', holder: 'The world' },
    }
    const { summary } = await replayed(
      `${HEAD}T1,N1,N2,5,,Ada,"1.000,50"\nT2,N2,N1,90,,,\nT3,N3,N2,1,,,\n`,
      { openMissing, decimal: ',', thousands: '.', quote: '"' },
    )

    expect(summary).toMatchObject({ posted: 2, refusedByCode: { INSUFFICIENT_FUNDS: 1 } })
    expect(await opened()).toEqual([
      'N1 Ada 1085.5 1000.5 0 EUR',
      'N2 The world -85 0 999999999999999999999999.99 EUR',
    ])
    expect(await verify(connection)).toMatchObject({ violations: [] })
  })

  test('opens the two sides of a statement by their roles', async () => {
    const { summary } = await replayed('account,counterparty,amount\nN1,N2,-5\nN1,N3,2\n', {
      map: { account: 'account', counterparty: 'counterparty' },
      currency: 'USD',
      openMissing: {
        account: { openingBalance: '10' },
        counterparty: { overdraftLimit: 'unlimited' },
      },
    })

    expect(summary).toMatchObject({ posted: 2, accountsOpened: 3 })
    expect(await opened()).toEqual([
      'N1 N1 7 10 0 USD',
      'N2 N2 5 0 999999999999999999999999.99 USD',
      'N3 N3 -2 0 999999999999999999999999.99 USD',
    ])
  })

  test('opens no account for a line that is refused, alone or with its group', async () => {
    const { summary, refused } = await replayed(
      'id,from,to,amount,group\nT1,A0,N1,1001,\nT2,A0,N2,1,G\nT3,N3,A0,1,G\nT4,A0,A0,1,\n',
      { openMissing: true },
    )

    expect(refused).toEqual([
      '2 INSUFFICIENT_FUNDS',
      '3 LINKED_TRANSFER_REFUSED',
      '4 INSUFFICIENT_FUNDS',
      '5 SAME_ACCOUNT',
    ])
    expect(summary.accountsOpened).toBe(0)
    expect(await opened()).toEqual([])
    expect((await booksOf(connection)).batches[0]).not.toHaveProperty('accountsOpened')
  })

  test.each([
    [
      'T1,N1,N2,1,,,',
      {},
      'from account N1 does not exist and cannot be opened: nothing says its currency',
    ],
    [
      'T1,A0,N2,1,,,-5',
      { openingBalance: '{before}' },
      'openingBalance "-5" is below the overdraft limit',
    ],
    ['T1,A0,N2,1,,,x', { openingBalance: '{before}' }, 'openingBalance "x" is not'],
    ['T1,A0,N2,1,,,XYZ', { currency: '{before}' }, 'currency "XYZ" is not an ISO 4217 code'],
  ])('refuses the line %s whose account cannot be opened', async (line, openMissing, reason) => {
    const { refusals } = await replayed(`${HEAD}${line}\n`, { openMissing })

    expect(refusals).toMatchObject([
      { code: 'ACCOUNT_NOT_FOUND', message: expect.stringContaining(reason) as unknown },
    ])
    expect(await opened()).toEqual([])
  })

  test.each([false, true])(
    'opens no account under an id that looks like another (dry run: %s)',
    async (dryRun) => {
      const { summary, refusals } = await replayed(
        `${HEAD}T1,A0,Ren\u00E9,5,,,\nT2,A0,Rene\u0301,5,,,\nT3,X\u00A0Y,A0,5,,,\n`,
        { openMissing: true, dryRun },
      )

      expect(summary).toMatchObject({
        posted: 1,
        accountsOpened: 1,
        refusedByCode: { INVALID_ACCOUNT_ID: 2 },
      })
      if (dryRun) return
      expect(refusals.map(({ message }) => message)).toEqual([
        expect.stringContaining('is not in the composed form of Unicode: normalize it to NFC'),
        expect.stringContaining('it contains U+00A0'),
      ])
      expect(await opened()).toEqual(['Ren\u00E9 Ren\u00E9 5 0 0 USD'])
    },
  )

  test('posts to an account that exists under such an id', async () => {
    await Account.open({ accountId: 'old', holder: 'Ada', currency: 'USD' })
    const accounts = connection.collection<AccountRecord>('accounts')
    const old = (await accounts.findOne({ _id: 'old' })) as AccountRecord
    await accounts.insertOne({ ...old, _id: 'Rene\u0301' })

    const { summary } = await replayed(`${HEAD}T1,A0,Rene\u0301,5,,,\n`, { openMissing: true })

    expect(summary).toMatchObject({ posted: 1, refused: 0 })
    expect(summary).not.toHaveProperty('accountsOpened', 1)
  })

  test('leaves accounts that exist, and transfers that are posted, as they are', async () => {
    const content = `${HEAD}T1,A0,N1,5,,,\n`
    await replayed(content, { openMissing: true })
    const again = await makeFile('again.csv', content)

    const openMissing = { openingBalance: '77', holder: 'Other' }
    expect(await replay(connection, { file: again, openMissing })).toMatchObject({
      existing: 1,
      accountsOpened: 0,
    })
    expect(await opened()).toEqual(['N1 N1 5 0 0 USD'])
  })

  test('does the same in a dry run, which opens nothing', async () => {
    await openAccounts(Account, { count: 1, openingBalance: '10' })
    const one = await makeFile('one.csv', `${HEAD}T1,A0,N1,5,,,\nT2,N1,N2,5,,,\nT3,N3,N2,5,,,\n`)
    const two = await makeFile('two.csv', `${HEAD}T4,N2,A0,5,,,\n`)
    const dryRun = new Rehearsal(connection)
    const results = []
    for (const rehearsal of [dryRun, false]) {
      for (const file of [one, two]) {
        const { posted, refusedByCode, accountsOpened } = await replay(connection, {
          file,
          openMissing: true,
          dryRun: rehearsal,
        })
        results.push({ posted, refusedByCode, accountsOpened })
        if (rehearsal) expect(await opened()).toEqual([])
      }
    }

    expect(results.slice(0, 2)).toEqual(results.slice(2))
    expect(results[0]).toMatchObject({ posted: 2, accountsOpened: 2 })
  })

  test.each(['write-conflict', 'transient-transaction-error', 'lost-commit-reply'] as const)(
    'opens each account once in spite of a %s',
    async (failure) => {
      await openAccounts(Account, { count: 1, openingBalance: '10' })
      const file = await makeFile('batch.csv', `${HEAD}T1,A0,N1,5,,,\nT2,A0,N2,5,,,\n`)
      await failNext(connection, failure)

      expect(await replay(connection, { file, openMissing: true })).toMatchObject({
        posted: 2,
        accountsOpened: 2,
      })
      expect(await verify(connection)).toMatchObject({ accounts: 3, violations: [] })
    },
  )

  test('posts what two replays at the same time open once', async () => {
    await openAccounts(Account, { count: 2, openingBalance: '1000' })
    const fileOf = (name: string, from: string) =>
      makeFile(
        name,
        HEAD + Array.from({ length: 50 }, (_, i) => `${name}${i},${from},N${i},1,,,\n`).join(''),
      )
    const files = [await fileOf('a', 'A0'), await fileOf('b', 'A1')]

    const summaries = await Promise.all(
      files.map((file) => replay(connection, { file, openMissing: true })),
    )

    expect(summaries.map(({ posted }) => posted)).toEqual([50, 50])
    expect(summaries.reduce((sum, { accountsOpened }) => sum + accountsOpened, 0)).toBe(50)
    expect(await verify(connection)).toMatchObject({ accounts: 52, violations: [] })
  })

  test('is a part of what a batch is continued with, but a retry may add it', async () => {
    const { file } = await replayed(`${HEAD}T1,A0,N1,5,,,\nT2,A0,A1,5,,,\n`)

    await expect(replay(connection, { file, openMissing: true })).rejects.toThrow(
      'was started with the options',
    )
    expect(await replay(connection, { file, openMissing: true, retry: true })).toMatchObject({
      posted: 2,
      refused: 0,
      accountsOpened: 1,
    })
    expect(await replay(connection, { file })).toMatchObject({ alreadyFinished: true })
    expect(await verify(connection)).toMatchObject({ violations: [] })
  })

  test.each([
    [7, "'openMissing' 7 is not true, false or an object"],
    [{ owner: 'x' }, 'has the key owner: use one of holder, currency,'],
    [{ to: 'x' }, 'has no object such as { holder: "{Name}" } for to'],
    [{ to: { currency: 'euro' } }, 'is wrong for currency: euro is not an ISO 4217 code'],
    [{ holder: '{x' }, 'is wrong for holder: it has a brace without its partner'],
  ])('cannot be %j', async (openMissing, message) => {
    const options = { file: 'x.csv', openMissing: openMissing as never }
    await expect(replay(connection, options)).rejects.toThrow(message)
  })

  test('is an error if it names a column that the file does not have', async () => {
    const file = await makeFile('batch.csv', `${HEAD}T1,A0,A1,5,,,\n`)
    await expect(replay(connection, { file, openMissing: { holder: '{Nam}' } })).rejects.toThrow(
      'no column is named "Nam", as --open-missing holder says',
    )
  })
})

describe('the accounts of a transform', () => {
  const transform: TransformFunction = ({ from = '', to = '', before = '' }) => ({
    from,
    to,
    amount: '1',
    currency: 'USD',
    ...(before === '' ? {} : { open: [{ accountId: from, openingBalance: before }] }),
  })

  test('are opened as it says, or else as the options say', async () => {
    const content = 'from,to,before\nN1,A0,5\nN2,A0,\nA0,N3,\n'

    const { summary } = await replayed(content, {
      transform,
      openMissing: { overdraftLimit: '9' },
    })

    expect(summary).toMatchObject({ posted: 3, accountsOpened: 3 })
    expect(await opened()).toEqual(['N1 N1 4 5 0 USD', 'N2 N2 -1 0 9 USD', 'N3 N3 1 0 9 USD'])
  })

  test('are not opened under an id that a new account may not have', async () => {
    const { summary } = await replayed('name\nRene\u0301\n', {
      transform: ({ name = '' }) => ({
        from: 'A0',
        to: name,
        amount: '1',
        open: [{ accountId: name, currency: 'USD' }],
      }),
    })

    expect(summary).toMatchObject({ posted: 0, refusedByCode: { INVALID_ACCOUNT_ID: 1 } })
    expect(await opened()).toEqual([])
  })

  test('refuse the line if they are not a list of accounts', async () => {
    const { refusals } = await replayed('from,to\nN1,A0\n', {
      transform: () => ({ from: 'N1', to: 'A0', amount: '1', open: ['N1'] as never }),
    })

    expect(refusals).toMatchObject([
      {
        message: expect.stringContaining(
          'open is ["N1"], not a list of objects with accountId',
        ) as unknown,
      },
    ])
  })
})
