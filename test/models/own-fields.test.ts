import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import mongoose, { Schema } from 'mongoose'
import { beforeEach, describe, expect, test } from 'vitest'
import { KNOWN_NAMES } from '../../src/replay/reading/roles.ts'
import {
  type LedgerDefinition,
  createCollections,
  defineLedger,
  replay,
  seed,
  verify,
} from '../../src/index.ts'
import { useDatabase } from '../support/database.ts'
import { makeFolder } from '../support/temporary-folder.ts'

const ledger = {
  fields: {
    account: {
      branch: { type: String, enum: ['NORTH', 'SOUTH'], required: true, compare: true },
      manager: Schema.Types.ObjectId,
      share: { type: Schema.Types.Decimal128, min: 0, max: '1' },
    },
    transfer: {
      tenantId: { type: 'Int32', min: 1, compare: true },
      costCentre: { type: String, match: /^\d{4}$/ },
      dueOn: Date,
      isUrgent: Boolean,
      score: Number,
    },
  },
} as const satisfies LedgerDefinition

const { connection, Account, Transfer } = useDatabase({ ledger })

/** A request with fields that this program's types do not know. */
const own = (request: object) => request as never

/** The ledger with other fields, on a connection of its own. */
const other = (fields: LedgerDefinition['fields']) => {
  const later = connection.useDb(connection.name)
  return { later, ...defineLedger(later, { fields }) }
}

const openBoth = async () => {
  for (const accountId of ['ADA', 'BOB']) {
    await Account.open(
      own({ accountId, holder: accountId, currency: 'USD', openingBalance: 100, branch: 'NORTH' }),
    )
  }
}

const TRANSFER = { transferId: 'T1', from: 'ADA', to: 'BOB', amount: '5', tenantId: 7 }

describe('own fields of accounts', () => {
  const request = { accountId: 'ADA', holder: 'Ada', currency: 'USD', branch: 'NORTH' }

  test('are stored by their types, and read by the model, lean, toObject and JSON', async () => {
    const manager = new mongoose.Types.ObjectId()
    await Account.open(own({ ...request, manager: manager.toHexString(), share: '0.250' }))
    const account = await Account.findOne(own({ branch: 'NORTH' })).orFail()
    expect(account.get('share')).toMatchObject({ s: 1 })
    expect(String(account.get('share'))).toBe('0.25')
    const stored = { branch: 'NORTH', manager, share: mongoose.Types.Decimal128.fromString('0.25') }
    expect(await Account.findById('ADA').lean()).toMatchObject(stored)
    expect(account.toObject()).toMatchObject(stored)
    expect(JSON.parse(JSON.stringify(account))).toMatchObject({
      branch: 'NORTH',
      manager: manager.toHexString(),
      share: '0.25',
    })
    expect(await verify(connection)).toMatchObject({ balanced: true })
  })

  test.each([
    [{ branch: undefined }, 'branch is missing: expected one of "NORTH", "SOUTH"'],
    [{ branch: 'EAST' }, 'branch "EAST" is not one of "NORTH", "SOUTH"'],
    [
      { share: '1.1' },
      'share "1.1" is not a plain decimal number of at most 34 digits, below 1000000000000000000000000, from 0 to 1',
    ],
    [{ manager: 'x' }, 'manager "x" is not an ObjectId or its 24 hexadecimal digits'],
  ])('refuse %o, by open() and by create()', async (values, message) => {
    const refusal = { code: 'INVALID_FIELD', message }
    await expect(Account.open(own({ ...request, ...values }))).rejects.toMatchObject(refusal)
    const { accountId: _id, ...fields } = request
    const created = Account.create(own({ _id, ...fields, ...values }))
    await expect(created).rejects.toThrow(/branch|share|manager/)
    expect(await Account.countDocuments()).toBe(0)
  })

  test('refuse an unknown key still, and name the field that was meant', async () => {
    await expect(Account.open(own({ ...request, brnch: 'NORTH' }))).rejects.toThrow(
      'the request has an unknown key, "brnch": did you mean "branch"?',
    )
  })

  test('make a repeated opening a conflict if they are compared', async () => {
    await Account.open(own({ ...request, share: '0.5' }))
    await Account.open(own({ ...request, share: '0.7' }))
    await expect(Account.open(own({ ...request, branch: 'SOUTH' }))).rejects.toMatchObject({
      code: 'ACCOUNT_CONFLICT',
      fields: ['branch'],
    })
  })

  test('can be changed through the model, within their limits', async () => {
    await Account.open(own(request))
    const account = await Account.findById('ADA').orFail()
    await account.set('branch', 'SOUTH').save()
    await Account.updateOne({ _id: 'ADA' }, own({ share: '0.9' }))
    expect(await Account.findById('ADA').lean()).toMatchObject({ branch: 'SOUTH' })
    await expect(account.set('branch', 'EAST').save()).rejects.toThrow('"EAST" is not one of')
    const unset = Account.updateOne({ _id: 'ADA' }, own({ $unset: { branch: 1 } }))
    await expect(unset).rejects.toThrow('`branch` is required')
    for (const nothing of [undefined, null]) {
      const emptied = await Account.findById('ADA').orFail()
      await expect(emptied.set('branch', nothing).save()).rejects.toThrow('`branch` is required')
    }
    const partly = await Account.findById('ADA', 'holder').orFail()
    await partly.set('holder', 'Ada L.').save()
    await expect(
      Account.collection.updateOne(own({ _id: 'ADA' }), { $set: { branch: 'EAST' } }),
    ).rejects.toThrow('Document failed validation')
  })
})

