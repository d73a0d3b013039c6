import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import mongoose, { type Connection, type mongo } from 'mongoose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  accountModel,
  createCollections,
  holdModel,
  openDatabase,
  replay,
  seed,
  transferModel,
  verify,
} from '../../src/index.ts'
import { daybook } from '../support/command-line.ts'
import { startSecuredReplicaSet } from '../support/secured-replica-set.ts'
import { makeFolder } from '../support/temporary-folder.ts'

const page = await readFile(new URL('../../docs/rights.md', import.meta.url), 'utf8')

interface Right {
  /** Empty for the database itself. */
  readonly collection: string
  readonly action: string
}

/** The rows of both tables: what is done, the lowest roles, and the privileges. */
const rows = [...page.matchAll(/^\| (`.+?) +\| (`.+?`) +\| (.+?) *\|$/gm)].map(
  ([, name = '', roles = '', privileges = '']) => ({
    name,
    roles: roles.replaceAll('`', '').split(' and '),
    rights: rightsIn(privileges),
  }),
)

/** Reads `accounts, transfers: find, update; database: listCollections`. */
function rightsIn(privileges: string): Right[] {
  return privileges.split('; ').flatMap((privilege) => {
    const [collections = '', actions = ''] = privilege.split(': ')
    return collections
      .split(', ')
      .flatMap((name) =>
        actions
          .split(', ')
          .map((action) => ({ collection: name === 'database' ? '' : name, action })),
      )
  })
}

const DATABASE = 'rights'
const PASSWORD = 'hush-quiet'
let server: Awaited<ReturnType<typeof startSecuredReplicaSet>>
/** The administrator's connection, and that of the user whose rights are tested. */
let root: Connection
let clerk: Connection
let admin: mongo.Db
let folder: string

const options = { autoCreate: false, autoIndex: false }
const clerkUri = () => server.uri(DATABASE, `clerk:${PASSWORD}`)

beforeAll(async () => {
  folder = await makeFolder(afterAll)
  server = await startSecuredReplicaSet()
  root = await mongoose.createConnection(server.uri(DATABASE), options).asPromise()
  admin = root.getClient().db('admin')
  await admin.command({ createRole: 'tested', privileges: [], roles: [] })
  await admin.command({ createUser: 'clerk', pwd: PASSWORD, roles: ['tested'] })
  clerk = await mongoose.createConnection(clerkUri(), options).asPromise()
})

afterAll(async () => {
  await Promise.all([root.close(), clerk.close()])
  await server.stop()
})

/** Gives the user exactly these rights. */
async function grant(rights: readonly Right[]): Promise<void> {
  const collections = new Set(rights.map(({ collection }) => collection))
  const privileges = [...collections].map((collection) => ({
    resource: { db: DATABASE, collection },
    actions: rights.filter((right) => right.collection === collection).map(({ action }) => action),
  }))
  await admin.command({ updateRole: 'tested', privileges })
}

let number = 0
const nextId = () => `ID-${(number += 1)}`

/** A new account with 5 USD. */
async function account(): Promise<string> {
  const accountId = nextId()
  await accountModel(root).open({
    accountId,
    holder: 'Ada',
    currency: 'USD',
    openingBalance: '5',
  })
  return accountId
}

/** A transfer that is posted. */
async function transfer(): Promise<string> {
  const transferId = nextId()
  await accountModel(root).transfer({ transferId, from: 'A', to: 'B', amount: '1' })
  return transferId
}

/** A hold that is active. */
async function hold(): Promise<string> {
  const holdId = nextId()
  // What is held of the other accounts would be looked at by transfers that are refused.
  await accountModel(root).hold({ holdId, from: await account(), to: 'B', amount: '1' })
  return holdId
}

/** Waits for a call about a hold that does not exist, which is looked up. */
const holdRefusal = (call: Promise<unknown>): Promise<unknown> =>
  call.catch((error: unknown) => {
    if (!String(error).includes('HoldNotFound')) throw error
  })

/** A file with a line to post and one to refuse. */
async function file(): Promise<string> {
  const path = join(folder, `${nextId()}.csv`)
  await writeFile(path, `id,from,to,amount\n${nextId()},A,B,1\n${nextId()},A,NOBODY,1\n`)
  return path
}

/** Runs a command as the user. A replay with refusals has done what it was asked to. */
async function command(...parameters: string[]): Promise<void> {
  const { exitCode, stderr } = await daybook(clerkUri(), parameters)
  if (exitCode === 0 || exitCode === 5) return
  expect(exitCode).toBe(1)
  throw new Error(stderr)
}

