import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, open, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { EngineError } from '../../errors.ts'
import { reasonOf } from '../../messages.ts'
import { commandLineOf, markOf, waitUntil } from '../processes.ts'
import { reasonInLog } from './log.ts'
import { dataFolderOf, localName, makePrimary, withMember, type Client } from './member.ts'
import { findFreePort, isListening } from './ports.ts'

/** A mongod that serves the data of a folder. */
export interface LocalServer {
  pid: number
  port: number
}

interface Place {
  folder: string
  port: number
}

const longestStart = 60_000
const longestStop = 15_000

/** The running mongod of a folder as primary, or undefined if none runs. */
export async function findRunning(folder: string): Promise<LocalServer | undefined> {
  const pid = await readNumber(join(dataOf(folder), 'mongod.lock'))
  if (!pid) return undefined
  const port = (await readNumber(join(folder, 'port'))) ?? 0
  try {
    // It may have been started a moment ago by a command that was then killed.
    await waitUntil(async () => (await isListening(port)) || !(await serves(pid, folder)), {
      timeout: longestStart,
    })
    if (!(await serves(pid, folder))) return await letEnd(pid)
    await becomePrimary(folder, port)
    return { pid, port }
  } catch (error) {
    throw new EngineError(
      `mongod (process ${pid}) holds the data in ${dataOf(folder)}, but cannot be used on port ${port}: ${reasonOf(error)}; end it with: kill ${pid}`,
      { cause: error },
    )
  }
}

// A process that is ending has lost its command line, but not yet its locks.
async function letEnd(pid: number): Promise<undefined> {
  const isOver = async () => !(await markOf(pid)) || (await commandLineOf(pid)) !== ''
  await waitUntil(isOver, { timeout: 5000 })
}

/** Starts a mongod on the data of a folder, detached from this process, and makes it primary. */
export async function startServer(folder: string, mongod: string): Promise<LocalServer> {
  await mkdir(dataOf(folder), { recursive: true })
  for (let attempt = 1; ; attempt += 1) {
    const port = await findFreePort(await readNumber(join(folder, 'port')))
    // Before the start: a mongod whose starter is killed is found again by it.
    await writeFile(join(folder, 'port'), `${port}\n`)
    try {
      const server = { pid: await launch(folder, mongod, port), port }
      await becomePrimary(folder, port).catch(async (error) => {
        await stopServer(folder, server)
        throw error
      })
      return server
    } catch (error) {
      // Something took the port after it was found free.
      if (/address already in use/i.test(reasonOf(error)) && attempt < 5) continue
      if (error instanceof EngineError) throw error
      const failure = `mongod started, but cannot be used on port ${port}: ${reasonOf(error)}`
      throw new EngineError(failure, { cause: error })
    }
  }
}

/** Stops the mongod of a folder and waits for its end; none running is no error. */
export async function stopServer(folder: string, known: LocalServer): Promise<void> {
  const pid = (await readNumber(join(dataOf(folder), 'mongod.lock'))) ?? known.pid
  const port = (await readNumber(join(folder, 'port'))) ?? known.port
  const ways = [
    () => withMember(port, (client) => shutDown(client, { folder, port })),
    async () => process.kill(pid, 'SIGTERM'),
    // Its journal keeps the data safe.
    async () => process.kill(pid, 'SIGKILL'),
  ]
  if (!(await serves(pid, folder))) return
  // Not by the command line: a process that is ending loses it before it lets go of its port.
  const mark = await markOf(pid)
  const hasEnded = async (): Promise<boolean> => (await markOf(pid)) !== mark
  for (const way of ways) {
    if (await hasEnded()) return
    // A connection cut by the end of mongod is what was asked for; anything else, the next way mends.
    const sent = await way().then(
      () => true,
      () => false,
    )
    if (await waitUntil(hasEnded, { timeout: sent ? longestStop : 2000 })) return
  }
  throw new EngineError(`mongod (process ${pid}) of ${folder} does not end`)
}

/** Whether a process is the mongod of a folder's data. */
export async function serves(pid: number, folder: string): Promise<boolean> {
  return (await commandLineOf(pid)).includes(`--dbpath ${dataOf(folder)} `)
}

function becomePrimary(folder: string, port: number): Promise<void> {
  return withMember(port, async (client) => {
    await requireOurs(client, { folder, port })
    await makePrimary(client, port)
  })
}

async function requireOurs(client: Client, { folder, port }: Place): Promise<void> {
  const data = await dataFolderOf(client)
  if (data !== dataOf(folder)) throw new EngineError(`port ${port} serves the data in ${data}`)
}

async function shutDown(client: Client, place: Place): Promise<void> {
  await requireOurs(client, place)
  await client
    .db('admin')
    .command({ shutdown: 1, force: true, timeoutSecs: 1 })
    .catch(() => {})
}

async function launch(folder: string, mongod: string, port: number): Promise<number> {
  const log = join(folder, 'mongod.log')
  await rename(log, join(folder, 'mongod.previous.log')).catch(() => {})
  await writeFile(log, '')
  const output = await open(log, 'a')
  // Detached and with no pipe to this process: it must outlive the command that starts it.
  const child = spawn(mongod, argumentsOf({ folder, port, log }), {
    detached: true,
    stdio: ['ignore', output.fd, output.fd],
  })
  let hasEnded = false
  const end = once(child, 'exit').then(
    () => (hasEnded = true),
    () => (hasEnded = true),
  )
  child.unref()
  await output.close()
  // By its own word: on the port, something else might answer.
  const isReady = async () => /waiting for connections/i.test(await readText(log))
  await waitUntil(async () => hasEnded || (await isReady()), { timeout: longestStart })
  if (!hasEnded && child.pid && (await isReady())) return child.pid
  if (!hasEnded) child.kill('SIGKILL')
  await end
  throw new EngineError(`mongod could not start: ${await reasonInLog(log)}; its log: ${log}`)
}

function argumentsOf({ folder, port, log }: { folder: string; port: number; log: string }) {
  const options = {
    dbpath: dataOf(folder),
    port,
    bind_ip: '127.0.0.1',
    replSet: localName,
    logpath: log,
    // By default the cache takes half of the memory and the oplog 5 % of the disk.
    wiredTigerCacheSizeGB: 0.5,
    oplogSize: 512,
    setParameter: 'diagnosticDataCollectionEnabled=false',
  }
  const switches = ['--logappend', ...(process.platform === 'win32' ? [] : ['--nounixsocket'])]
  const pairs = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
  return [...pairs, ...switches]
}

function dataOf(folder: string): string {
  return join(folder, 'data')
}

async function readNumber(path: string): Promise<number | undefined> {
  return Number.parseInt(await readText(path), 10) || undefined
}

function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '')
}
