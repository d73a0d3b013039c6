import { EngineError } from '../errors.ts'
import { reasonOf } from '../messages.ts'

/** An EngineError that names the folder that the file system refuses, and its reason. */
export function folderError(folder: string, error: unknown): EngineError {
  return new EngineError(`the folder ${folder} cannot be used: ${reasonOf(error)}`, {
    cause: error,
  })
}
