import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** Creates a folder that is removed when the test has finished. A concurrent test passes its own hook. */
export async function makeFolder(onFinished = onTestFinished): Promise<string> {
  const folder = await mkdtemp(join(await realpath(tmpdir()), 'daybook-'))
  onFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}
