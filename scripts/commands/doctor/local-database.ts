import { type FolderState, findInstalledMongod, named, reasonOf } from '../../../src/internal.ts'
import { type Look, ok, problem, warning } from './finding.ts'

/** The mongod that the local database would run. None is installed for the look. */
export async function lookAtMongod(signal: AbortSignal): Promise<Look> {
  try {
    const { path, version, origin } = await findInstalledMongod({ signal })
    return ok(`${version}, ${named(path)} (${origin})`)
  } catch (error) {
    signal.throwIfAborted()
    if (process.env['MONGOMS_SYSTEM_BINARY']) return problem(reasonOf(error))
    return warning(
      `none is installed (${reasonOf(error)}). The next command that needs one installs it; docs/mongod.md says from where`,
    )
  }
}

const MIB = 1024 ** 2

/** The least free space with which the local database works well, and that with which it works at all. A new one takes 300 MB. */
const AMPLE_SPACE = 2048 * MIB
const LEAST_SPACE = 400 * MIB

export function describeFolder(
  path: string,
  { exists, freeSpace, isLocked, server }: FolderState,
): Look {
  const free = `${Math.floor(freeSpace / MIB).toLocaleString('en')} MiB free`
  const state = `${named(path)}, ${free}${exists ? '' : ', not made yet'}`
  const remedy = 'Free some of the disk, or name another folder with --folder'
  if (freeSpace < LEAST_SPACE) return problem(`${state}, too little for mongod. ${remedy}`)
  if (freeSpace < AMPLE_SPACE) return warning(`${state}, which is little. ${remedy}`)
  if (isLocked) {
    return warning(`${state}: another command is starting or stopping mongod. Wait for it`)
  }
  if (server?.users === 0) {
    return warning(
      `${state}: mongod (process ${server.pid}) was left running by a command that was killed. The next command uses and stops it`,
    )
  }
  return ok(state)
}
