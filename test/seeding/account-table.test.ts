import { describe, expect, test } from 'vitest'
import { seed } from '../../src/index.ts'
import { makeFile } from '../support/batch.ts'
import { useDatabase } from '../support/database.ts'

const { connection, Account } = useDatabase()

const balances = async () =>
  (await Account.find().sort({ _id: 1 })).map(({ _id, holder, currency, balance }) =>
    [_id, holder, balance.toString(), currency].join(' '),
  )

describe('seed from a table of accounts', () => {
  test('reads a file without a header, whose accounts have no holder and no currency', async () => {
    const file = await makeFile('b.csv', '0000000000000001,5000.00\n0000000000000002,550.50\n')
    const fileFormat = { columns: ['accountId', 'openingBalance'], currency: 'AUD' }
    expect(await seed(connection, { file, fileFormat })).toMatchObject({ added: 2 })
    expect(await seed(connection, { file, fileFormat })).toMatchObject({ added: 0, existing: 2 })
    expect(await balances()).toEqual([
      '0000000000000001 0000000000000001 5000 AUD',
      '0000000000000002 0000000000000002 550.5 AUD',
    ])
  })

  test('reads mapped columns, German amounts, and lines before the header', async () => {
    const text =
      'Stand 31.01.2026\nKonto;Inhaber;Saldo;Dispo\nDE1;"Müller; Söhne";1.234,56;\nDE2;Ada;-5,00;10,00\n'
    const file = await makeFile('konten.csv', Buffer.from(text, 'latin1'))
    const fileFormat = {
      encoding: 'windows-1252',
      delimiter: ';',
      skip: 1,
      decimal: ',',
      thousands: '.',
      currency: 'EUR',
      map: { accountId: 'Konto', holder: '#2', openingBalance: 'Saldo', overdraftLimit: 'Dispo' },
    } as const
    await seed(connection, { file, fileFormat })
    expect(await balances()).toEqual(['DE1 Müller; Söhne 1234.56 EUR', 'DE2 Ada -5 EUR'])
  })

  test('recognizes the columns of a TSV file by their names', async () => {
    const text = 'Account Number\tOwner\tBalance\tCurrency\tBranch\n1\tAda\t7.00\tUSD\tX\n'
    await seed(connection, { file: await makeFile('a.tsv', text) })
    expect(await balances()).toEqual(['1 Ada 7 USD'])
  })

  test.each<[text: string, fileFormat: object, message: RegExp]>([
    ['id,balance\n1,1.250,00\n', {}, /line 2: .* 3 .* 2 are expected/],
    ['id,balance\n1,"1.250,00"\n', { currency: 'USD' }, /line 2: openingBalance "1.250,00" is not/],
    ['id,balance\n1,5\n', {}, /line 2: currency undefined is not an ISO 4217 code/],
    ['a,b\n1,5\n', {}, /no column is known as accountId: the columns are "a", "b"; choose one/],
    ['id\n1\n', { map: { holder: 'Name' } }, /no column is named "Name": the columns are "id"/],
    ['id\n1\n', { maps: {} }, /unknown key, "maps": did you mean "map"/],
    ['id\n1\n', { map: { owner: 'id' } }, /the map of the accounts has an unknown key, "owner"/],
    ['id,balance,ccy\n1,5,USD\n1,5,USD\n', {}, /line 3: line 2 already has accountId "1"/],
  ])('refuses %j with the format %j and adds nothing', async (text, fileFormat, message) => {
    const file = await makeFile('accounts.csv', text)
    await expect(seed(connection, { file, fileFormat })).rejects.toThrow(message)
    expect(await Account.countDocuments()).toBe(0)
  })
})

describe('a line of a table with createdAt', () => {
  const header = 'accountId,holder,currency,openingBalance,status,createdAt\n'

  test('is an exported account, and another line is a seeded one', async () => {
    const exported = 'A," Ada ",USD,5.00,closed,2025-01-31T09:30:00.001Z\n'
    const file = await makeFile('a.csv', `${header}${exported}B," Bob ",USD,5.00,open,\n`)
    await seed(connection, { file })
    expect(await seed(connection, { file, reset: 'seeded' })).toMatchObject({
      added: 1,
      existing: 1,
      removed: { accounts: 1 },
    })
    expect(await Account.find().sort({ _id: 1 }).lean()).toMatchObject([
      { holder: ' Ada ', status: 'closed', createdAt: new Date('2025-01-31T09:30:00.001Z') },
      { holder: 'Bob', status: 'open', createdAt: new Date('2020-01-01') },
    ])
  })

  test('is refused if it is not a time as an export writes it', async () => {
    const file = await makeFile('a.csv', `${header}A,Ada,USD,5.00,open,31.01.2025\n`)
    await expect(seed(connection, { file })).rejects.toThrow(
      /line 2: createdAt "31\.01\.2025" is not a time such as .*: leave it out of new accounts/,
    )
  })

  test('has that name exactly, because banks have such columns of their own', async () => {
    const text = header.replace('createdAt', 'Created At')
    const file = await makeFile('a.csv', `${text}A,Ada,USD,5.00,open,31.01.2025\n`)
    expect(await seed(connection, { file })).toMatchObject({ added: 1 })
  })
})
