import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { dataFolderOf, withMember } from '../../src/engine/local/replica-set-member.ts'
import { startReplicaSet } from '../../src/testing/index.ts'
import { makeMemoryFolder } from '../../src/testing/memory-folder.ts'
import { compiled } from '../support/programs.ts'
import { makeFolder } from '../support/temporary-folder.ts'

const environment = { ...process.env, MONGODB_URI: '' }

const folderAt = (uri: string): Promise<string> =>
  withMember(Number(new URL(uri).port), async (client) => (await dataFolderOf(client))!)

/** Whether this machine can keep a folder in memory. */
const hasMemory = await makeMemoryFolder().then(async (folder) => {
  await folder?.remove()
  return folder !== undefined
})

describe('startReplicaSet', () => {
  test('keeps data in memory if there is room, and removes them when it stops', async () => {
    const uriBefore = process.env['MONGODB_URI']
    process.env['MONGODB_URI'] = ''
    onTestFinished(() => {
      if (uriBefore === undefined) delete process.env['MONGODB_URI']
      else process.env['MONGODB_URI'] = uriBefore
    })
    const replicaSet = await startReplicaSet()
    const folder = await folderAt(replicaSet.uri)
    expect(folder).toContain(hasMemory ? '/dev/shm/daybook-' : tmpdir())
    expect(existsSync(folder)).toBe(true)
    await replicaSet.stop()
    expect(existsSync(folder)).toBe(false)
  })

  test('does not run the mongod that a package.json names', async () => {
    const project = await makeFolder()
    const config = { mongodbMemoryServer: { systemBinary: './mongod' } }
    await writeFile(join(project, 'package.json'), JSON.stringify({ config }))
    await writeFile(join(project, 'mongod'), '#!/bin/sh\ntouch ran', { mode: 0o755 })
    const child = spawn(process.execPath, [compiled('test/support/replica-set-child.ts')], {
      stdio: ['ignore', 'pipe', 'ignore'],
      cwd: project,
      env: environment,
    })
    onTestFinished(() => void child.kill())
    const started = once(createInterface(child.stdout), 'line')
    const [uri] = (await Promise.race([started, once(child, 'exit')])) as [string]
    expect(existsSync(join(project, 'ran'))).toBe(false)
    expect(await folderAt(uri)).toBeDefined()
  })

  test.skipIf(!hasMemory)(
    'leaves nothing in memory when its process is killed',
    { timeout: 45_000 },
    async () => {
      const child = spawn(process.execPath, [compiled('test/support/replica-set-child.ts')], {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: environment,
      })
      const [uri] = (await once(createInterface(child.stdout), 'line')) as [string]
      const folder = await folderAt(uri)
      expect(existsSync(folder)).toBe(true)
      child.kill('SIGKILL')
      await expect.poll(() => existsSync(folder), { timeout: 40_000, interval: 200 }).toBe(false)
    },
  )
})

describe('makeMemoryFolder', () => {
  test('makes no folder outside a tmpfs', async () => {
    const parent = fileURLToPath(new URL('.', import.meta.url))
    expect(await makeMemoryFolder({ parent })).toBeUndefined()
  })

  test('makes no folder if there is not enough room', async () => {
    expect(await makeMemoryFolder({ room: Number.MAX_SAFE_INTEGER })).toBeUndefined()
  })
})