test('an ObjectId is read from extended JSON, as mongoexport writes it', async () => {
  const { later, ...models } = other({
    account: { manager: 'ObjectId' },
    transfer: { order: 'ObjectId' },
  })
  const hex = '64b7f0a1c2d3e4f5a6b7c8d9'
  const folder = await makeFolder()
  const [accounts, transfers] = [join(folder, 'accounts.jsonl'), join(folder, 'transfers.jsonl')]
  const line = (accountId: string) => {
    const account = { accountId, holder: 'A', currency: 'USD', openingBalance: 9 }
    return `${JSON.stringify({ ...account, manager: { $oid: hex } })}\n`
  }
  await writeFile(accounts, line('ADA') + line('BOB'))
  await seed(later, { file: accounts })
  const account = await models.Account.findById('ADA').orFail()
  expect(String(account.get('manager'))).toBe(hex)
  const transfer = { transferId: 'T1', from: 'ADA', to: 'BOB', amount: '1', order: { $oid: hex } }
  await writeFile(transfers, JSON.stringify(transfer))
  expect(await replay(later, { file: transfers, name: 'B' })).toMatchObject({ posted: 1 })
  expect(String((await models.Transfer.findById('T1').orFail()).get('order'))).toBe(hex)
  await writeFile(accounts, line('EVE').replace('$oid', 'oid'))
  await expect(seed(later, { file: accounts })).rejects.toThrow(
    'is not an ObjectId or its 24 hexadecimal digits',
  )
})

describe('metadata of an account', () => {
  const request = { accountId: 'ADA', holder: 'Ada', currency: 'USD', branch: 'NORTH' }

  test('is kept as that of a transfer is, and is held to the same rules', async () => {
    const metadata = { 'kyc level': 2, vip: true }
    await Account.open(own({ ...request, metadata }))
    expect(await Account.findById('ADA').lean()).toMatchObject({ metadata })
    const wrong = { code: 'INVALID_METADATA' }
    const given = { ...request, accountId: 'BOB', metadata: { $a: 1 } }
    await expect(Account.open(own(given))).rejects.toMatchObject(wrong)
    const account = await Account.findById('ADA').orFail()
    account.set('metadata', { deep: {} })
    await expect(account.save()).rejects.toThrow('metadata value {} of key "deep" is not')
  })
})

