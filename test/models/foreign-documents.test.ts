import { beforeEach, describe, expect, test } from 'vitest'
import { InputError, createCollections, verify } from '../../src/index.ts'
import { removeCollections } from '../../src/models/collection-removal.ts'
import { databaseOf } from '../../src/mongodb/connection.ts'
import { useDatabase } from '../support/database.ts'

const { connection, Account } = useDatabase()

/** A document of a login library. */
const login = { _id: 'login-1', userId: 'u', provider: 'github', providerAccountId: '4711' }

const logins = () => connection.collection<typeof login>('accounts')

const validatorOf = async (name: string): Promise<unknown> => {
  const [found] = await databaseOf(connection)
    .listCollections<{ name: string; options: { validator?: unknown } }>({ name })
    .toArray()
  return found?.options.validator
}

const withoutValidator = (collMod: string) =>
  databaseOf(connection).command({ collMod, validator: {} })

beforeEach(async () => {
  await createCollections(connection)
})

describe('a collection of another program', () => {
  beforeEach(async () => {
    await connection.dropCollection('accounts')
    await logins().insertOne(login)
  })

  test('gets no validator, and nothing else is created', async () => {
    await connection.dropCollection('transfers')
    const created = createCollections(connection)
    await expect(created).rejects.toThrow(InputError)
    await expect(created).rejects.toThrow(
      'the collection "accounts" holds documents of another program, such as the one with the _id "login-1", which has no openingBalance. Daybook’s validator would refuse what that program writes. Give Daybook’s accounts another collection with defineLedger(connection, {"collections":{"accounts":"daybook_accounts"}})',
    )
    await logins().insertOne({ ...login, _id: 'login-2' })
    expect(await validatorOf('accounts')).toBeUndefined()
    expect((await connection.listCollections()).map(({ name }) => name)).not.toContain('transfers')
  })

  test('may be that of a notebook, which can be adopted', async () => {
    await connection.collection('accounts').updateOne({}, { $set: { account_id: 'MDB1' } })
    await expect(createCollections(connection)).rejects.toThrow(
      'If they are a notebook’s, adopt them with daybook migrate up. Else: Give',
    )
  })

  test('is named by verify, which checks no record', async () => {
    const { balanced, violations } = await verify(connection)
    expect(balanced).toBe(false)
    expect(violations).toEqual([
      {
        kind: 'collection',
        collection: 'accounts',
        message: expect.stringContaining(
          'the collection accounts holds only documents of another program, so no record was checked. Give Daybook’s accounts another collection',
        ),
      },
    ])
  })

  test('keeps its own validator when Daybook’s collections are removed', async () => {
    const validator = { userId: { $exists: true } }
    await databaseOf(connection).command({ collMod: 'accounts', validator })
    await removeCollections(connection)
    expect(await validatorOf('accounts')).toEqual(validator)
  })

  test('is recognized among Daybook’s documents too', async () => {
    await Account.collection.insertOne({ _id: 'A', openingBalance: 1 } as never, {
      bypassDocumentValidation: true,
    })
    await expect(createCollections(connection)).rejects.toThrow('the _id "login-1"')
  })
})

describe('a collection of Daybook', () => {
  beforeEach(async () => {
    await Account.open({ accountId: 'A', holder: 'Ada', currency: 'USD' })
  })

  test('gets its validator again, even if a record was damaged in the meantime', async () => {
    await withoutValidator('accounts')
    await Account.collection.updateOne({ _id: 'A' as never }, { $unset: { holder: 1 } })
    await createCollections(connection)
    expect(await validatorOf('accounts')).toHaveProperty('$jsonSchema')
  })

  test('is not searched where its validator keeps other documents out', async () => {
    await logins().insertOne(login, { bypassDocumentValidation: true })
    await createCollections(connection)
    expect(await logins().countDocuments()).toBe(2)
  })

  test('gets the validator of this version in the place of an earlier one', async () => {
    const { $jsonSchema } = (await validatorOf('accounts')) as {
      $jsonSchema: { required: string[]; properties: { holder: object } }
    }
    const earlier = { ...$jsonSchema, required: ['_id', 'balance', 'openingBalance'] }
    await databaseOf(connection).command({
      collMod: 'accounts',
      validator: { $jsonSchema: earlier },
    })
    await createCollections(connection)
    expect(await validatorOf('accounts')).toEqual({ $jsonSchema })
  })
})
