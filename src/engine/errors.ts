import { inspect } from 'node:util'

/** The engine (a mongod found, started or reached) is not there; the message says why and what to do. */
export class EngineError extends Error {
  override readonly name = 'EngineError'
}

/** An EngineError that says which folder the file system refuses. */
export function folderError(folder: string, error: unknown): EngineError {
  return new EngineError(`the folder ${folder} cannot be used: ${reasonOf(error)}`, {
    cause: error,
  })
}

/** The message of anything thrown, for a sentence that names the reason. */
export function reasonOf(error: unknown): string {
  return error instanceof Error
    ? error.message
    : typeof error === 'string'
      ? error
      : inspect(error, { breakLength: Infinity })
}
