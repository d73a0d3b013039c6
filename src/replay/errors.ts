import { InputError } from '../errors.ts'
import { quote } from '../messages.ts'

/** Where in a file something was found: each number counts from 1. */
export interface FilePosition {
  readonly line?: number | undefined
  readonly column?: number | undefined
}

/** A file that cannot be read as a batch. Nothing of it was posted by this run. */
export class BatchFileError extends InputError {
  readonly file: string
  readonly line: number | undefined
  readonly column: number | undefined
  constructor(file: string, problem: string, place: FilePosition = {}, options?: ErrorOptions) {
    const where = [
      quote(file),
      ...(place.line === undefined ? [] : [`line ${place.line}`]),
      ...(place.column === undefined ? [] : [`column ${place.column}`]),
    ]
    super(`${where.join(', ')}: ${problem}`, options)
    this.file = file
    this.line = place.line
    this.column = place.column
  }
}

/** A file or a folder that is there and fails, as a full disk does. What was posted stays posted. */
export class StorageError extends Error {
  override readonly name = 'StorageError'
  readonly file: string
  constructor(file: string, problem: string, options?: ErrorOptions) {
    super(`${quote(file)}: ${problem}`, options)
    this.file = file
  }
}

/** A batch of this name is stored, and it is not the one that was asked for. Nothing was posted. */
export class BatchConflictError extends InputError {
  readonly batch: string
  constructor(batch: string, problem: string) {
    super(`batch ${quote(batch)} ${problem}`)
    this.batch = batch
  }
}

/** Options that make no sense, alone or together. Nothing was posted. */
export class ReplayOptionsError extends InputError {
  /** The message, with the options as its reader calls them: `--max-errors` for `maxErrors`. */
  readonly describe: (name: (option: string) => string) => string
  constructor(describe: ReplayOptionsError['describe']) {
    super(describe((option) => option))
    this.describe = describe
  }
}

/** Throws a {@link ReplayOptionsError}. */
export function refuse(describe: ReplayOptionsError['describe']): never {
  throw new ReplayOptionsError(describe)
}
