import { randomUUID } from 'node:crypto'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, describe, expect, inject, onTestFinished, test, vi } from 'vitest'
import { lookAtNode, lookAtPackages } from '../../scripts/commands/doctor/program.ts'
import { compareClocks, lookAtMajority } from '../../scripts/commands/doctor/server.ts'
import { openLocalDatabase } from '../../src/engine/local/local-database.ts'
import { openTestDatabase } from '../../src/testing/index.ts'
import { daybook } from '../support/command-line.ts'
import { startMongod } from '../support/mongod.ts'
import { makeFolder } from '../support/temporary-folder.ts'

interface Finding {
  readonly check: string
  readonly state: string
  readonly found: string
}

/** What the doctor finds, and its exit code. It never says that there is a bug, nor prints a stack. */
async function examine(uri: string, ...parameters: string[]) {
  const { exitCode, stdout, stderr } = await daybook(uri, ['doctor', '--json', ...parameters])
  expect(stdout + stderr).not.toMatch(/bug in Daybook|\n\s+at /)
  const findings = JSON.parse(stdout) as Finding[]
  return {
    exitCode,
    wrong: findings.filter(({ state }) => state !== 'ok'),
    checks: findings.map(({ check }) => check),
  }
}

const finding = (state: string, check: string, found: RegExp): Finding => ({
  state,
  check,
  found: expect.stringMatching(found) as string,
})

const database = await openTestDatabase({ uri: inject('mongodbUri') })
afterAll(() => database.close())
const uriOf = (name: string) => inject('mongodbUri').replace(/\/(\?|$)/, `/${name}$1`)
const uri = uriOf(database.connection.name)

describe('daybook doctor', () => {
  test('finds the pending migrations of a new database, and creates nothing in it', async () => {
    const name = `doctor-${randomUUID()}`
    const { exitCode, wrong } = await examine(uriOf(name))
    expect({ exitCode, wrong }).toEqual({
      exitCode: 0,
      wrong: [finding('warning', 'migrations', /^5 of 5 pending: daybook migrate up applies them/)],
    })
    const client = database.connection.getClient()
    expect(await client.db(name).listCollections().toArray()).toEqual([])
  })

  test('finds nothing wrong with a database that is ready, and says so', async () => {
    await daybook(uri, ['migrate', 'up'])
    const { stdout, stderr, exitCode } = await daybook(uri, ['doctor'])
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: 'all is well\n' })
    expect(stdout).toMatch(/^ok +server +MongoDB \d\S+, replica set \S+ of 1 member$/m)
    expect(stdout).toMatch(/^ok +majority /m)
    expect(stdout).toMatch(/^ok +rights +the server asks for no user$/m)
    expect(stdout).toMatch(/^ok +migrations +all 5 are applied$/m)
  })

  test('finds that a server is standalone', async ({ onTestFinished: onFinished }) => {
    const { exitCode, wrong } = await examine(await startMongod(onFinished))
    expect({ exitCode, wrong }).toEqual({
      exitCode: 1,
      wrong: [finding('problem', 'database', /is a standalone server.*rs\.initiate/)],
    })
  })

  test('finds that nothing answers, and that a definition does not load, both at once', async () => {
    const folder = await makeFolder()
    const config = join(folder, 'daybook.config.json')
    await writeFile(config, '{"collections": {"acounts": "konten"}}')
    const unreachable = 'mongodb://me:hush@127.0.0.1:1/books?serverSelectionTimeoutMS=100'
    const { exitCode, wrong } = await examine(unreachable, '--ledger', config)
    expect({ exitCode, wrong }).toEqual({
      exitCode: 1,
      wrong: [
        finding('problem', 'ledger', /daybook\.config\.json: .*acounts/),
        finding('problem', 'database', /^mongodb:\/\/me:\*\*\*@127\.0\.0\.1:1.*ECONNREFUSED/),
      ],
    })
  }, 20_000)

  test('finds that the definition names collections that the database does not have', async () => {
    const folder = await makeFolder()
    const config = join(folder, 'daybook.config.json')
    await writeFile(config, '{"collections": {"accounts": "konten"}}')
    await daybook(uri, ['migrate', 'up'])
    expect(await examine(uri, '--ledger', config)).toMatchObject({
      exitCode: 1,
      wrong: [finding('problem', 'migrations', /the database has no collection konten/)],
    })
  })

  test('looks at the local database, starts none, and makes no folder', async () => {
    vi.stubEnv('MONGODB_URI', '')
    onTestFinished(() => void vi.unstubAllEnvs())
    const parent = await makeFolder()
    const { exitCode, checks } = await examine('', '--folder', join(parent, 'books'))
    expect(exitCode).toBe(0)
    expect(checks).toEqual(['Node.js', 'packages', 'ledger', 'mongod', 'folder', 'database'])
    expect(await readdir(parent)).toEqual([])
  })

  test('looks at the server of a local database that runs', async () => {
    vi.stubEnv('MONGODB_URI', '')
    onTestFinished(() => void vi.unstubAllEnvs())
    const folder = await makeFolder()
    const local = await openLocalDatabase({ folder })
    onTestFinished(() => local.close())
    expect(await examine('', '--folder', folder)).toMatchObject({
      exitCode: 0,
      wrong: [finding('warning', 'migrations', /pending/)],
    })
  }, 20_000)

  test('finds that the folder cannot be used, and that the named mongod does not run', async () => {
    vi.stubEnv('MONGODB_URI', '')
    vi.stubEnv('MONGOMS_SYSTEM_BINARY', '/nowhere/mongod')
    onTestFinished(() => void vi.unstubAllEnvs())
    const file = join(await makeFolder(), 'file')
    await writeFile(file, '')
    expect(await examine('', '--folder', join(file, 'books'))).toMatchObject({
      exitCode: 1,
      wrong: [
        finding('problem', 'mongod', /MONGOMS_SYSTEM_BINARY: .*unset it/),
        finding('problem', 'folder', /cannot be used: a part of its path is a file/),
      ],
    })
  })
})