/** A refusal that depends on what is stored, so that it is looked up. */
const TOO_DEAR = { from: 'B', to: 'A', amount: '100000000' }

/** Waits for a call that is refused because of the amount. Throws any other error of it. */
const refusal = (call: Promise<unknown>): Promise<unknown> =>
  call.catch((error: unknown) => {
    if (!String(error).includes('InsufficientFunds')) throw error
  })

const commandRefusal = (...parameters: string[]): Promise<unknown> =>
  command(...parameters).catch((error: unknown) => {
    if (!String(error).includes('INSUFFICIENT_FUNDS')) throw error
  })

const commandHoldRefusal = (...parameters: string[]): Promise<unknown> =>
  command(...parameters).catch((error: unknown) => {
    if (!String(error).includes('does not exist')) throw error
  })

/** The records of the migrations, once they are applied. */
let migrations: { _id: string }[] = []

/** Whether some work has changed what the next one needs. */
let isStale = true

const COLLECTIONS = ['accounts', 'transfers', 'transfer_groups', 'batches', 'refusals', 'holds']

/** Restores the collections, the migrations' records, and the accounts that the work is about. */
async function books(): Promise<void> {
  if (!isStale) return
  isStale = false
  const records = root.collection<{ _id: string }>('migrations')
  if (migrations.length === 0) {
    expect(await daybook(server.uri(DATABASE), ['migrate', 'up'])).toMatchObject({ exitCode: 0 })
    migrations = await records.find().toArray()
  } else {
    await createCollections(root)
    await root.collection('migration_lock').deleteMany({})
    await records.insertMany(migrations, { ordered: false }).catch(() => undefined)
  }
  const opening = { holder: 'Ada', currency: 'USD', openingBalance: '1000' }
  await accountModel(root).open({ accountId: 'A', ...opening })
  await accountModel(root).open({ accountId: 'B', ...opening })
  for (const accountId of ['E', 'F']) {
    await accountModel(root).open({ accountId, ...opening, currency: 'EUR' })
  }
}

/** The collections that a right is about, or all. */
const collectionsOf = (missing: Right | undefined): readonly string[] =>
  missing ? COLLECTIONS.filter((name) => name === missing.collection) : COLLECTIONS

const drop = async (missing: Right | undefined) => {
  isStale = true
  if (missing && missing.action !== 'createCollection') return
  for (const name of collectionsOf(missing)) await root.dropCollection(name)
}

const removeSeeded = async () => {
  await root.collection('accounts').deleteMany({ createdAt: { $lt: new Date('2026-01-01') } })
}

const request = () => ({ transferId: nextId(), from: 'A', to: 'B', amount: '1' })

const exchange = () => ({
  exchangeId: nextId(),
  from: 'A',
  to: 'E',
  amount: '1',
  toAmount: '1',
  through: { USD: 'B', EUR: 'F' },
})

type Work = () => Promise<unknown>

/** What the administrator prepares, such as what only makes a difference without one right. */
type Preparation = (missing?: Right) => Promise<Work>

