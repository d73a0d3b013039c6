import { spawn } from 'node:child_process'
import { mkdtemp, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'

/** A folder that keeps its files in memory. */
export interface MemoryFolder {
  readonly path: string
  /** Removes the folder with its files. */
  remove(): Promise<void>
}

/** Where to make a folder in memory, and how much room it needs. */
export interface MemoryFolderOptions {
  /** The tmpfs in which the folder is made: by default the one that Linux offers to every program. */
  readonly parent?: string
  /**
   * How much must be free, in bytes: 1 GiB by default. A mongod takes 300 MB when it starts, nearly all for its
   * journal, and took up to 372 MB in a run of Daybook's own tests.
   */
  readonly room?: number
}

/** The type of tmpfs, as statfs reports it. */
const TMPFS = 0x01021994

// The channel between the two processes closes when the parent ends, no matter how. After that, another process of
// mongodb-memory-server stops mongod. The folder must exist until then: mongod would abort without it.
const removeAfterParent = `
  const { readFileSync, rmSync } = require('node:fs')
  const folder = process.argv[1]
  const isServing = () => {
    try {
      const pid = Number(readFileSync(folder + '/mongod.lock', 'utf8'))
      return pid > 0 && process.kill(pid, 0)
    } catch {
      return false
    }
  }
  process.once('disconnect', async () => {
    for (let check = 0; check < 150 && isServing(); check += 1) {
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
  })`

/**
 * Makes a folder in memory for the data of a mongod. Returns undefined if the system offers no tmpfs that is
 * writable and has enough room. If this process is killed, the folder is removed once the mongod has ended.
 */
export async function makeMemoryFolder({
  parent = '/dev/shm',
  room = 1024 ** 3,
}: MemoryFolderOptions = {}): Promise<MemoryFolder | undefined> {
  if ((await freeMemoryIn(parent)) < room) return undefined
  const path = await mkdtemp(join(parent, 'daybook-')).catch(() => undefined)
  if (path === undefined) return undefined
  const remover = spawn(process.execPath, ['-e', removeAfterParent, path], {
    // A new process group, which Ctrl+C in a terminal does not reach.
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  // If it cannot start, the folder is still removed unless this process is killed.
  remover.on('error', () => {})
  remover.unref()
  remover.channel?.unref()
  return {
    path,
    async remove() {
      await rm(path, { recursive: true, force: true })
      remover.kill('SIGKILL')
    },
  }
}

/** How much a folder's tmpfs can still hold, in bytes: 0 if it is not in a tmpfs. */
async function freeMemoryIn(folder: string): Promise<number> {
  if (process.platform !== 'linux') return 0
  const found = await statfs(folder).catch(() => undefined)
  if (found?.type !== TMPFS) return 0
  // A tmpfs may be larger than the memory that is free: by default it is half of the machine's memory.
  return Math.min(found.bavail * found.bsize, process.availableMemory())
}
