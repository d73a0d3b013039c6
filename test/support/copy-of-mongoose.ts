import { mkdir, mkdtemp, cp, readdir, realpath, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type mongoose from 'mongoose'

/** The packages that are copied. The others are those of the project. */
const COPIED = new Set(['mongoose', 'mongodb', 'bson'])

interface CopyOfMongoose {
  readonly copy: typeof mongoose
  /** The folder of its package. */
  readonly path: string
  readonly remove: () => Promise<void>
}

/** Loads a second copy of Mongoose with its own driver and BSON, as `npm link` and mixed versions bring into a process. */
export async function copyMongoose(): Promise<CopyOfMongoose> {
  const project = await mkdtemp(join(await realpath(tmpdir()), 'daybook-copy-'))
  const packages = join(project, 'node_modules')
  await mkdir(packages)
  const isCode = (path: string) => !/\.(?:map|[cm]?ts|mjs|md)$/.test(path)
  for (const name of await readdir('node_modules')) {
    const [from, to] = [resolve('node_modules', name), join(packages, name)]
    if (COPIED.has(name)) await cp(from, to, { recursive: true, filter: isCode })
    else if (!name.startsWith('.')) await symlink(from, to)
  }
  const load = createRequire(join(project, 'program.js'))
  return {
    copy: load('mongoose') as typeof mongoose,
    path: join(packages, 'mongoose'),
    remove: () => rm(project, { recursive: true, force: true }),
  }
}
