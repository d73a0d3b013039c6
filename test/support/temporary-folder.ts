import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A new folder that is removed when the test has finished; a concurrent test gives its own hook. */
export async function makeFolder(onFinished = onTestFinished): Promise<string> {
  const folder = await mkdtemp(join(await realpath(tmpdir()), 'daybook-'))
  onFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}
