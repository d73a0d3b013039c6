import { copyFile, mkdtemp, readdir, realpath, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { build } from 'rolldown'
import type { TestProject } from 'vitest/node'
import { compilation } from '../../rolldown.config.ts'

/** Whether a file of `examples/` or of this folder is a program. */
const isProgram = (file: string): boolean => /^[\w-]+(?<!\.test)\.ts$/.test(file)

/**
 * A `globalSetup`: compiles the programs that tests start in processes of their own, as the package is compiled. So
 * a program needs a third of the processor time that it needs from its sources. The folder is laid out as the package
 * is, and belongs to this run.
 */
export default async function compilePrograms(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(await realpath(tmpdir()), 'daybook-programs-'))
  const dist = join(folder, 'dist')
  const compile = async () => {
    const examples = (await readdir('examples')).filter(isProgram)
    const children = (await readdir('test/support')).filter((file) => file.endsWith('-child.ts'))
    const programs = [
      'src/engine/finding/mongod.ts',
      ...examples.map((file) => `examples/${file}`),
      ...children.map((file) => `test/support/${file}`),
    ]
    await build(compilation(programs, { dir: dist, sourcemap: false }))
  }
  const remove = () => rm(folder, { recursive: true, force: true })
  await compile().catch(async (error: unknown) => {
    await remove()
    throw error
  })
  project.onTestsRerun(compile)
  // By its package.json the folder is the package `daybook`, which the examples import.
  await copyFile('package.json', join(folder, 'package.json'))
  await symlink(resolve('node_modules'), join(folder, 'node_modules'))
  await symlink(resolve('seeds'), join(dist, 'seeds'))
  project.provide('programs', dist)
  return remove
}

declare module 'vitest' {
  export interface ProvidedContext {
    /** The folder with the compiled programs of this test run. */
    programs: string
  }
}
