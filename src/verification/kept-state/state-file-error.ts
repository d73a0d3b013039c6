import { InputError } from '../../errors.ts'
import { quote } from '../../messages.ts'

/** A file that `verify` cannot use as the kept state of the books, or cannot write one to. */
export class StateFileError extends InputError {
  readonly file: string
  /** Counts from 1. Absent if it is about the whole file. */
  readonly line: number | undefined
  constructor(
    file: string,
    problem: string,
    { line, cause }: { line?: number | undefined; cause?: unknown } = {},
  ) {
    super(`${quote(file)}${line === undefined ? '' : `, line ${line}`}: ${problem}`, { cause })
    this.file = file
    this.line = line
  }
}
