import { inspect } from 'node:util'
import mongoose from 'mongoose'
import { describe, expect, inject, onTestFinished, test } from 'vitest'
import { openDatabase } from '../../src/engine/database.ts'
import { requireReplicaSet } from '../../src/engine/replica-set.ts'
import { describeUri, hidePasswords, isLocalUri } from '../../src/engine/uri.ts'
import { InputError } from '../../src/index.ts'
import { startMongod } from '../support/mongod.ts'
import { makeFolder } from '../support/temporary-folder.ts'

describe.concurrent('openDatabase', () => {
  test('prefers `uri` to MONGODB_URI', async () => {
    const uri = inject('mongodbUri')
    const environment = { MONGODB_URI: 'mongodb://127.0.0.1:1/' }
    expect(await openDatabase({ uri, environment })).toMatchObject({ uri, isLocal: false })
  })

  test('prefers MONGODB_URI to the local database', async () => {
    const uri = inject('mongodbUri')
    const environment = { MONGODB_URI: uri }
    expect(await openDatabase({ environment, folder: '/dev/null' })).toMatchObject({ uri })
  })

  test('opens the local database when no URI is set', async ({ onTestFinished: onFinished }) => {
    const database = await openDatabase({
      folder: await makeFolder(onFinished),
      environment: { ...process.env, MONGODB_URI: '' },
    })
    expect(database.isLocal).toBe(true)
    await database.close()
  })

  test('refuses a standalone server and says how to get a replica set', async ({
    onTestFinished: onFinished,
  }) => {
    const uri = await startMongod(onFinished)
    await expect(openDatabase({ uri })).rejects.toMatchObject({
      name: 'EngineError',
      message: expect.stringMatching(/standalone.*need a replica set.*--replSet.*rs\.initiate/),
    })
  })

  test(
    'says that a replica set is not initiated',
    { timeout: 15_000 },
    async ({ onTestFinished: onFinished }) => {
      const uri = await startMongod(onFinished, '--replSet', 'rs0')
      await expect(openDatabase({ uri })).rejects.toThrow(/not initiated\. Run rs\.initiate\(\)/)
    },
  )

  test('recognizes a standalone server and another replica set when the URI names a replica set', async ({
    onTestFinished: onFinished,
  }) => {
    const standalone = `${await startMongod(onFinished)}?replicaSet=rs0`
    const other = inject('mongodbUri').replace(/replicaSet=[^&]*/, 'replicaSet=other')
    // Both at once, because each waits until the driver gives up.
    await Promise.all([
      expect(openDatabase({ uri: standalone })).rejects.toThrow(/is a standalone server/),
      expect(openDatabase({ uri: other })).rejects.toThrow(
        /belongs to the replica set \S+, but the URI says replicaSet=other$/,
      ),
    ])
  }, 20_000)

  test('gives up on an unreachable server within seconds, and hides its password', async () => {
    const failure = openDatabase({ uri: 'mongodb://me:secret@127.0.0.1:1/daybook' })
    await expect(failure).rejects.toMatchObject({ name: 'EngineError' })
    await expect(failure).rejects.toThrow(/mongodb:\/\/me:\*\*\*@127\.0\.0\.1:1.*ECONNREFUSED/)
    await expect(failure).rejects.not.toThrow(/secret/)
  }, 20_000)

  test('refuses a malformed URI, and hides its password', async () => {
    const failure = openDatabase({ uri: 'mongo://me:secret@localhost' })
    await expect(failure).rejects.toThrow(/mongo:\/\/me:\*\*\*@localhost.*Invalid scheme/)
    await expect(failure).rejects.toThrow(InputError)
  })

  test.each([
    'mongodb://me:hush-quiet',
    'mongodb://me:hush-quiet/daybook',
    'mongodb://me:hush/quiet@host/daybook',
    'mongodb://me:hush?quiet@host',
    'mongodb://me:Hush%zzQuiet@host',
    'mongodb://me:hush@quiet@host/daybook',
    'mongodb+srv://me:hush-quiet',
    'me:hush-quiet',
    'mongodb//me:hush-quiet@host',
    'mongodb://me:hush-quiet@host:port',
    'mongodb://me:hush-quiet@host/?tls=yes&password=quiet',
  ])('prints no part of the password of the malformed URI %s', async (uri) => {
    const error: unknown = await openDatabase({ uri }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(InputError)
    expect(inspect(error, { depth: 10, showHidden: true })).not.toMatch(/hush|quiet/i)
  })

  test('ends its search for a server when its signal aborts', async () => {
    const signal = AbortSignal.timeout(100)
    await expect(openDatabase({ uri: 'mongodb://127.0.0.1:1/', signal })).rejects.toMatchObject({
      name: 'TimeoutError',
    })
  })
})

describe('requireReplicaSet', () => {
  test('accepts a replica set', async () => {
    const connection = mongoose.createConnection(inject('mongodbUri'))
    onTestFinished(() => connection.close())
    await expect(requireReplicaSet(connection)).resolves.toBeUndefined()
  })
})

describe('describeUri', () => {
  test.each([
    ['mongodb://127.0.0.1:27017/daybook', 'mongodb://127.0.0.1:27017/daybook'],
    [
      'mongodb+srv://me:secret@host/x?retryWrites=true',
      'mongodb+srv://me:***@host/x?retryWrites=true',
    ],
    ['mongodb://me:p@ss/word@host', 'mongodb://me:***@host'],
    ['mongodb://me:pass word@host/x', 'mongodb://me:***@host/x'],
    ['mongodb:/me:secret@host/x', 'mongodb:/me:***@host/x'],
    ['me:secret@host/x', 'me:***@host/x'],
    ['mongodb://me:secret', 'mongodb://me:***'],
    ['mongodb://me:123456/78 9', 'mongodb://me:***'],
    ['mongodb+srv://me:1secret?x', 'mongodb+srv://me:***'],
    ['me:secret', 'me:***'],
    ['localhost:27017', 'localhost:27017'],
    ['mongodb://[::1]:27017,other:27018/x?y=z', 'mongodb://[::1]:27017,other:27018/x?y=z'],
    [
      'mongodb://me@host/?tlsCertificateKeyFilePassword=secret&tls=true',
      'mongodb://me@host/?tlsCertificateKeyFilePassword=***&tls=true',
    ],
    [
      'mongodb://host/?authMechanismProperties=AWS_SESSION_TOKEN:secret',
      'mongodb://host/?authMechanismProperties=***',
    ],
  ])('writes %s as %s', (uri, described) => {
    expect(describeUri(uri)).toBe(described)
  })
})

describe('hidePasswords', () => {
  test.each([
    ['unknown argument: mongodb://me:secret@host/x', 'unknown argument: mongodb://me:***@host/x'],
    ['unknown argument: mongodb://me:secret', 'unknown argument: mongodb://me:***'],
    ['connect to "mongodb://host:27017" failed', 'connect to "mongodb://host:27017" failed'],
  ])('writes %s as %s', (message, hidden) => {
    expect(hidePasswords(message)).toBe(hidden)
  })
})

describe('isLocalUri', () => {
  test.each([
    'mongodb://localhost',
    'mongodb://127.0.0.1:27017/daybook?replicaSet=daybook',
    'mongodb://me:secret@127.1.2.3:1,[::1]:2/daybook',
    'mongodb://%2Ftmp%2Fmongodb-27017.sock/daybook',
  ])('is true for %s', (uri) => {
    expect(isLocalUri(uri)).toBe(true)
  })

  test.each([
    'mongodb://example.org/daybook',
    'mongodb://localhost,example.org/daybook',
    'mongodb://localhost:localhost@example.org/',
    'mongodb://localhost:1/x@example.org',
    'mongodb://example.org/?appName=@localhost',
    'mongodb://127.0.0.1.example.org/',
    'mongodb+srv://localhost/daybook',
    'localhost',
  ])('is false for %s', (uri) => {
    expect(isLocalUri(uri)).toBe(false)
  })
})
