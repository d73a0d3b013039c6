import { EngineError } from '../../errors.ts'
import { findMongod, type FindMongodOptions } from '../finding/mongod.ts'
import { explainFileError } from '../folder-error.ts'
import { named } from '../../messages.ts'
import { type LockWait, withLock } from './folder-lock.ts'
import { addUser, hasUsers } from './folder-users.ts'
import { findRunning, serves, startServer, stopServer, type LocalServer } from './local-server.ts'
import { logIn, reasonForEnd } from './mongod-log.ts'
import { makePrivateFolder } from './private-folder.ts'
import { localName } from './replica-set-member.ts'

/** Where the data are, and how to find a mongod. */
export interface LocalDatabaseOptions extends FindMongodOptions {
  /** `.daybook` in the working folder by default. */
  folder?: string | undefined
}

/** A local replica set with one member, shared by all processes that open the same folder. */
export interface LocalDatabase {
  uri: string
  /** Leaves the database. When the last user leaves, mongod stops; the data stay. */
  close(): Promise<void>
  /** Resolves when the signal aborts; rejects with an EngineError if mongod ends before that. */
  stayOpen(signal: AbortSignal): Promise<void>
}

/**
 * Joins the mongod that serves a folder's data, or starts one.
 * @throws EngineError if there is none and none can be started; the signal's reason if it aborts before that
 */
export async function openLocalDatabase(
  options: LocalDatabaseOptions = {},
): Promise<LocalDatabase> {
  const { onProgress, signal } = options
  signal?.throwIfAborted()
  const folder = await makePrivateFolder(options.folder ?? '.daybook', onProgress)
  const { server, removeUser } = await withLock(
    folder,
    async () => ({
      server: (await findRunning(folder, options)) ?? (await start(folder, options)),
      removeUser: await addUser(folder),
    }),
    options,
  ).catch((error: unknown) => {
    throw explainFileError(folder, error)
  })
  let closing: Promise<void> | undefined
  return {
    uri: `mongodb://127.0.0.1:${server.port}/${localName}?replicaSet=${localName}`,
    close: () => (closing ??= leave({ folder, server, removeUser }, { onProgress, signal })),
    stayOpen: (until) => stayOpen(folder, server, until),
  }
}

async function start(folder: string, options: FindMongodOptions): Promise<LocalServer> {
  const { path, version } = await findMongod(options)
  options.onProgress?.(`starting mongod ${version} in ${named(folder)}`)
  return startServer(folder, path, options)
}

/** How long a command that was interrupted may wait for another one, in milliseconds, to stop mongod in good order. */
const longestFarewell = 5000

interface Membership {
  folder: string
  server: LocalServer
  removeUser: () => Promise<void>
}

async function leave(
  { folder, server, removeUser }: Membership,
  { onProgress, signal }: LockWait,
): Promise<void> {
  await makePrivateFolder(folder, onProgress)
  const farewell = abortsAfter(signal, longestFarewell)
  const stop = async (): Promise<void> => {
    farewell.cancel()
    await removeUser()
    if (!(await hasUsers(folder))) await stopServer(folder, server)
  }
  try {
    await withLock(folder, stop, { onProgress, signal: farewell.signal })
  } catch (error) {
    if (!farewell.signal.aborted) throw error
    await removeUser()
    onProgress?.(
      `another command is starting or stopping mongod (process ${server.pid}): it is left running, and the next command stops it`,
    )
  } finally {
    farewell.cancel()
  }
}

/** A signal that aborts some milliseconds after another one has, unless it is canceled. */
function abortsAfter(
  signal: AbortSignal | undefined,
  delay: number,
): { signal: AbortSignal; cancel: () => void } {
  const controller = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const startTimer = (): void => {
    timer = setTimeout(() => controller.abort(), delay)
  }
  signal?.addEventListener('abort', startTimer, { once: true })
  if (signal?.aborted) startTimer()
  return {
    signal: controller.signal,
    cancel() {
      signal?.removeEventListener('abort', startTimer)
      clearTimeout(timer)
    },
  }
}

async function stayOpen(folder: string, { pid }: LocalServer, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    if (!(await serves(pid, folder))) {
      const reason = await reasonForEnd(folder)
      throw new EngineError(
        `mongod (process ${pid}) has ended${reason ? `: ${reason}` : ''}. Its log: ${logIn(folder)}`,
      )
    }
    await new Promise<void>((done) => {
      const timer = setTimeout(finish, 500)
      function finish(): void {
        clearTimeout(timer)
        signal.removeEventListener('abort', finish)
        done()
      }
      signal.addEventListener('abort', finish)
    })
  }
}
