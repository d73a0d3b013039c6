import { mkdtemp, readdir, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { compilePackage } from '../../scripts/bench/compiled-package.ts'

/** Whether a file of `examples/` or of this folder is a program. */
const isProgram = (file: string): boolean => /^[\w-]+(?<!\.test)\.ts$/.test(file)

/** A `globalSetup`: compiles the programs that tests start in processes of their own. The folder belongs to this run. */
export default async function compilePrograms(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(await realpath(tmpdir()), 'daybook-programs-'))
  const remove = () => rm(folder, { recursive: true, force: true })
  try {
    const examples = (await readdir('examples')).filter(isProgram)
    const children = (await readdir('test/support')).filter((file) => file.endsWith('-child.ts'))
    const { dist, compile } = await compilePackage(folder, [
      'src/engine/finding/mongod.ts',
      ...examples.map((file) => `examples/${file}`),
      ...children.map((file) => `test/support/${file}`),
    ])
    project.onTestsRerun(compile)
    project.provide('programs', dist)
    return remove
  } catch (error) {
    await remove()
    throw error
  }
}

declare module 'vitest' {
  export interface ProvidedContext {
    /** The folder with the compiled programs of this test run. */
    programs: string
  }
}