/** Does what each row is about, with all that may take a right. */
const WORK: Readonly<Record<string, Preparation>> = {
  'Account.transfer()': async () => async () => {
    await accountModel(clerk).transfer(request())
    await refusal(accountModel(clerk).transfer(TOO_DEAR))
  },
  'Account.transferMany()': async () => () =>
    accountModel(clerk).transferMany([request(), TOO_DEAR]),
  'Account.transferGroup()': async () => async () => {
    await accountModel(clerk).transferGroup({ groupId: nextId(), legs: [request(), request()] })
    await refusal(accountModel(clerk).transferGroup({ groupId: nextId(), legs: [TOO_DEAR] }))
  },
  'Account.exchange()': async () => async () => {
    await accountModel(clerk).exchange(exchange())
    await refusal(accountModel(clerk).exchange({ ...exchange(), amount: '100000000' }))
  },
  'Transfer.reverseGroup()': async () => {
    const groupId = nextId()
    await accountModel(root).transferGroup({ groupId, legs: [request()] })
    return () => transferModel(clerk).reverseGroup(groupId)
  },
  'Transfer.reverse()': async () => {
    const transferId = await transfer()
    return () => transferModel(clerk).reverse(transferId)
  },
  'Account.hold()': async () => async () => {
    const parts = { from: await account(), expiresAt: new Date('2999-01-01') }
    await accountModel(clerk).hold({ holdId: nextId(), to: 'B', amount: '1', ...parts })
    await refusal(accountModel(clerk).hold({ holdId: nextId(), ...TOO_DEAR }))
  },
  'Hold.capture()': async () => {
    const holdId = await hold()
    return async () => {
      await holdModel(clerk).capture(holdId)
      await holdRefusal(holdModel(clerk).capture(nextId()))
    }
  },
  'Hold.release()': async () => {
    const holdId = await hold()
    return async () => {
      await holdModel(clerk).release(holdId)
      await holdRefusal(holdModel(clerk).release(nextId()))
    }
  },
  'Account.open()': async () => () =>
    accountModel(clerk).open({ accountId: nextId(), holder: 'Ada', currency: 'USD' }),
  'Account.freeze(), Account.unfreeze()': async () => async () => {
    await accountModel(clerk).freeze('B')
    await accountModel(clerk).unfreeze('B')
  },
  'Account.setOverdraftLimit()': async () => () =>
    accountModel(clerk).setOverdraftLimit('B', (number += 1)),
  'Account.close()': async () => {
    const accountId = await account()
    return () => accountModel(clerk).close(accountId, { payOutTo: 'A' })
  },
  'account.statement(), account.statementEntries()': async () => async () => {
    const Account = accountModel(clerk)
    await new Account({ _id: 'A' }).statement({ from: new Date(0) })
    await new Account({ _id: 'A' }).statementEntries({ from: new Date(0) }).next()
  },
  'account.balanceAt()': async () => () => {
    const Account = accountModel(clerk)
    return new Account({ _id: 'A' }).balanceAt(new Date(0))
  },
  'replay()': async () => {
    const path = await file()
    return () => replay(clerk, { file: path, rejects: `${path}.rejects.csv` })
  },
  'replay() with dryRun': async () => {
    const path = await file()
    return () => replay(clerk, { file: path, dryRun: true })
  },
  'verify()': async () => () => verify(clerk),
  'seed()': async () => {
    await removeSeeded()
    return () => seed(clerk)
  },
  "seed() with reset: 'seeded'": async () => {
    await seed(root)
    return () => seed(clerk, { reset: 'seeded' })
  },
  "seed() with reset: 'everything'": async () => {
    await accountModel(root).transferGroup({ groupId: nextId(), legs: [request()] })
    await replay(root, { file: await file() })
    await hold()
    isStale = true
    return () => seed(clerk, { reset: 'everything' })
  },
  'createCollections()': async (missing) => {
    await drop(missing)
    return () => createCollections(clerk)
  },
  'createCollections() where another validator must be replaced': async (missing) => {
    isStale = true
    for (const collMod of collectionsOf(missing)) {
      await root.db?.command({ collMod, validator: {} })
    }
    return () => createCollections(clerk)
  },
  transfer: async () => async () => {
    await command('transfer', 'A', 'B', '1')
    await commandRefusal('transfer', 'B', 'A', TOO_DEAR.amount)
  },
  hold: async () => async () => {
    await command('hold', await account(), 'B', '1', '--expires-at', '2999-01-01')
    await commandRefusal('hold', 'B', 'A', TOO_DEAR.amount)
  },
  capture: async () => {
    const holdId = await hold()
    return async () => {
      await command('capture', holdId)
      await commandHoldRefusal('capture', nextId())
    }
  },
  release: async () => {
    const holdId = await hold()
    return async () => {
      await command('release', holdId)
      await commandHoldRefusal('release', nextId())
    }
  },
  holds: async () => () => command('holds'),
  'holds expire': async () => {
    const holds = root.collection<{ _id: string }>('holds')
    await holds.updateOne({ _id: await hold() }, { $set: { expiresAt: new Date(0) } })
    return () => command('holds', 'expire')
  },
  reverse: async () => {
    const transferId = await transfer()
    return () => command('reverse', transferId)
  },
  'reverse --group': async () => {
    const groupId = nextId()
    await accountModel(root).transferGroup({ groupId, legs: [request()] })
    return () => command('reverse', groupId, '--group')
  },
  exchange: async () => async () => {
    const parameters = ['A', 'E', '--to-amount', '1', '--through', 'USD=B,EUR=F', '--id']
    await command('exchange', ...parameters, nextId(), '1')
    await commandRefusal('exchange', ...parameters, nextId(), '100000000')
  },
  group: async () => {
    const groupId = nextId()
    await accountModel(root).transferGroup({ groupId, legs: [request()] })
    return () => command('group', groupId)
  },
  'account open': async () => () =>
    command('account', 'open', nextId(), '--holder', 'Ada', '--currency', 'USD'),
  'account freeze, account unfreeze, account limit': async () => async () => {
    await command('account', 'freeze', 'B')
    await command('account', 'unfreeze', 'B')
    await command('account', 'limit', 'B', '--overdraft', String((number += 1)))
  },
  'account close': async () => {
    const accountId = await account()
    return () => command('account', 'close', accountId, '--pay-out-to', 'A')
  },
  'transfer --dry-run': async () => () => command('transfer', 'A', 'B', '1', '--dry-run'),
  'reverse --dry-run': async () => {
    const transferId = await transfer()
    return () => command('reverse', transferId, '--dry-run')
  },
  'account open --dry-run': async () => () =>
    command('account', 'open', nextId(), '--holder', 'Ada', '--currency', 'USD', '--dry-run'),
  'account freeze --dry-run': async () => () => command('account', 'freeze', 'B', '--dry-run'),
  'account close --dry-run': async () => () =>
    command('account', 'close', 'B', '--pay-out-to', 'A', '--dry-run'),
  'account show': async () => () => command('account', 'show', 'A'),
  statement: async () => () => command('statement', 'A'),
  batches: async () => () => command('batches'),
  'batches NAME': async () => {
    const { name } = await replay(root, { file: await file() })
    return () => command('batches', name)
  },
  verify: async () => () => command('verify'),
  replay: async () => {
    const path = await file()
    return () => command('replay', path, '--rejects', `${path}.rejects.csv`)
  },
  'replay --dry-run': async () => {
    const path = await file()
    return () => command('replay', path, '--dry-run')
  },
  seed: async () => {
    await removeSeeded()
    return () => command('seed')
  },
  'seed --dry-run': async () => () => command('seed', '--dry-run'),
  'seed --reset --force': async () => {
    await seed(root)
    return () => command('seed', '--reset', '--force')
  },
  'migrate status': async () => () => command('migrate', 'status'),
  'migrate up --dry-run': async () => () => command('migrate', 'up', '--dry-run'),
  'migrate up': async (missing) => {
    await drop(missing)
    await root.collection('migrations').deleteMany({})
    return () => command('migrate', 'up')
  },
  'migrate mark --pending': async () => {
    isStale = true
    return () => command('migrate', 'mark', '0002-create-collections', '--pending')
  },
  'migrate unlock': async () => {
    const lock = { token: 'T', host: 'H', pid: 1, since: new Date(), expiresAt: new Date(0) }
    const locks = root.collection<{ _id: string }>('migration_lock')
    await locks.replaceOne({ _id: 'lock' }, lock, { upsert: true })
    return () => command('migrate', 'unlock', '--force')
  },
}

