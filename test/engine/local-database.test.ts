import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import mongoose from 'mongoose'
import { lock } from 'proper-lockfile'
import { describe, expect, inject, test as plainTest, vi } from 'vitest'
import { findMongod } from '../../src/engine/finding/mongod.ts'
import { openLocalDatabase, type LocalDatabase } from '../../src/engine/local/local-database.ts'
import { cacheSizeFor } from '../../src/engine/local/mongod-launch.ts'
import { findFreePort, isListening } from '../../src/engine/local/tcp-ports.ts'
import { startTimeOf } from '../../src/engine/processes.ts'
import { waitUntil } from '../../src/engine/wait-until.ts'
import { compiled } from '../support/programs.ts'
import { makeFolder } from '../support/temporary-folder.ts'

interface Fixtures {
  folder: string
  /** Opens the folder's database until the test ends. */
  open: () => Promise<LocalDatabase>
  /** Starts another process that uses the database until `end` is called. */
  openInProcess: () => Promise<OtherProcess>
}

interface OtherProcess {
  uri: string | undefined
  command: ChildProcess
  end: () => Promise<void>
}

const test = plainTest.extend<Fixtures>({
  folder: async ({ onTestFinished }, use) => {
    await use(await makeFolder(onTestFinished))
  },
  open: async ({ folder }, use) => {
    const databases: LocalDatabase[] = []
    await use(async () => {
      const database = await openLocalDatabase({ folder })
      databases.push(database)
      return database
    })
    await Promise.all(databases.map((database) => database.close()))
  },
  openInProcess: async ({ folder }, use) => {
    const commands: ChildProcess[] = []
    await use(async () => {
      const command = spawn(
        process.execPath,
        [compiled('test/support/local-database-child.ts'), folder],
        {
          stdio: ['pipe', 'pipe', 'inherit'],
        },
      )
      commands.push(command)
      const [uri]: string[] = await once(createInterface(command.stdout), 'line')
      return { uri, command, end: () => finish(command) }
    })
    await Promise.all(commands.map(finish))
  },
})

async function finish(command: ChildProcess): Promise<void> {
  if (command.exitCode !== null || command.signalCode !== null) return
  const exit = once(command, 'exit')
  command.stdin?.end()
  await exit
}

async function kill(command: ChildProcess): Promise<void> {
  const exit = once(command, 'exit')
  command.kill('SIGKILL')
  await exit
}

async function pidOf(folder: string): Promise<number> {
  return Number(await readFile(join(folder, 'data/mongod.lock'), 'utf8'))
}

async function modeOf(path: string): Promise<string> {
  return ((await stat(path)).mode & 0o777).toString(8)
}

async function killMongod(folder: string): Promise<void> {
  const pid = await pidOf(folder)
  process.kill(pid, 'SIGKILL')
  await waitUntil(async () => !(await startTimeOf(pid)), { timeout: 5000 })
}

async function onDatabase<Result>(
  uri: string | undefined,
  work: (connection: mongoose.Connection) => Promise<Result>,
): Promise<Result> {
  const connection = await mongoose.createConnection(uri!).asPromise()
  try {
    return await work(connection)
  } finally {
    await connection.close()
  }
}

function write(uri: string | undefined, text: string): Promise<void> {
  return onDatabase(uri, async (connection) => {
    await connection.createCollection('notes')
    await connection.transaction(async (session) => {
      await connection.collection('notes').insertOne({ text }, { session })
    })
  })
}

function read(uri: string | undefined): Promise<unknown[]> {
  return onDatabase(uri, (connection) => connection.collection('notes').distinct('text'))
}

