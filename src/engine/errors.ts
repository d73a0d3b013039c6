import { EngineError } from '../errors.ts'
import { reasonOf } from '../messages.ts'

/** An EngineError that says which folder the file system refuses. */
export function folderError(folder: string, error: unknown): EngineError {
  return new EngineError(`the folder ${folder} cannot be used: ${reasonOf(error)}`, {
    cause: error,
  })
}

/** Is told, in a sentence for a human, of each thing that takes time. */
export type OnProgress = (message: string) => void