/**
 * All rights of a function, and of a command that has none. Of another command, to save time, one on each collection:
 * it calls a function.
 */
const rightsToRemove = (name: string, rights: readonly Right[]): readonly Right[] =>
  /\(\)|migrate (?!up$)/.test(name)
    ? rights
    : rights.filter(
        ({ collection }, index) =>
          index === rights.findLastIndex((right) => right.collection === collection),
      )

/** Whether roles of MongoDB on the database have all these rights together. */
async function rolesHave(roles: readonly string[], rights: readonly Right[]): Promise<boolean> {
  const found = (await admin.command({
    rolesInfo: roles.map((role) => ({ role, db: DATABASE })),
    showPrivileges: true,
  })) as { roles: { privileges: { resource: { collection: string }; actions: string[] }[] }[] }
  const onAll = found.roles
    .flatMap(({ privileges }) => privileges)
    .filter(({ resource }) => resource.collection === '')
  const actions = new Set(onAll.flatMap((privilege) => privilege.actions))
  return rights.every(({ action }) => actions.has(action))
}

/** What would be lower than some roles: one of them, or a lower one. */
const lowerThan = (roles: readonly string[]): string[] =>
  roles.length > 1 ? [...roles] : roles.includes('readWrite') ? ['read'] : []

const plain = (name: string): string => name.replaceAll('`', '')

