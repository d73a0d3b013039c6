import { InputError } from '../errors.ts'
import { quote } from '../messages.ts'
import { recordPlace } from './record-place.ts'

/** A position in a file. Lines and columns count from 1. */
export interface FilePosition {
  readonly line?: number | undefined
  /** The number of a record among those that start on the line. */
  readonly item?: number | undefined
  readonly column?: number | undefined
}

/** A file that cannot be read as a batch. This run posted nothing from it. */
export class BatchFileError extends InputError {
  readonly file: string
  readonly line: number | undefined
  readonly column: number | undefined
  constructor(file: string, problem: string, position: FilePosition = {}, options?: ErrorOptions) {
    const { line, item, column } = position
    const where = [
      quote(file),
      ...(line === undefined ? [] : [recordPlace({ line, item })]),
      ...(column === undefined ? [] : [`column ${column}`]),
    ]
    super(`${where.join(', ')}: ${problem}`, options)
    this.file = file
    this.line = line
    this.column = column
  }
}

/** A file or folder that exists but cannot be used, as when the disk is full. What was posted stays posted. */
export class StorageError extends Error {
  override readonly name = 'StorageError'
  readonly file: string
  constructor(file: string, problem: string, options?: ErrorOptions) {
    super(`${quote(file)}: ${problem}`, options)
    this.file = file
  }
}

/** The database has a batch of this name that differs from the one to replay. Nothing was posted. */
export class BatchConflictError extends InputError {
  readonly batch: string
  constructor(batch: string, problem: string) {
    super(`batch ${quote(batch)} ${problem}`)
    this.batch = batch
  }
}

/**
 * An option is invalid, or two options contradict each other. Nothing was posted. Names of options are in single
 * quotes, so that the command line can replace them by its own: 'maxErrors' by --max-errors.
 */
export class ReplayOptionsError extends InputError {}
