import { copyFile, symlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { build } from 'rolldown'
import { compilation } from '../../rolldown.config.ts'

/** The files of the package in a folder of its own. */
export interface CompiledPackage {
  /** The folder with the compiled files, in which they have the paths of their sources. */
  readonly dist: string
  /** Compiles the sources again. */
  readonly compile: () => Promise<void>
}

/**
 * Compiles the package, and more programs if there are any, into an empty folder, which is laid out as an installed package is. A
 * program needs a third of the processor time that it needs from its sources to start.
 */
export async function compilePackage(
  folder: string,
  programs: readonly string[] = [],
): Promise<CompiledPackage> {
  const dist = join(folder, 'dist')
  const compile = async () =>
    void (await build(compilation(programs, { dir: dist, sourcemap: false })))
  await compile()
  // By its package.json the folder is the package `daybook`, which its own files import.
  await copyFile('package.json', join(folder, 'package.json'))
  await symlink(resolve('node_modules'), join(folder, 'node_modules'))
  await symlink(resolve('seeds'), join(dist, 'seeds'))
  return { dist, compile }
}