describe('own fields of transfers', () => {
  beforeEach(openBoth)

  test('are kept by each way to post, by a reversal, and by the proof', async () => {
    const dueOn = new Date('2026-02-01T00:00:00Z')
    await Account.transfer(own({ ...TRANSFER, costCentre: '0042', dueOn, isUrgent: false }))
    dueOn.setFullYear(1990)
    const many = [
      { ...TRANSFER, transferId: 'T2', score: -0 },
      { ...TRANSFER, transferId: 'T3' },
    ]
    await Account.transferMany(own(many))
    await connection.transaction(async (session) => {
      await Account.transfer(own({ ...TRANSFER, transferId: 'T4' }), { session })
    })
    await Account.transferGroup(own({ groupId: 'G', legs: [{ ...TRANSFER, transferId: 'T5' }] }))
    for (const [accountId, currency] of [
      ['EVE', 'EUR'],
      ['FX-USD', 'USD'],
      ['FX-EUR', 'EUR'],
    ]) {
      const account = { accountId, holder: 'x', currency, openingBalance: 9, branch: 'NORTH' }
      await Account.open(own(account))
    }
    const through = { USD: 'FX-USD', EUR: 'FX-EUR' }
    const exchange = { exchangeId: 'X', from: 'ADA', to: 'EVE', amount: 1, toAmount: 1, through }
    const legs = await Account.exchange(own({ ...exchange, tenantId: 3 }))
    expect(legs.map((leg) => leg.get('tenantId') as unknown)).toEqual([3, 3])
    await Transfer.reverse('T1')
    const found = await Transfer.find(own({ tenantId: 7 }))
      .sort({ fromSequence: 1 })
      .lean()
    expect(found.map(({ _id }) => _id).toSorted()).toEqual([
      'T1',
      'T1:reversal',
      'T2',
      'T3',
      'T4',
      'T5',
    ])
    const [first, reversal] = ['T1', 'T1:reversal'].map((id) => found.find(({ _id }) => _id === id))
    expect(first).toMatchObject({
      costCentre: '0042',
      dueOn: new Date('2026-02-01T00:00:00Z'),
      isUrgent: false,
    })
    expect(reversal).toMatchObject({ costCentre: '0042', tenantId: 7 })
    expect(await verify(connection)).toMatchObject({ balanced: true })
  })

  test('are kept by the legs of a group and of an exchange, and by their reversals', async () => {
    for (const accountId of ['EVA', 'FX']) {
      await Account.open(
        own({ accountId, holder: 'Eva', currency: 'EUR', openingBalance: 9, branch: 'SOUTH' }),
      )
    }
    const leg = { from: 'ADA', to: 'BOB', amount: '1', tenantId: 7 }
    await Account.transferGroup(own({ groupId: 'G', legs: [leg, { ...leg, tenantId: 8 }] }))
    const exchange = { exchangeId: 'X', from: 'EVA', to: 'ADA', amount: '1', toAmount: '2' }
    const through = { EUR: 'FX', USD: 'BOB' }
    await Account.exchange(own({ ...exchange, through, costCentre: '0042' }))
    await Transfer.reverseGroup('G')

    const found = await Transfer.find().sort({ _id: 1 }).lean()
    expect(found.map((each) => Reflect.get(each, 'tenantId') as unknown)).toEqual([
      7,
      7,
      8,
      8,
      undefined,
      undefined,
    ])
    expect(found.slice(-2)).toMatchObject([{ costCentre: '0042' }, { costCentre: '0042' }])
    await expect(
      Account.transferGroup(own({ groupId: 'G', legs: [leg, leg] })),
    ).rejects.toMatchObject({ code: 'TRANSFER_CONFLICT', leg: 2, fields: ['tenantId'] })
    expect(await verify(connection)).toMatchObject({ balanced: true })
  })

  test.each([
    [{ tenantId: 0 }, 'tenantId 0 is not a whole number of 32 bits, at least 1'],
    [{ tenantId: '7' }, 'tenantId "7" is not a whole number of 32 bits, at least 1'],
    [
      { costCentre: '42' },
      'costCentre "42" is not a text of 1–256 printable characters that matches /^\\d{4}$/u',
    ],
    [{ dueOn: '2026-01-01' }, 'dueOn "2026-01-01" is not a valid Date in the years 1 to 9999'],
    [{ isUrgent: 1 }, 'isUrgent 1 is not true or false'],
    [{ score: NaN }, 'score NaN is not a finite number'],
  ])('refuse %o', async (values, message) => {
    const refusal = { code: 'INVALID_FIELD', message }
    await expect(Account.transfer(own({ ...TRANSFER, ...values }))).rejects.toMatchObject(refusal)
    expect(await Account.transferMany(own([{ ...TRANSFER, ...values }]))).toMatchObject([refusal])
    const [[field, value]] = Object.entries(values) as [[string, unknown]]
    const record = { ...(await postedRecord()), _id: 'X', [field]: value }
    const insert = Transfer.collection.insertOne(own(record))
    if (field === 'costCentre' || value === 0) await insert
    else await expect(insert).rejects.toThrow('Document failed validation')
  })

  const postedRecord = async () => {
    await Account.transfer(own({ ...TRANSFER, transferId: 'GOOD' }))
    return await Transfer.findById('GOOD').lean().orFail()
  }

  test('are the same content if only one that is not compared differs', async () => {
    await Account.transfer(own({ ...TRANSFER, costCentre: '0001' }))
    const again = await Account.transfer(own({ ...TRANSFER, costCentre: '0002' }))
    expect(again.get('costCentre')).toBe('0001')
    for (const tenantId of [8, undefined]) {
      await expect(Account.transfer(own({ ...TRANSFER, tenantId }))).rejects.toMatchObject({
        code: 'TRANSFER_CONFLICT',
        fields: ['tenantId'],
      })
    }
  })
})

