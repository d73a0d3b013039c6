import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { EngineError } from '../../errors.ts'
import { named, reasonOf } from '../../messages.ts'
import { explainFileError } from '../folder-error.ts'
import { commandLineOf, startTimeOf } from '../processes.ts'
import { waitUntil } from '../wait-until.ts'
import type { LockWait } from './folder-lock.ts'
import { dataFolderIn, launchMongod, longestStart } from './mongod-launch.ts'
import { tighten } from './private-folder.ts'
import { dataFolderOf, makePrimary, withMember, type Client } from './replica-set-member.ts'
import { findFreePort, isListening } from './tcp-ports.ts'

/** A mongod that serves the data of a folder. */
export interface LocalServer {
  pid: number
  port: number
}

/** A folder, and the port on which its mongod is expected. */
interface ExpectedServer {
  folder: string
  port: number
  /** Ends the wait for it. */
  signal?: AbortSignal | undefined
}

const longestStop = 15_000

/** Finds the running mongod of a folder and makes it primary; undefined if none runs. */
export async function findRunning(
  folder: string,
  { onProgress, signal }: LockWait = {},
): Promise<LocalServer | undefined> {
  const recorded = await recordedServer(folder)
  if (!recorded) return undefined
  const { pid, port } = recorded
  try {
    // A command may have started it a moment ago and then been killed.
    await waitUntil(async () => (await isListening(port)) || !(await serves(pid, folder)), {
      timeout: longestStart,
      signal,
      onLongWait: () => onProgress?.(`waiting for mongod (process ${pid}), which is starting`),
    })
    if (!(await serves(pid, folder))) return await waitForEnd(pid)
    await becomePrimary({ folder, port, signal })
    return { pid, port }
  } catch (error) {
    signal?.throwIfAborted()
    throw new EngineError(
      `mongod (process ${pid}) holds the data in ${dataFolderIn(folder)}, but cannot be used on port ${port}: ${reasonOf(error)}. End it with: kill ${pid}`,
      { cause: error },
    )
  }
}

/** The mongod that last served the data of a folder, as its files say; undefined if it was stopped in good order. */
export async function recordedServer(folder: string): Promise<LocalServer | undefined> {
  const pid = await readNumber(join(dataFolderIn(folder), 'mongod.lock'))
  return pid ? { pid, port: (await readNumber(join(folder, 'port'))) ?? 0 } : undefined
}

// A process that is ending has already lost its command line, but still holds its locks.
async function waitForEnd(pid: number): Promise<undefined> {
  const hasEnded = async () => !(await startTimeOf(pid)) || (await commandLineOf(pid)) !== ''
  await waitUntil(hasEnded, { timeout: 5000 })
}

/** Starts a mongod on the data of a folder, detached from this process, and makes it primary. */
export async function startServer(
  folder: string,
  mongod: string,
  { onProgress, signal }: LockWait = {},
): Promise<LocalServer> {
  await mkdir(dataFolderIn(folder), { recursive: true, mode: 0o700 })
  await tighten(dataFolderIn(folder), onProgress)
  for (let attempt = 1; ; attempt += 1) {
    const port = await findFreePort(await readNumber(join(folder, 'port')))
    // Written before the start, so that the mongod is found even if this process is killed.
    await writeFile(join(folder, 'port'), `${port}\n`)
    try {
      const server = { pid: await launchMongod(mongod, { folder, port, signal }), port }
      await becomePrimary({ folder, port, signal }).catch(async (error) => {
        await stopServer(folder, server)
        throw error
      })
      return server
    } catch (error) {
      signal?.throwIfAborted()
      // Another program took the port after it was found free.
      if (/address already in use/i.test(reasonOf(error)) && attempt < 5) continue
      if (error instanceof EngineError || explainFileError(folder, error) !== error) throw error
      const failure = `mongod started, but cannot be used on port ${port}: ${reasonOf(error)}`
      throw new EngineError(failure, { cause: error })
    }
  }
}

/** Stops the mongod of a folder and waits until it has ended. Does nothing if none runs. */
export async function stopServer(folder: string, known: LocalServer): Promise<void> {
  const pid = (await readNumber(join(dataFolderIn(folder), 'mongod.lock'))) ?? known.pid
  const port = (await readNumber(join(folder, 'port'))) ?? known.port
  const ways = [
    () => withMember(port, (client) => shutDown(client, { folder, port })),
    async () => process.kill(pid, 'SIGTERM'),
    // The journal keeps the data safe.
    async () => process.kill(pid, 'SIGKILL'),
  ]
  if (!(await serves(pid, folder))) return
  // Not judged by the command line: a process that is ending loses it before it releases its port.
  const startTime = await startTimeOf(pid)
  const hasEnded = async (): Promise<boolean> => (await startTimeOf(pid)) !== startTime
  for (const stop of ways) {
    if (await hasEnded()) return
    // The connection breaks when mongod ends, as intended. After any other failure the next way is tried.
    const isSent = await stop().then(
      () => true,
      () => false,
    )
    if (await waitUntil(hasEnded, { timeout: isSent ? longestStop : 2000 })) return
  }
  throw new EngineError(`mongod (process ${pid}) of ${named(folder)} does not end`)
}

/** Whether a process is the mongod of a folder's data. */
export async function serves(pid: number, folder: string): Promise<boolean> {
  return (await commandLineOf(pid)).includes(`--dbpath ${dataFolderIn(folder)} `)
}

function becomePrimary(expected: ExpectedServer): Promise<void> {
  const { port, signal } = expected
  return withMember(
    port,
    async (client) => {
      await requireDataFolder(client, expected)
      await makePrimary(client, port, signal)
    },
    signal,
  )
}

async function requireDataFolder(client: Client, { folder, port }: ExpectedServer): Promise<void> {
  const found = await dataFolderOf(client)
  if (found === dataFolderIn(folder)) return
  throw new EngineError(`the mongod on port ${port} serves the data in ${named(found)}`)
}

async function shutDown(client: Client, expected: ExpectedServer): Promise<void> {
  await requireDataFolder(client, expected)
  await client
    .db('admin')
    .command({ shutdown: 1, force: true, timeoutSecs: 1 })
    .catch(() => {})
}

async function readNumber(path: string): Promise<number | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '')
  return Number.parseInt(text, 10) || undefined
}