describe.concurrent('openLocalDatabase', () => {
  test('supports transactions, and keeps its data and port when it is opened again', async ({
    folder,
    open,
  }) => {
    const first = await open()
    await write(first.uri, 'one')
    const pid = await pidOf(folder)
    await first.close()
    expect(await startTimeOf(pid)).toBeUndefined()
    const second = await open()
    expect(second.uri).toBe(first.uri)
    expect(await read(second.uri)).toEqual(['one'])
  })

  test('lets mongod’s cache grow to a quarter of the memory, but not beyond 4 GB', () => {
    const sizes = [0.5, 3, 8, 64].map((gigabytes) => cacheSizeFor(gigabytes * 1024 ** 3))
    expect(sizes).toEqual([0.25, 0.75, 2, 4])
  })

  test('can be closed twice', async ({ open }) => {
    const database = await open()
    const other = await open()
    await Promise.all([database.close(), database.close()])
    await database.close()
    expect(await read(other.uri)).toEqual([])
  })

  test('is shared by processes that start at the same time, and stops with the last of them', async ({
    folder,
    open,
    openInProcess,
  }) => {
    const commands = await Promise.all([openInProcess(), openInProcess()])
    const here = await open()
    expect(commands.map(({ uri }) => uri)).toEqual([here.uri, here.uri])
    const pid = await pidOf(folder)
    await commands[0].end()
    await here.close()
    await write(commands[1].uri, 'still there')
    expect(await startTimeOf(pid)).toBeDefined()
    await commands[1].end()
    expect(await startTimeOf(pid)).toBeUndefined()
  })

  test('joins the mongod that a killed process started, and stops it at the end', async ({
    folder,
    open,
    openInProcess,
  }) => {
    const { uri, command } = await openInProcess()
    const pid = await pidOf(folder)
    await kill(command)
    expect(await startTimeOf(pid)).toBeDefined()
    const database = await open()
    expect(database.uri).toBe(uri)
    expect(await pidOf(folder)).toBe(pid)
    await database.close()
    expect(await startTimeOf(pid)).toBeUndefined()
  })

  test('keeps committed data when mongod is killed', async ({ folder, open }) => {
    const first = await open()
    await write(first.uri, 'committed')
    await killMongod(folder)
    const second = await open()
    expect(second.uri).toBe(first.uri)
    expect(await read(second.uri)).toEqual(['committed'])
  })

  test('moves to another port when its port is taken', async ({ folder, open, onTestFinished }) => {
    const first = await open()
    await write(first.uri, 'moved')
    await first.close()
    const port = Number(await readFile(join(folder, 'port'), 'utf8'))
    const server = createServer((socket) => socket.destroy()).listen(port, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const second = await open()
    expect(second.uri).not.toBe(first.uri)
    expect(await read(second.uri)).toEqual(['moved'])
  })

  test('does not use a mongod of another folder on its port', async ({ folder, open }) => {
    const foreign = new URL(inject('mongodbUri')).port
    await writeFile(join(folder, 'port'), foreign)
    const database = await open()
    expect(new URL(database.uri).port).not.toBe(foreign)
  })

  test('does not use another process that has the id of its mongod', async ({ folder, open }) => {
    await mkdir(join(folder, 'data'))
    await writeFile(join(folder, 'data/mongod.lock'), `${process.pid}\n`)
    const database = await open()
    expect(await pidOf(folder)).not.toBe(process.pid)
    expect(await read(database.uri)).toEqual([])
  })

  test('does not wait for processes that have ended, even if another one has the same id', async ({
    folder,
    open,
  }) => {
    const database = await open()
    const pid = await pidOf(folder)
    await writeFile(join(folder, `users/${process.ppid}-reused`), '1')
    await writeFile(join(folder, 'users/999999999-dead'), '1')
    await database.close()
    expect(await readdir(join(folder, 'users'))).toEqual([])
    expect(await startTimeOf(pid)).toBeUndefined()
  })

  test('ignores the lock of a killed process', async ({ folder, open }) => {
    await mkdir(join(folder, 'lock'))
    const secondsAgo = new Date(Date.now() - 3000)
    await utimes(join(folder, 'lock'), secondsAgo, secondsAgo)
    const database = await open()
    expect(await read(database.uri)).toEqual([])
  })

  test('initiates a replica set if the process that started it was killed before doing so', async ({
    folder,
    open,
  }) => {
    const data = join(folder, 'data')
    await mkdir(data)
    const port = await findFreePort()
    await writeFile(join(folder, 'port'), String(port))
    const { path } = await findMongod()
    const options = ['--port', String(port), '--replSet', 'daybook', '--bind_ip', '127.0.0.1']
    const mongod = spawn(path, ['--dbpath', data, ...options], { stdio: 'ignore' })
    await waitUntil(() => isListening(port), { timeout: 10_000 })
    const database = await open()
    expect(await pidOf(folder)).toBe(mongod.pid)
    await write(database.uri, 'initiated')
  })

  test('reports the reason in the log when mongod cannot start on the data', async ({
    folder,
    open,
  }) => {
    const database = await open()
    await database.close()
    const metadata = join(folder, 'data/WiredTiger.turtle')
    const text = await readFile(metadata, 'utf8')
    await writeFile(metadata, text.replace('version=(major=1', 'version=(major=9'))
    const failure = openLocalDatabase({ folder })
    await expect(failure).rejects.toMatchObject({ name: 'EngineError' })
    await expect(failure).rejects.toThrow(/unsupported WiredTiger source file version 9/)
    await expect(failure).rejects.toThrow(/another version of MongoDB.*mongod\.log/)
    expect(await readdir(join(folder, 'users')).catch(() => [])).toEqual([])
  })

  test('keeps its folder, data and log from other users, also if they were open to them', async ({
    folder,
    open,
  }) => {
    await mkdir(join(folder, 'data'))
    await chmod(join(folder, 'data'), 0o755)
    await writeFile(join(folder, 'mongod.log'), '')
    await chmod(folder, 0o777)
    await open()
    expect(await modeOf(folder)).toBe('700')
    expect(await modeOf(join(folder, 'data'))).toBe('700')
    expect(await modeOf(join(folder, 'mongod.log'))).toBe('600')
  })

  test('leaves the permissions of a folder that holds other files, too', async ({
    folder,
    open,
  }) => {
    await writeFile(join(folder, 'letter.txt'), '')
    await chmod(folder, 0o755)
    await open()
    expect(await modeOf(folder)).toBe('755')
    expect(await modeOf(join(folder, 'data'))).toBe('700')
    expect(await modeOf(join(folder, 'mongod.log'))).toBe('600')
  })

  test('says what it waits for while another process holds the lock', async ({ folder }) => {
    const release = await lock(folder, { lockfilePath: join(folder, 'lock'), update: 1000 })
    const told: string[] = []
    const waiting = openLocalDatabase({ folder, onProgress: (text) => told.push(text) })
    await vi.waitUntil(() => told.length > 0, { timeout: 5000 })
    expect(told).toEqual([expect.stringMatching(/^waiting for another command.*\/lock\)$/)])
    await release()
    await (await waiting).close()
  })

  test('ends its wait for the lock when its signal aborts', async ({ folder }) => {
    const release = await lock(folder, { lockfilePath: join(folder, 'lock'), update: 1000 })
    const failure = openLocalDatabase({ folder, signal: AbortSignal.timeout(300) })
    await expect(failure).rejects.toMatchObject({ name: 'TimeoutError' })
    await release()
  })

  test('leaves mongod running when it is interrupted and another process holds the lock', async ({
    folder,
    open,
  }) => {
    const interruption = new AbortController()
    const told: string[] = []
    const first = await openLocalDatabase({
      folder,
      signal: interruption.signal,
      onProgress: (text) => told.push(text),
    })
    const release = await lock(folder, { lockfilePath: join(folder, 'lock'), update: 1000 })
    interruption.abort()
    await first.close()
    await release()
    expect(told.at(-1)).toMatch(/it is left running, and the next command stops it/)
    expect(await readdir(join(folder, 'users'))).toEqual([])
    expect((await open()).uri).toBe(first.uri)
  })

  test('names a folder that cannot be used', async ({ folder }) => {
    await writeFile(join(folder, 'file'), '')
    await expect(openLocalDatabase({ folder: join(folder, 'file') })).rejects.toMatchObject({
      name: 'EngineError',
      message: expect.stringContaining(join(folder, 'file')),
    })
  })
})

describe.concurrent('LocalDatabase.stayOpen', () => {
  test('resolves when its signal aborts', async ({ open }) => {
    const database = await open()
    const controller = new AbortController()
    const stay = database.stayOpen(controller.signal)
    controller.abort()
    await expect(stay).resolves.toBeUndefined()
  })

  test('rejects when mongod ends before that', async ({ folder, open }) => {
    const database = await open()
    const stay = database.stayOpen(new AbortController().signal)
    await Promise.all([expect(stay).rejects.toThrow(/has ended.*mongod\.log/), killMongod(folder)])
  })
})