describe('docs/rights.md', () => {
  test('has a row for each work that is tested, and no other', () => {
    expect(rows.map(({ name }) => plain(name)).toSorted()).toEqual(Object.keys(WORK).toSorted())
  })

  test.each(rows)('knows what $name needs', async ({ name, roles, rights }) => {
    const prepare = WORK[plain(name)] as Preparation
    const attempt = async (missing?: Right): Promise<unknown> => {
      await books()
      const work = await prepare(missing)
      await grant(rights.filter((right) => right !== missing))
      return await work()
    }

    await expect(attempt()).resolves.not.toThrow()
    for (const missing of rightsToRemove(name, rights)) {
      const { action, collection } = missing
      const failure: unknown = await attempt(missing).catch((error: unknown) => error)
      expect(failure, `without ${action} on ${collection}`).toBeInstanceOf(Error)
      const { message } = failure as Error
      const where = collection === '' ? `the database "${DATABASE}"` : `"${DATABASE}.${collection}"`
      expect(message).toMatch(
        new RegExp(String.raw`user "clerk" of "admin" lacks .*\b${action}\b.* on ${where}`),
      )
      expect(message).toContain('grantRolesToUser("clerk", [{ role: ')
      expect(message).not.toMatch(/hush|quiet|\n\s+at /)
    }

    expect(await rolesHave(roles, rights)).toBe(true)
    for (const lower of lowerThan(roles)) expect(await rolesHave([lower], rights)).toBe(false)
  })
})

describe('a server with access control', () => {
  test.each([
    ['a wrong password', 'clerk:hush-quieter', /authentication failed.*"admin".*user "clerk"/],
    ['an unknown user', `nobody:${PASSWORD}`, /authentication failed.*"admin".*user "nobody"/],
    ['no user', '', /requires a user, but the URI names none/],
  ])('says so at once to %s', async (_what, user, message) => {
    const uri = server.uri(DATABASE, user)
    const { exitCode, stderr } = await daybook(uri, ['batches'])
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(message)
    await expect(openDatabase({ uri })).rejects.toMatchObject({ name: 'EngineError' })

    const connection = mongoose.createConnection(uri, options)
    // Mongoose reports it here too, with the driver's words.
    connection.asPromise().catch(() => undefined)
    const call: unknown = await accountModel(connection)
      .transfer(request())
      .catch((error: unknown) => error)
    await connection.close()
    expect(call).toMatchObject({
      name: 'DatabaseError',
      message: expect.stringMatching(message) as string,
    })
    expect(`${stderr}${(call as Error).message}`).not.toMatch(/hush|quiet/)
  })

  test.each([
    [
      'a wrong password',
      'clerk:hush-quieter',
      'database',
      /user "clerk", or the password is wrong/,
    ],
    ['no user', '', 'database', /requires a user, but the URI names none/],
    ['no rights', undefined, 'rights', /user "clerk" of "admin" lacks the right to find on/],
  ])('is a problem that the doctor finds: %s', async (_what, user, check, message) => {
    await grant([])
    const uri = user === undefined ? clerkUri() : server.uri(DATABASE, user)
    const { exitCode, stdout, stderr } = await daybook(uri, ['doctor', '--json'])
    expect(exitCode).toBe(1)
    const findings = JSON.parse(stdout) as { check: string; state: string; found: string }[]
    expect(findings.find((finding) => finding.check === check)).toMatchObject({
      state: 'problem',
      found: expect.stringMatching(message) as string,
    })
    expect(`${stdout}${stderr}`).not.toMatch(/hush|quiet|\n\s+at /)
  })

  test('is no problem for the doctor if the user may read', async () => {
    await books()
    const reading = (collection: string) => ({ collection, action: 'find' })
    const collections = ['accounts', 'transfers', 'transfer_groups', 'holds', 'batches', 'refusals']
    await grant([
      ...[...collections, 'migrations', 'migration_lock'].map(reading),
      { collection: '', action: 'listCollections' },
    ])
    const { exitCode, stdout } = await daybook(clerkUri(), ['doctor', '--json'])
    const findings = JSON.parse(stdout) as { check: string; state: string; found: string }[]
    expect(findings).toContainEqual({
      check: 'rights',
      state: 'warning',
      found: expect.stringMatching(
        /^read only: .*lacks the right to insert and update on/,
      ) as string,
    })
    expect(findings.filter(({ state }) => state === 'problem')).toEqual([])
    expect(exitCode).toBe(0)
  })

  test('leaves the driver’s error as it is inside a caller’s transaction', async () => {
    await books()
    await grant([])
    const transaction = clerk.transaction((session) =>
      accountModel(clerk).transfer(request(), { session }),
    )
    await expect(transaction).rejects.toMatchObject({ name: 'MongoServerError', code: 13 })
  })
})
