import fc from 'fast-check'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isIdentifier, newIdentifierProblem } from '../../src/ledger/identifier.ts'
import { seed, verify } from '../../src/index.ts'
import { makeFolder } from '../support/temporary-folder.ts'
import { useDatabase } from '../support/database.ts'

const invisible = (codePoint: string) =>
  `free of characters that cannot be seen or told from a space: it contains ${codePoint}`
const decomposed = 'in the composed form of Unicode: normalize it to NFC'

const isNewIdentifier = (id: string) => isIdentifier(id) && newIdentifierProblem(id) === undefined

/** Every code point, halves of characters included. */
const anyCharacter = fc
  .integer({ min: 0, max: 0x10_ff_ff })
  .map((code) => String.fromCodePoint(code))
const unseen = fc
  .oneof(
    anyCharacter,
    fc.constantFrom(
      '\u3164',
      '\u2800',
      '\u034F',
      '\uFE0F',
      '\u{E0100}',
      '\uFFFF',
      '\u00A0',
      '\u200D',
      '\u{1FFFE}',
    ),
  )
  .filter((character) => /(?! )[\p{C}\p{Z}\p{DI}\u2800]/u.test(character))

describe('newIdentifierProblem', () => {
  test.each([
    ['a Hangul filler', 'A\u3164', invisible('U+3164')],
    ['a blank Braille pattern', 'A\u2800', invisible('U+2800')],
    ['a grapheme joiner', 'A\u034F', invisible('U+034F')],
    ['a variation selector', 'A\uFE0F', invisible('U+FE0F')],
    ['a variation selector of plane 14', 'A\u{E0100}', invisible('U+E0100')],
    ['a noncharacter', 'A\uFFFF', invisible('U+FFFF')],
    ['a code point that is not assigned', 'A\u{3FFFD}', invisible('U+3FFFD')],
    ['a space that does not break', 'A\u00A0B', invisible('U+00A0')],
    ['a letter and its accent', 'Zoe\u0308', decomposed],
    ['a compatible character with another form', '\u212B', decomposed],
  ])('refuses %s', (_what, id, problem) => {
    expect(isIdentifier(id)).toBe(true)
    expect(newIdentifierProblem(id)).toBe(problem)
  })

  test.each(['MDB574189300', 'a b', 'Zoë', '口座-1', 'حساب', 'खाता', '🏦'])('accepts %s', (id) => {
    expect(isNewIdentifier(id)).toBe(true)
  })

  test('refuses an id with one more character that nobody can see, wherever it is', () => {
    const id = fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' })
    const property = fc.property(id, fc.nat(), unseen, (text, position, character) => {
      const at = position % (text.length + 1)
      expect(isNewIdentifier(text.slice(0, at) + character + text.slice(at))).toBe(false)
    })
    fc.assert(property)
  })

  test('accepts only one of the ways to write the same text', () => {
    const property = fc.property(
      fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' }),
      (text) => {
        const forms = new Set([text, text.normalize('NFC'), text.normalize('NFD')])
        expect([...forms].filter(isNewIdentifier).length).toBeLessThanOrEqual(1)
      },
    )
    fc.assert(property)
  })
})

describe('an id that is not for new records', () => {
  const { connection, Account, Transfer } = useDatabase()
  const old = 'Zoe\u0308\u3164'

  /** Opens an account and gives it the old id, as an earlier version would have. */
  async function openOld(): Promise<void> {
    await Account.open({ accountId: 'B', holder: 'Ben', currency: 'USD', openingBalance: '10' })
    const account = await connection.collection('accounts').findOne()
    await connection.collection('accounts').insertOne({ ...account, _id: old as never })
  }

  test('is refused for a new account and a new transfer', async () => {
    await openOld()
    const account = { accountId: `${old}2`, holder: 'Zoë', currency: 'USD' }
    await expect(Account.open(account)).rejects.toMatchObject({ code: 'INVALID_ACCOUNT_ID' })
    await expect(
      Account.create({ _id: `${old}2`, holder: 'Z', currency: 'USD' }),
    ).rejects.toMatchObject({
      code: 'INVALID_ACCOUNT_ID',
    })
    const transfer = { transferId: old, from: 'B', to: old, amount: '1' }
    await expect(Account.transfer(transfer)).rejects.toMatchObject({ code: 'INVALID_TRANSFER_ID' })
    await expect(
      Account.transfer({ ...transfer, transferId: 'T', to: `${old}2` }),
    ).rejects.toMatchObject({ code: 'INVALID_ACCOUNT_ID', side: 'to' })
  })

  test('stays good for an account that has it', async () => {
    await openOld()
    await Account.transfer({ transferId: 'T1', from: 'B', to: old, amount: '5' })
    await Account.transfer({ transferId: 'T2', from: old, to: 'B', amount: '1' })
    const account = await Account.findById(old)
    expect((await account?.statement())?.map(({ transferId }) => transferId)).toEqual(['T2', 'T1'])
    expect(await Account.freeze(old)).toMatchObject({ status: 'frozen' })
    expect(await verify(connection)).not.toHaveProperty('violation')
  })

  test('is opened again and seeded as the account that exists, but not as a new one', async () => {
    await openOld()
    const { holder, currency, openingBalance } = await Account.findById(old).orFail()
    const opening = { accountId: old, holder, currency, openingBalance }
    expect(await Account.open(opening)).toMatchObject({ _id: old })
    await connection.transaction(async (session) => {
      expect(await Account.open(opening, { session })).toMatchObject({ _id: old })
    })
    await expect(Account.open({ ...opening, holder: 'Other' })).rejects.toMatchObject({
      code: 'ACCOUNT_CONFLICT',
    })

    const file = join(await makeFolder(), 'accounts.json')
    await writeFile(file, JSON.stringify([opening]))
    expect(await seed(connection, { file })).toMatchObject({ added: 0, existing: 1, different: 0 })
    await writeFile(file, JSON.stringify([opening, { ...opening, accountId: `${old}2` }]))
    await expect(seed(connection, { file })).rejects.toThrow(/account id ".*2" is not free of/)
  })

  test('stays good for a transfer that has it: repeated and reversed', async () => {
    await openOld()
    const request = { transferId: 'T1', from: 'B', to: old, amount: '5' }
    await Account.transfer(request)
    const transfers = connection.collection<{ _id: string }>('transfers')
    const transfer = await transfers.findOneAndDelete({ _id: 'T1' })
    await transfers.insertOne({ ...transfer, _id: old })
    expect(await Account.transfer({ ...request, transferId: old })).toMatchObject({ _id: old })
    expect(await Transfer.reverse(old)).toMatchObject({ _id: `${old}:reversal`, reverses: old })
  })
})
