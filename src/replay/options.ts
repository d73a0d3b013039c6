import type { Readable } from 'node:stream'
import { quote } from '../messages.ts'
import { BATCH_NAME_RULE, isBatchName } from '../models/batch.ts'
import { refuse } from './errors.ts'
import type { Rehearsal } from './posting/rehearsal.ts'
import { type ReadingOptions, checkReadingOptions } from './reading/reading-options.ts'
import type { ReplayProgress } from './summary.ts'

export interface ReplayOptions extends ReadingOptions {
  /** The path of the file; `-` for `stdin`. */
  readonly file: string
  /** The standard input, for a `file` of `-`. */
  readonly stdin?: Readable | undefined
  /** The batch's name: the file's base name, or `stdin-` and the beginning of the digest, unless given. */
  readonly name?: string | undefined
  /** At a refused line: go on, or stop right before it. */
  readonly onError?: 'continue' | 'stop' | undefined
  /** How many lines of the batch may be refused: it stops right before the next. */
  readonly maxErrors?: number | undefined
  /** The whole file in one transaction, or nothing of it where a line is refused. */
  readonly atomic?: boolean | undefined
  /**
   * Writes nothing to the database; the summary and the rejects are those of a real run. A
   * {@link Rehearsal} goes on from what its files before this one would have left.
   */
  readonly dryRun?: boolean | Rehearsal | undefined
  /** A file for all the batch's refused lines, written at the end in the input's format. */
  readonly rejects?: string | undefined
  /** Ends the replay after the chunk that is in flight. Before the file's digest is known it throws the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /** Is told how far it is, a few times a second. */
  readonly onProgress?: ((progress: ReplayProgress) => void) | undefined
}

/** Refuses options that make no sense, alone or together. */
export function checkReplayOptions(options: ReplayOptions): void {
  checkReadingOptions(options)
  const { file, stdin, name, onError, maxErrors, atomic, rejects } = options
  if (file === '') refuse(() => 'the file has no name')
  if (file === '-' && !stdin) refuse(() => '"-" is the standard input, and there is none')
  if (name !== undefined && !isBatchName(name)) {
    refuse((of) => `a batch's name is ${BATCH_NAME_RULE}, and ${of('name')} ${quote(name)} is not`)
  }
  if (maxErrors !== undefined && !(Number.isSafeInteger(maxErrors) && maxErrors >= 0)) {
    refuse(
      (of) => `max errors is a whole number from 0, and ${of('maxErrors')} ${maxErrors} is not`,
    )
  }
  if (onError !== undefined && !['continue', 'stop'].includes(onError)) {
    refuse((of) => `${of('onError')} is "continue" or "stop", and ${quote(onError)} is not`)
  }
  if (onError === 'stop' && maxErrors !== undefined && maxErrors > 0) {
    refuse(
      (of) =>
        `${of('onError')} "stop" allows no refusal, so ${of('maxErrors')} says nothing beside it: give one of them`,
    )
  }
  if (atomic && (onError !== undefined || maxErrors !== undefined)) {
    refuse(
      (of) =>
        `an ${of('atomic')} batch is refused whole at any refusal, so ${of('onError')} and ${of('maxErrors')} say nothing beside it`,
    )
  }
  if (rejects === '')
    refuse((of) => `the file for the rejects has no name: ${of('rejects')} is its path`)
  if (rejects === '-') {
    refuse((of) => `the rejects are written to a file: ${of('rejects')} is its path, such as ./-`)
  }
}

/** How many refusals the batch may have. */
export const mostRefusals = ({ onError, maxErrors }: ReplayOptions): number =>
  onError === 'stop' ? 0 : (maxErrors ?? Infinity)
