import { mkdir, realpath } from 'node:fs/promises'
import { resolve } from 'node:path'
import { EngineError } from '../../errors.ts'
import { findMongod, type FindMongodOptions } from '../finding/mongod.ts'
import { folderError } from '../folder-error.ts'
import { withLock } from './folder-lock.ts'
import { addUser, hasUsers } from './folder-users.ts'
import { findRunning, serves, startServer, stopServer, type LocalServer } from './local-server.ts'
import { localName } from './replica-set-member.ts'

/** Where the data are, and how to find a mongod. */
export interface LocalDatabaseOptions extends FindMongodOptions {
  /** `.daybook` in the working folder by default. */
  folder?: string
}

/** A local replica set with one member, shared by all processes that open the same folder. */
export interface LocalDatabase {
  uri: string
  /** Leaves the database. When the last user leaves, mongod stops; the data stay. */
  close(): Promise<void>
  /** Resolves when the signal aborts; rejects with an EngineError if mongod ends before that. */
  stayOpen(signal: AbortSignal): Promise<void>
}

/** Joins the mongod that serves a folder's data, or starts one. */
export async function openLocalDatabase(
  options: LocalDatabaseOptions = {},
): Promise<LocalDatabase> {
  const folder = await makeFolder(options.folder ?? '.daybook')
  const { server, removeUser } = await withLock(folder, async () => ({
    server: (await findRunning(folder)) ?? (await start(folder, options)),
    removeUser: await addUser(folder),
  }))
  let closing: Promise<void> | undefined
  return {
    uri: `mongodb://127.0.0.1:${server.port}/${localName}?replicaSet=${localName}`,
    close: () => (closing ??= leave(folder, server, removeUser)),
    stayOpen: (signal) => stayOpen(folder, server, signal),
  }
}

async function makeFolder(path: string): Promise<string> {
  try {
    await mkdir(path, { recursive: true })
    // The real path, so that every user names the folder alike and finds the same mongod.
    return await realpath(resolve(path))
  } catch (error) {
    throw folderError(path, error)
  }
}

async function start(folder: string, options: FindMongodOptions): Promise<LocalServer> {
  const { path, version } = await findMongod(options)
  options.onProgress?.(`starting mongod ${version} in ${folder}`)
  return startServer(folder, path)
}

async function leave(
  folder: string,
  server: LocalServer,
  removeUser: () => Promise<void>,
): Promise<void> {
  await mkdir(folder, { recursive: true })
  await withLock(folder, async () => {
    await removeUser()
    if (!(await hasUsers(folder))) await stopServer(folder, server)
  })
}

async function stayOpen(folder: string, { pid }: LocalServer, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    if (!(await serves(pid, folder))) {
      throw new EngineError(`mongod (process ${pid}) has ended. Its log: ${folder}/mongod.log`)
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
