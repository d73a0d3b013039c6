import { mkdir, realpath } from 'node:fs/promises'
import { resolve } from 'node:path'
import { EngineError } from '../../errors.ts'
import { folderError } from '../errors.ts'
import { findMongod, type FindMongodOptions } from '../finding/mongod.ts'
import { findRunning, serves, startServer, stopServer, type LocalServer } from './local-server.ts'
import { localName } from './member.ts'
import { addUser, hasUsers, withLock } from './users.ts'

/** The folder of the data, `.daybook` in the working folder by default, and where to find a mongod. */
export interface LocalDatabaseOptions extends FindMongodOptions {
  folder?: string
}

/** A local replica set of one member, shared with every other process that opened the same folder. */
export interface LocalDatabase {
  uri: string
  /** Ends this use of it; the last user's end stops mongod and keeps the data. */
  close(): Promise<void>
  /** Resolves when the signal aborts; rejects with an EngineError if mongod ends before. */
  stayOpen(signal: AbortSignal): Promise<void>
}

/** Joins the mongod that serves a folder's data, or starts it. */
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
    // One name for one folder, so that every user finds the same mongod by it.
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
      throw new EngineError(`mongod (process ${pid}) has ended; its log: ${folder}/mongod.log`)
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
