import { EngineError } from '../errors.ts'
import { named, reasonOf } from '../messages.ts'

const explanations: Readonly<Record<string, string>> = {
  EACCES: 'this user may not write there',
  EDQUOT: 'the disk quota of this user is used up',
  EEXIST: 'it is a file',
  ENOSPC: 'No space left on device. Free some of its disk',
  ENOTDIR: 'a part of its path is a file',
  EPERM: 'this user may not write there',
  EROFS: 'it is on a read-only file system',
}

/** An EngineError that names the folder that the file system refuses, and its reason. */
export function folderError(folder: string, error: unknown): EngineError {
  const explanation = explanations[codeOf(error) ?? '']
  const reason = explanation ? `${explanation} (${reasonOf(error)})` : reasonOf(error)
  return new EngineError(`the folder ${named(folder)} cannot be used: ${reason}`, { cause: error })
}

/** Like {@link folderError} for an error of the file system; any other value is returned as it is. */
export const explainFileError = (folder: string, error: unknown): unknown =>
  error instanceof Error && 'syscall' in error && codeOf(error) ? folderError(folder, error) : error

/** The code that the system gives an error, such as ENOENT. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined
}
