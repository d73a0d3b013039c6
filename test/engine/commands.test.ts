import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import mongoose from 'mongoose'
import { lock } from 'proper-lockfile'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openLocalDatabase } from '../../src/engine/local/local-database.ts'
import { accountModel, verify } from '../../src/index.ts'
import { compiled } from '../support/programs.ts'
import { makeFolder } from '../support/temporary-folder.ts'

const program = () => [process.execPath, compiled('scripts/cli.ts')] as const

interface Running {
  child: ChildProcess
  /** What it has written to stderr so far. */
  stderr: () => string
  ended: Promise<{ exitCode: number | null; stdout: string; stderr: string }>
}

/** Starts a program that is given as its path and arguments, without MONGODB_URI. */
function start([path, ...parameters]: readonly [string, ...string[]]): Running {
  const child = spawn(path, parameters, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, MONGODB_URI: '' },
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const outcome = async () => {
    const [stdout, [exitCode]] = await Promise.all([
      text(child.stdout),
      once(child, 'close') as Promise<[number | null]>,
    ])
    return { exitCode, stdout, stderr }
  }
  return { child, stderr: () => stderr, ended: outcome() }
}

const daybook = (folder: string, ...parameters: string[]) =>
  start([...program(), ...parameters, '--folder', folder])

/** Runs a shell command in which `$MOUNT` is a new file system in memory with these mount options. */
function onFileSystem(folder: string, options: string, command: string) {
  const script = `mount -t tmpfs -o ${options} tmpfs "$MOUNT" && ${command}`
  const shell = `MOUNT='${folder}'; run() { ${program()
    .map((part) => `'${part}'`)
    .join(' ')} "$@"; }; ${script}`
  return start(['unshare', '-rm', 'sh', '-c', shell])
}

const canMount = spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0

describe('a command on the local database', () => {
  test(
    'removes everything with seed --reset, and only says so with --dry-run',
    { timeout: 60_000 },
    async () => {
      const folder = await makeFolder()
      const database = await openLocalDatabase({ folder })
      const connection = await mongoose.createConnection(database.uri).asPromise()
      onTestFinished(async () => {
        await connection.close()
        await database.close()
      })
      const seed = async (...parameters: string[]) => {
        const { exitCode, stdout } = await daybook(folder, 'seed', ...parameters).ended
        expect(exitCode).toBe(0)
        return stdout
      }
      await seed('--accounts', '5')
      const Account = accountModel(connection)
      await Account.open({ accountId: 'MINE', holder: 'Me', currency: 'USD' })
      const replacement = ['--accounts', '7', '--seed', '43', '--reset', '--json']
      expect(JSON.parse(await seed(...replacement, '--dry-run'))).toMatchObject({
        removed: { accounts: 26 },
      })
      expect(await Account.countDocuments()).toBe(26)
      await seed(...replacement)
      expect(await Account.countDocuments()).toBe(27)
      expect(await verify(connection)).not.toHaveProperty('violation')
    },
  )

  test('ends with the path of the log when mongod is killed, though its input goes on', async () => {
    const folder = await makeFolder()
    const { child, stderr, ended } = daybook(folder, 'replay', '-')
    child.stdin?.write('id,from,to,amount\n')
    await expect.poll(stderr, { timeout: 20_000 }).toContain('database: ')
    const pid = Number(await readFile(join(folder, 'data/mongod.lock'), 'utf8'))
    process.kill(pid, 'SIGKILL')
    const outcome = await ended
    expect(outcome).toMatchObject({ exitCode: 1 })
    expect(outcome.stderr).toMatch(/daybook: .*mongod \(process \d+\) has ended.*mongod\.log/)
  })

  test('says what it waits for, and ends with SIGTERM, while the folder is locked', async () => {
    const folder = await makeFolder()
    const release = await lock(folder, { lockfilePath: join(folder, 'lock'), update: 1000 })
    onTestFinished(() => release())
    const { child, stderr, ended } = daybook(folder, 'batches')
    await expect.poll(stderr, { timeout: 20_000 }).toContain('waiting for another command')
    child.kill('SIGTERM')
    expect(await ended).toMatchObject({ exitCode: 130 })
    expect(stderr()).toMatch(/daybook: interrupted\n$/)
  })

  describe.skipIf(!canMount)('names its folder and the reason at once on', () => {
    test('a read-only file system', async () => {
      const folder = await makeFolder()
      const command = 'run batches --folder "$MOUNT/deep/.daybook"'
      const outcome = await onFileSystem(folder, 'ro', command).ended
      expect(outcome).toMatchObject({ exitCode: 1 })
      expect(outcome.stderr).toMatch(/deep\/\.daybook cannot be used: .*read-only file system/)
    })

    test('a read-only file system on which the folder exists', async () => {
      const folder = await makeFolder()
      await mkdir(join(folder, '.daybook'))
      const command =
        'mkdir "$MOUNT/.daybook" && mount -o remount,ro "$MOUNT" && run batches --folder "$MOUNT/.daybook"'
      const outcome = await onFileSystem(folder, 'rw', command).ended
      expect(outcome).toMatchObject({ exitCode: 1 })
      expect(outcome.stderr).toMatch(/\.daybook cannot be used: .*read-only file system/)
    })

    test('a disk that is full from the start', async () => {
      const folder = await makeFolder()
      const command = 'run batches --folder "$MOUNT/.daybook"'
      const outcome = await onFileSystem(folder, 'size=64k', command).ended
      expect(outcome).toMatchObject({ exitCode: 1 })
      expect(outcome.stderr).toMatch(/daybook: .*\.daybook.*No space left on device/)
    })

    // A mongod whose disk is full may wait for a minute before it ends.
    test('a disk that fills while the command runs', async () => {
      const folder = await makeFolder()
      const command = 'run seed --accounts 100000 --folder "$MOUNT/.daybook"'
      const outcome = await onFileSystem(folder, 'size=8m', command).ended
      expect(outcome).toMatchObject({ exitCode: 1 })
      expect(outcome.stderr).toMatch(/mongod \(process \d+\) has ended: No space left on device/)
    }, 120_000)
  })
})
