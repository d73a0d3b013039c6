import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { onTestFinished } from 'vitest'
import { findMongod } from '../../src/engine/finding/mongod.ts'
import { findFreePort, isListening } from '../../src/engine/local/tcp-ports.ts'
import { waitUntil } from '../../src/engine/wait-until.ts'
import { makeFolder } from './temporary-folder.ts'

type OnFinished = typeof onTestFinished

/** Starts a mongod on a new folder that no replica set knows, and returns its URI. It ends with the test. */
export async function startMongod(onFinished: OnFinished, ...options: string[]): Promise<string> {
  const folder = await makeFolder(onFinished)
  const port = await findFreePort()
  const { path } = await findMongod()
  const address = ['--dbpath', folder, '--port', String(port), '--bind_ip', '127.0.0.1']
  const mongod = spawn(path, [...address, ...options], { stdio: 'ignore' })
  onFinished(async () => {
    const exit = once(mongod, 'exit')
    mongod.kill('SIGKILL')
    await exit
  })
  await waitUntil(() => isListening(port), { timeout: 10_000 })
  return `mongodb://127.0.0.1:${port}/daybook`
}
