import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { open, rename, writeFile } from 'node:fs/promises'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import { EngineError } from '../../errors.ts'
import { waitUntil } from '../wait-until.ts'
import { logIn, readLog, reasonForFailedStart } from './mongod-log.ts'
import { localName } from './replica-set-member.ts'

/** How long a mongod may take to be ready, in milliseconds. It may have to recover its data first. */
export const longestStart = 60_000

/** The folder in which the mongod of a local database keeps its data. */
export function dataFolderIn(folder: string): string {
  return join(folder, 'data')
}

/**
 * Starts a mongod on the data of a folder, detached from this process, and returns its process id once it
 * accepts connections.
 * @throws EngineError with the reason in mongod's log; the signal's reason if it aborts the wait
 */
export async function launchMongod(
  mongod: string,
  { folder, port, signal }: { folder: string; port: number; signal?: AbortSignal | undefined },
): Promise<number> {
  const log = logIn(folder)
  await rename(log, join(folder, 'mongod.previous.log')).catch(() => {})
  await writeFile(log, '', { mode: 0o600 })
  const output = await open(log, 'a')
  // Detached and without a pipe to this process, because it must outlive the command that starts it.
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
  // Read from its log, because another program might answer on the port.
  const isReady = async () => /waiting for connections/i.test(await readLog(folder))
  try {
    await waitUntil(async () => hasEnded || (await isReady()), { timeout: longestStart, signal })
  } catch (error) {
    child.kill('SIGKILL')
    await end
    throw error
  }
  if (!hasEnded && child.pid && (await isReady())) return child.pid
  if (!hasEnded) child.kill('SIGKILL')
  await end
  throw new EngineError(
    `mongod could not start on the data in ${dataFolderIn(folder)}: ${await reasonForFailedStart(folder)}. The log: ${log}`,
  )
}

const GIB = 1024 ** 3

/**
 * How large mongod's cache may grow, in GB, on a machine with this many bytes of memory: a quarter of it, and at most 4.
 * Work over a million accounts takes more than half as long again with 0.5 GB as with 4.
 */
export const cacheSizeFor = (memory: number): number =>
  Math.min(4, Math.max(0.25, Math.floor((25 * memory) / GIB) / 100))

/** The memory of the machine, or of the container if it is less. */
const usableMemory = (): number =>
  Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY)

function argumentsOf({ folder, port, log }: { folder: string; port: number; log: string }) {
  const options = {
    dbpath: dataFolderIn(folder),
    port,
    bind_ip: '127.0.0.1',
    replSet: localName,
    logpath: log,
    // By default the cache may take half of the memory, and the oplog takes 5 % of the disk.
    wiredTigerCacheSizeGB: cacheSizeFor(usableMemory()),
    oplogSize: 512,
    setParameter: 'diagnosticDataCollectionEnabled=false',
  }
  const switches = ['--logappend', ...(process.platform === 'win32' ? [] : ['--nounixsocket'])]
  const pairs = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
  return [...pairs, ...switches]
}