test('a version of Node.js that is too old is a problem', () => {
  expect(lookAtNode('20.18.3')).toMatchObject({ state: 'problem' })
  for (const version of ['20.19.0', '21.0.0', '100.1.0']) {
    expect(lookAtNode(version)).toEqual({ state: 'ok', found: version })
  }
})

test.each([
  ['8.19.1', 'problem'],
  ['9.99.0', 'warning'],
])('a project’s mongoose %s beside another is a %s', async (version, state) => {
  const folder = await makeFolder()
  const path = join(folder, 'node_modules/mongoose')
  await mkdir(path, { recursive: true })
  await writeFile(join(path, 'package.json'), JSON.stringify({ version }))
  expect(await lookAtPackages(join(folder, 'src/deep'))).toMatchObject({
    state,
    found: expect.stringContaining(`mongoose ${version} in ${path}. npm ls mongoose`) as string,
  })
})

test.each([
  [0, 'ok', /^the same as here; a round trip takes 100 ms$/],
  [-1_500, 'ok', /./],
  [60_000, 'warning', /^the server is 59\.9 s ahead of this machine/],
  [-3_000, 'warning', /^the server is 3\.0 s behind this machine/],
])('a clock that differs by %i ms is %s', (difference, state, found) => {
  const times = { sentAt: 1_000_000, receivedAt: 1_000_100, serverTime: 1_000_000 + difference }
  expect(compareClocks(times)).toEqual({ state, found: expect.stringMatching(found) as string })
})

test('a majority that does not acknowledge writes is a problem', async () => {
  const { connection } = database
  await connection.collection('accounts').findOne()
  const admin = connection.getClient().db('admin')
  const { appName } = connection.getClient().options
  await admin.command({
    configureFailPoint: 'failCommand',
    mode: { times: 1 },
    data: {
      failCommands: ['update'],
      writeConcernError: { code: 64, errmsg: 'waiting for replication timed out' },
      appName,
    },
  })
  expect(await lookAtMajority(connection)).toMatchObject({
    state: 'problem',
    found: expect.stringMatching(/nothing can be posted.*replication timed out/) as string,
  })
})
