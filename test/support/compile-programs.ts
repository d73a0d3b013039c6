import { execFile } from 'node:child_process'
import { copyFile, mkdtemp, realpath, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import type { TestProject } from 'vitest/node'

/**
 * A `globalSetup`: compiles the programs that tests start in processes of their own. Compiled, a program needs a third
 * of the processor time that it needs from its sources. The folder is laid out as the package is, and belongs to
 * this run.
 */
export default async function compilePrograms(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(await realpath(tmpdir()), 'daybook-programs-'))
  const dist = join(folder, 'dist')
  const tsc = ['node_modules/typescript/bin/tsc', '--project', 'tsconfig.programs.json']
  const compile = async () => {
    await promisify(execFile)(process.execPath, [...tsc, '--outDir', dist]).catch(
      ({ stdout }: { stdout: string }) => {
        throw new Error(`tsc cannot compile the programs that tests start:\n${stdout}`)
      },
    )
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