describe('fields that are added or changed later', () => {
  test('let accounts and transfers from before be posted to, changed and reversed', async () => {
    await openBoth()
    await Account.transfer(own(TRANSFER))
    const required = { type: String, required: true }
    const { later, ...models } = other({
      account: { branch: String, segment: required },
      transfer: { tenantId: { type: 'Int32', max: 5 }, purpose: required },
    })
    try {
      await createCollections(later)
      await models.Account.transfer(own({ from: 'ADA', to: 'BOB', amount: 1, purpose: 'x' }))
      await models.Transfer.reverse('T1')
      const account = await models.Account.findById('ADA').orFail()
      account.holder = 'Ada L.'
      await account.save()
      await models.Account.close('ADA', { payOutTo: 'BOB' })
      expect(await verify(later)).toMatchObject({ balanced: true, violations: [] })
    } finally {
      await createCollections(connection)
    }
  })

  test('never refuse a repeat of what was posted or opened before', async () => {
    await openBoth()
    const leg = { from: 'ADA', to: 'BOB', amount: '1' }
    const before = { ...leg, transferId: 'T0', costCentre: '0001' }
    const group = { groupId: 'G0', legs: [leg] }
    const opening = { accountId: 'EVE', holder: 'Eve', currency: 'USD', branch: 'NORTH' }
    const earlier = defineLedger(connection.useDb(connection.name), {
      fields: { account: { branch: String }, transfer: { costCentre: String } },
    })
    await earlier.Account.transfer(own(before))
    await earlier.Account.transferGroup(own(group))
    await earlier.Account.open(own(opening))
    const required = { type: String, required: true, compare: true }
    const { later, ...models } = other({
      account: { branch: { type: String, enum: ['WEST'] }, segment: required },
      transfer: { costCentre: { type: String, maxLength: 2 }, purpose: required },
    })
    for (const [request, again] of [
      [before, group],
      [
        { ...before, purpose: 'x' },
        { ...group, legs: [{ ...leg, purpose: 'x' }] },
      ],
    ]) {
      const posted = await models.Account.transfer(own(request as object))
      expect([posted.id, posted.get('purpose')]).toEqual(['T0', undefined])
      const many = await models.Account.transferMany([own(request as object)], { atomic: true })
      expect(many).toMatchObject([{ status: 'existing' }])
      await later.transaction(async (session) => {
        await models.Account.transfer(own(request as object), { session })
      })
      expect(await models.Account.transferGroup(own(again as object))).toHaveLength(1)
    }
    for (const again of [opening, { ...opening, segment: 'S' }])
      expect((await models.Account.open(own(again))).get('segment')).toBeUndefined()
    const refusal = { code: 'INVALID_FIELD', field: 'costCentre' }
    for (const request of [{ transferId: 'T9' }, { amount: '0.001' }, { to: 'ADA' }, { to: 'X' }]) {
      const changed = { ...before, transferId: 'T8', ...request }
      await expect(models.Account.transfer(own(changed))).rejects.toMatchObject(refusal)
    }
    const otherLeg = models.Account.transferGroup(own({ groupId: 'G9', legs: [leg] }))
    await expect(otherLeg).rejects.toMatchObject({ code: 'INVALID_FIELD', field: 'purpose' })
    const changed = models.Account.transfer(own({ ...before, amount: 2 }))
    await expect(changed).rejects.toMatchObject({ code: 'TRANSFER_CONFLICT', fields: ['amount'] })
    const unknown = models.Account.open(own({ ...opening, accountId: 'NEW' }))
    await expect(unknown).rejects.toMatchObject({ code: 'INVALID_FIELD', field: 'branch' })
    expect(await models.Account.countDocuments({ _id: 'NEW' })).toBe(0)
  })

  test('let a file of accounts be seeded again, but not with new accounts that do not fit', async () => {
    await openBoth()
    const { later } = other({
      account: { branch: String, segment: { type: String, required: true } },
    })
    const file = join(await makeFolder(), 'accounts.jsonl')
    const line = (accountId: string) =>
      `${JSON.stringify({ accountId, holder: accountId, currency: 'USD', openingBalance: 100 })}\n`
    await writeFile(file, line('ADA'))
    expect(await seed(later, { file })).toMatchObject({ added: 0, existing: 1, different: 0 })
    await writeFile(file, line('ADA') + line('EVE'))
    await expect(seed(later, { file })).rejects.toThrow('line 2: segment is missing')
  })

  test('are refused if the value of an account does not fit, because posting to it would fail', async () => {
    await openBoth()
    const { later } = other({ account: { branch: { type: String, enum: ['SOUTH'] } } })
    await expect(createCollections(later)).rejects.toThrow(
      'account ADA does not fit the fields of the ledger’s definition: its branch "NORTH" is not one of "SOUTH"',
    )
  })
})

