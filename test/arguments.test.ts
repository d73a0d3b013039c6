import { describe, expect, test } from 'vitest'
import * as daybook from '../src/index.ts'
import { useDatabase } from './support/database.ts'

const { connection, Account, Transfer, Hold } = useDatabase()

/** Calls a function with arguments that its types do not allow. */
const call = async (target: unknown, ...parameters: unknown[]): Promise<unknown> =>
  await (target as (...all: unknown[]) => unknown)(...parameters)

/** An engine's own words for a value that was not checked. */
const UNCHECKED =
  /cannot (?:read|destructure|convert)|is not (?:a function|iterable)|undefined \(|null \(/i

const calls: [name: string, run: () => Promise<unknown>, message: string | RegExp][] = [
  [
    'Account.open(undefined)',
    () => call(Account.open.bind(Account), undefined),
    'the request is undefined, not an object with holder and currency',
  ],
  [
    'Account.open with options null',
    () => call(Account.open.bind(Account), { holder: 'A', currency: 'USD' }, null),
    'the options argument of Account.open() is null, not an object',
  ],
  [
    'Account.transfer(undefined)',
    () => call(Account.transfer.bind(Account), undefined),
    'the request is undefined, not an object with from, to and amount',
  ],
  [
    'Account.transfer with options null',
    () => call(Account.transfer.bind(Account), {}, null),
    'the options argument of Account.transfer() is null, not an object',
  ],
  [
    'Account.transfer with a session that is not one',
    () => call(Account.transfer.bind(Account), {}, { session: 'S' }),
    /^the session is "S", not a ClientSession/,
  ],
  [
    'Account.transfer with a patience that is not a number',
    () => call(Account.transfer.bind(Account), {}, { patience: '5' }),
    'patience is "5", not a number of milliseconds',
  ],
  [
    'Account.close with a signal that is none',
    () => call(Account.close.bind(Account), 'A', { signal: {} }),
    'signal is {}, not an AbortSignal',
  ],
  [
    'Account.transfer with a mistyped id',
    () => call(Account.transfer.bind(Account), { from: 'A', to: 'B', transfer_id: 'T' }),
    'the request has an unknown key, "transfer_id": did you mean "transferId"?',
  ],
  [
    'Account.transfer with a key of another shape',
    () => call(Account.transfer.bind(Account), { sender: 'A', to: 'B', amount: '1' }),
    /^the request has an unknown key, "sender": use one of transferId, from, to, amount/,
  ],
  [
    'Account.transferMany with a mistyped key',
    () => call(Account.transferMany.bind(Account), [{}, { refrence: 'rent' }]),
    'requests[1] has an unknown key, "refrence": did you mean "reference"?',
  ],
  [
    'Account.transfer with a mistyped option',
    () => call(Account.transfer.bind(Account), {}, { Session: undefined, patiance: 5 }),
    'the options argument of Account.transfer() has an unknown key, "patiance": did you mean "patience"?',
  ],
  [
    'Account.open with a field of its own',
    () => call(Account.open.bind(Account), { holder: 'A', currency: 'USD', branch: 'X' }),
    /^the request has an unknown key, "branch": use one of accountId, holder/,
  ],
  [
    'Account.freeze with an option of another method',
    () => call(Account.freeze.bind(Account), 'A', { payOutTo: 'B' }),
    /^the options argument of Account\.freeze\(\) has an unknown key, "payOutTo"/,
  ],
  [
    'Transfer.reverse with a mistyped option',
    () => call(Transfer.reverse.bind(Transfer), 'T', { Reference: 'x' }),
    'the options argument of Transfer.reverse() has an unknown key, "Reference": did you mean "reference"?',
  ],
  [
    'seed with a mistyped option',
    () => call(daybook.seed, connection, { account: 5 }),
    'the options argument of seed() has an unknown key, "account": did you mean "accounts"?',
  ],
  [
    'replay with a mistyped option',
    () => call(daybook.replay, connection, { file: 'x.csv', maxError: 5 }),
    'the options argument of replay() has an unknown key, "maxError": did you mean "maxErrors"?',
  ],
  [
    'replay with a patience that is not a number',
    () => call(daybook.replay, connection, { file: 'x.csv', patience: 'long' }),
    'patience is "long", not a number of milliseconds',
  ],
  [
    'generate with a mistyped option',
    () => call(daybook.generate, { file: 'x.csv', transfer: 5 }),
    'the options argument of generate() has an unknown key, "transfer": did you mean "transfers"?',
  ],
  [
    'migrate with a mistyped option',
    () => call(daybook.migrate, connection, { folders: 'x' }),
    'the options argument of migrate() has an unknown key, "folders": did you mean "folder"?',
  ],
  [
    'openDatabase with a mistyped option',
    () => call(daybook.openDatabase, { URI: 'mongodb://127.0.0.1' }),
    'the options argument of openDatabase() has an unknown key, "URI": did you mean "uri"?',
  ],
  [
    'Account.transferMany(null)',
    () => call(Account.transferMany.bind(Account), null),
    'the requests are null, not an array',
  ],
  [
    'Account.transferMany([undefined])',
    () => call(Account.transferMany.bind(Account), [undefined]),
    'requests[0] is undefined, not an object with from, to and amount',
  ],
  [
    'Account.transferMany with options null',
    () => call(Account.transferMany.bind(Account), [], null),
    'the options argument of Account.transferMany() is null, not an object',
  ],
  [
    'Account.transferMany with atomic as a text',
    () => call(Account.transferMany.bind(Account), [], { atomic: 'false' }),
    'atomic is "false", not true or false',
  ],
  [
    'Account.freeze(undefined)',
    () => call(Account.freeze.bind(Account), undefined),
    /^account id undefined is not a text/,
  ],
  [
    'Account.freeze with options null',
    () => call(Account.freeze.bind(Account), 'A', null),
    'the options argument of Account.freeze() is null, not an object',
  ],
  [
    'Account.unfreeze with options of another type',
    () => call(Account.unfreeze.bind(Account), 'A', 'now'),
    'the options argument of Account.unfreeze() is "now", not an object',
  ],
  [
    'Account.close with options null',
    () => call(Account.close.bind(Account), 'A', null),
    'the options argument of Account.close() is null, not an object',
  ],
  [
    'Account.setOverdraftLimit with options null',
    () => call(Account.setOverdraftLimit.bind(Account), 'A', '1', null),
    'the options argument of Account.setOverdraftLimit() is null, not an object',
  ],
  [
    'Transfer.reverse(undefined)',
    () => call(Transfer.reverse.bind(Transfer), undefined),
    'transfer undefined does not exist',
  ],
  [
    'Transfer.reverse with options null',
    () => call(Transfer.reverse.bind(Transfer), 'T', null),
    'the options argument of Transfer.reverse() is null, not an object',
  ],
  [
    'replay without options',
    () => call(daybook.replay, connection),
    'the options argument of replay() is undefined, not an object with file',
  ],
  [
    'replay without a file',
    () => call(daybook.replay, connection, {}),
    "'file' undefined is not the path of a file",
  ],
  [
    'replay with columns as a text',
    () => call(daybook.replay, connection, { file: 'a', columns: 'from,to' }),
    `'columns' "from,to" is not a list of names`,
  ],
  [
    'replay with map null',
    () => call(daybook.replay, connection, { file: 'a', map: null }),
    'map is null, not an object such as { from: COLUMN }',
  ],
  [
    'replay with keep as a text',
    () => call(daybook.replay, connection, { file: 'a', keep: 'all' }),
    `'keep' "all" is not true, false or a list of names`,
  ],
  [
    'replay with rejects of another type',
    () => call(daybook.replay, connection, { file: 'a', rejects: 5 }),
    "'rejects' 5 is not the path of a file",
  ],
  [
    'seed with options null',
    () => call(daybook.seed, connection, null),
    'the options argument of seed() is null, not an object',
  ],
  [
    'generate without options',
    () => call(daybook.generate),
    'the options argument of generate() is undefined, not an object with file and transfers',
  ],
  [
    'openDatabase(null)',
    () => call(daybook.openDatabase, null),
    'the options argument of openDatabase() is null, not an object',
  ],
  [
    'migrate without options',
    () => call(daybook.migrate, connection),
    'the options argument of migrate() is undefined, not an object with folder',
  ],
  [
    'migrationStatus without options',
    () => call(daybook.migrationStatus, connection),
    /migrationStatus\(\) is undefined/,
  ],
  [
    'markMigration without options',
    () => call(daybook.markMigration, connection, 'x'),
    /markMigration\(\) is undefined/,
  ],
  [
    'redoMigration with options null',
    () => call(daybook.redoMigration, connection, null),
    /redoMigration\(\) is null/,
  ],
  [
    'rehearseMigrations without options',
    () => call(daybook.rehearseMigrations, connection),
    /rehearseMigrations\(\) is undefined/,
  ],
  [
    'revertMigrations without options',
    () => call(daybook.revertMigrations, connection),
    /revertMigrations\(\) is undefined/,
  ],
  [
    'breakMigrationLock with options null',
    () => call(daybook.breakMigrationLock, connection, null),
    /breakMigrationLock\(\) is null/,
  ],
  ['formatMoney of a text', () => call(daybook.formatMoney, '5', 'USD'), '"5" is not a Decimal'],
  [
    'formatMoney without a currency',
    () => call(daybook.formatMoney, new daybook.Decimal(5)),
    'undefined is not an ISO 4217 currency',
  ],
  ['toDecimal of nothing', () => call(daybook.toDecimal), 'undefined is not a Decimal128'],
]

/** The functions that take a connection first, and the options that they need. */
const onConnection = [
  ['accountModel', daybook.accountModel, undefined],
  ['transferModel', daybook.transferModel, undefined],
  ['batchModel', daybook.batchModel, undefined],
  ['refusalModel', daybook.refusalModel, undefined],
  ['createCollections', daybook.createCollections, undefined],
  ['replay', daybook.replay, { file: import.meta.filename }],
  ['seed', daybook.seed, undefined],
  ['verify', daybook.verify, undefined],
  ['migrate', daybook.migrate, { folder: 'x' }],
  ['migrationStatus', daybook.migrationStatus, { folder: 'x' }],
  ['breakMigrationLock', daybook.breakMigrationLock, undefined],
] as const

describe('an argument that types would not allow', () => {
  test.each(calls)('is explained by %s', async (_name, run, message) => {
    const error = await run().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(Error)
    expect((error as Error).message).toMatch(message)
    expect((error as Error).message).not.toMatch(UNCHECKED)
  })

  test('has a code if it is a request, and none if the program itself wrote it', async () => {
    const requests = [
      call(Account.transfer.bind(Account), { from: 'A', ammount: '1' }),
      call(Account.transfer.bind(Account), null),
      call(Account.transferMany.bind(Account), 'T'),
      call(Account.open.bind(Account), { holder: 'A', currrency: 'USD' }),
      call(Account.hold.bind(Account), { holdID: 'H' }),
      call(Account.transferGroup.bind(Account), { groupId: 'G', legs: [{ fromm: 'A' }] }),
      call(Account.transferGroup.bind(Account), { groupId: 'G', legs: [] }),
      call(Account.exchange.bind(Account), { exchangeId: 'X', through: 'FX' }),
      call(Hold.capture.bind(Hold), 'H', { amount: '1' }),
    ]
    for (const request of requests) {
      const error: unknown = await request.catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(TypeError)
      expect(error).toBeInstanceOf(daybook.MalformedRequestError)
      expect(JSON.parse(JSON.stringify(error))).toEqual({
        name: 'MalformedRequestError',
        code: 'MALFORMED_REQUEST',
        message: expect.any(String) as string,
      })
    }
    const option = call(Account.transfer.bind(Account), {}, { patiance: 5 })
    await expect(option).rejects.toThrow(TypeError)
    await expect(option).rejects.not.toHaveProperty('code')
  })

  test.each(onConnection)(
    'is explained by %s if it is no connection',
    async (_name, target, options) => {
      for (const value of [undefined, null, 'mongodb://localhost', {}]) {
        await expect(call(target, value, options)).rejects.toThrow(
          /^the connection is .*, not one of Mongoose: pass mongoose.connection/,
        )
      }
      const rehearsal = async () => new daybook.Rehearsal(undefined as never)
      await expect(rehearsal()).rejects.toThrow(/^the connection is undefined/)
    },
  )

  test('is explained by the methods of a document', async () => {
    const account = await Account.open({ holder: 'Ada', currency: 'USD' })
    const entries = (range: unknown) => account.statementEntries(range as never).next()
    await expect(account.statement(null as never)).rejects.toThrow(
      'the options argument of statement() is null, not an object',
    )
    await expect(account.statement('all' as never)).rejects.toThrow(/is "all", not an object$/)
    await expect(account.statement({ limit: '5' as never })).rejects.toThrow('limit "5" is not')
    await expect(entries(null)).rejects.toThrow('statementEntries() is null, not an object')
    await expect(account.balanceAt(undefined as never)).rejects.toThrow('date undefined is not')
  })
})