describe('the definition of a field', () => {
  const define = (fields: unknown) => defineLedger(mongoose.createConnection(), { fields } as never)

  test.each([
    [{ batch: {} }, 'fields of the definition has an unknown key, "batch"'],
    [
      { account: { balance: String } },
      'has the field "balance", a name that Daybook has or may take',
    ],
    [{ transfer: { holds: String } }, 'has the field "holds", a name that Daybook has or may take'],
    [{ account: { save: String } }, 'has the field "save", a name that Mongoose’s documents have'],
    [{ account: { db: String } }, 'has the field "db", a name that Mongoose’s documents have'],
    [
      { account: { schema: String } },
      'has the field "schema", a name that Mongoose’s documents have',
    ],
    [
      { account: { collection: String } },
      'has the field "collection", a name that Mongoose’s documents have',
    ],
    [
      { account: { prototype: String } },
      'has the field "prototype", a name that Mongoose’s documents have',
    ],
    [{ account: { 'a.b': String } }, 'has the field "a.b": a name is 1–64 letters'],
    [
      { account: { branch: 'Text' } },
      'the type of fields.account.branch of the definition is "Text", not one of String, Number',
    ],
    [{ account: { branch: Map } }, 'is "Map", not one of'],
    [
      { account: { branch: {} } },
      'the type of fields.account.branch of the definition is undefined',
    ],
    [
      { account: { branch: { type: String, requierd: true } } },
      'unknown key, "requierd": did you mean "required"?',
    ],
    [{ account: { branch: { type: String, index: true } } }, 'make the index in a migration'],
    [
      { account: { branch: { type: Number, enum: ['a'] } } },
      'has the limit "enum", but its type is Number, whose limits are min, max',
    ],
    [
      { account: { branch: { type: String, match: '[' } } },
      'match of fields.account.branch of the definition cannot be read',
    ],
    [
      { account: { branch: { type: String, maxLength: 513 } } },
      'is 513, not a whole number from 1 to 512',
    ],
    [
      { account: { branch: { type: Number, min: 2, max: 1 } } },
      'has a min of 2, which is above its max',
    ],
  ])('is refused as %o', (fields, message) => {
    expect(() => define(fields)).toThrow(message)
  })

  test('is part of the ledger’s, in whichever form it comes', () => {
    const later = mongoose.createConnection()
    const { Account: first } = defineLedger(later, { fields: { account: { branch: String } } })
    const again = { fields: { account: { branch: { type: 'string' } } } } as const
    expect(defineLedger(later, again).Account).toBe(first)
    expect(() => defineLedger(later)).toThrow(
      'a ledger with the definition {"fields":{"account":[{"name":"branch"',
    )
  })

  test('cannot have the name of a path, of a method, or of what a column can be', () => {
    const { Account: plainAccount, Transfer: plainTransfer } = defineLedger(
      mongoose.createConnection(),
    )
    const names = [
      ...[plainAccount, plainTransfer].flatMap(({ schema }) => [
        ...Object.keys(schema.paths),
        ...Object.keys(schema.methods),
      ]),
      ...Object.keys(KNOWN_NAMES),
      // What requests have that is not stored.
      ...'exchangeId groupId legs open rate rounding through toAmount'.split(' '),
    ]
    for (const name of names) {
      expect(() => define({ account: { [name]: String } })).toThrow(`has the field "${name}"`)
    }
  })
})
