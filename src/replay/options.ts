import type { Readable } from 'node:stream'
import {
  type Keys,
  requireFlag,
  requireKnownKeys,
  requireObject,
  WAIT_KEYS,
  waitOptionsOf,
} from '../arguments.ts'
import { quote } from '../messages.ts'
import { BATCH_NAME_RULE, isBatchName } from '../models/batch.ts'
import { ReplayOptionsError } from './errors.ts'
import type { Rehearsal } from './posting/rehearsal.ts'
import {
  type OptionsWithFormat,
  READING_KEYS,
  type WithFormat,
  withFormat,
} from './reading/format-file.ts'
import { checkReadingOptions } from './reading/option-checks.ts'
import type { Transform, TransformFunction } from './reading/transform.ts'
import { checkTransform } from './reading/transform-check.ts'
import type { ReplayProgress } from './summary.ts'

export interface ReplayOptions<
  FileRecord extends object = Record<string, string>,
> extends OptionsWithFormat {
  /** The path of the file, or `-` for `stdin`. */
  readonly file: string
  /** The standard input, needed if `file` is `-`. */
  readonly stdin?: Readable | undefined
  /**
   * Turns each record of the file into the transfers that it asks for. Its version is part of what identifies the batch:
   * for a function alone, a digest of its source text, which does not cover what the function uses from elsewhere.
   * @example
   * transform: ({ Type, Value = '', From = '', To = '' }, { line }) =>
   *   Type === 'fee' ? null : { transferId: `bank-${line}`, from: From, to: To, amount: Value }
   */
  readonly transform?: TransformFunction<FileRecord> | Transform<FileRecord> | undefined
  /**
   * Takes transfers over from a file that `exportText()` wrote: each as it was posted, with the time of its posting, its
   * reversal and its metadata. Neither a status nor an overdraft limit refuses them, because they were posted. The file
   * needs no other option to be read, except `format`. Default: false.
   */
  readonly restore?: boolean | undefined
  /** The batch's name. By default the file's base name, or `stdin-` and the first 16 digits of the digest. */
  readonly name?: string | undefined
  /** At a refused line: `continue` (the default), or `stop` right before it. */
  readonly onError?: 'continue' | 'stop' | undefined
  /** How many lines of the batch may be refused. The replay stops right before the next refusal. */
  readonly maxErrors?: number | undefined
  /** Posts the whole file in one transaction, or nothing if a line is refused. */
  readonly atomic?: boolean | undefined
  /**
   * Posts the refused lines of a finished batch again, in their order and under the ids that they had. A retry that was
   * interrupted continues. The file and the options that it is read with must be those of the batch.
   */
  readonly retry?: boolean | undefined
  /**
   * Writes nothing to the database. The summary and the rejects are those of a real run. With a
   * {@link Rehearsal}, this file finds what the rehearsal's earlier files would have posted.
   */
  readonly dryRun?: boolean | Rehearsal | undefined
  /** The path of a file for all refused lines of the batch. It is written at the end, in the input's format. */
  readonly rejects?: string | undefined
  /**
   * How long each chunk waits for the database, in milliseconds. Then the replay throws an OutcomeError; it continues when
   * it is called again. Default: two minutes, because a server keeps the transaction of a killed process for one.
   */
  readonly patience?: number | undefined
  /** Ends the replay after the current chunk. Before the file's digest is known, the replay throws the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /** Called with the progress a few times a second. */
  readonly onProgress?: ((progress: ReplayProgress) => void) | undefined
}

/** The options of a call, together with those of its format. */
export type ResolvedReplayOptions = WithFormat<ReplayOptions<never>>

/** The options that do not change how a file is read. */
const POSTING_KEYS = {
  file: true,
  stdin: true,
  restore: true,
  name: true,
  onError: true,
  maxErrors: true,
  atomic: true,
  retry: true,
  dryRun: true,
  rejects: true,
  patience: true,
  signal: true,
  onProgress: true,
} as const

const REPLAY_KEYS: Keys<ReplayOptions<never>> = {
  ...READING_KEYS,
  ...POSTING_KEYS,
  transform: true,
}

const BESIDE_RESTORE: ReadonlySet<string> = new Set([
  ...Object.keys(POSTING_KEYS),
  'format',
  'spreadsheet',
])

/**
 * Checks that the options are valid and can be combined.
 * @throws ReplayOptionsError
 */
export function checkReplayOptions(options: ReplayOptions<never>): void {
  requireObject(options, 'the options argument of replay()', 'an object with file')
  requireKnownKeys(options, REPLAY_KEYS, 'the options argument of replay()')
  const { idFrom, ...reading } = withFormat(options)
  checkReadingOptions({ idFrom, ...reading })
  checkTransform(options.transform)
  if (idFrom !== undefined && options.transform !== undefined) {
    throw new ReplayOptionsError(
      "'idFrom' cannot be combined with 'transform': let the function return a transferId",
    )
  }
  const { file, stdin, name, onError, maxErrors, atomic, retry, rejects, patience, signal } =
    options
  if (typeof file !== 'string') {
    throw new ReplayOptionsError(`'file' ${quote(file)} is not the path of a file`)
  }
  if (file === '') throw new ReplayOptionsError('the path of the file is empty')
  if (file === '-' && !stdin) {
    throw new ReplayOptionsError('"-" is the standard input, and none was given: pass it as stdin')
  }
  if (name !== undefined && !isBatchName(name)) {
    throw new ReplayOptionsError(`'name' ${quote(name)} is not ${BATCH_NAME_RULE}`)
  }
  if (maxErrors !== undefined && !(Number.isSafeInteger(maxErrors) && maxErrors >= 0)) {
    throw new ReplayOptionsError(`'maxErrors' ${quote(maxErrors)} is not a whole number from 0`)
  }
  if (onError !== undefined && !['continue', 'stop'].includes(onError)) {
    throw new ReplayOptionsError(`'onError' ${quote(onError)} is not "continue" or "stop"`)
  }
  if (onError === 'stop' && maxErrors !== undefined && maxErrors > 0) {
    throw new ReplayOptionsError(
      `'onError' "stop" allows no refusals, so it cannot be combined with 'maxErrors' ${maxErrors}: use one of them`,
    )
  }
  requireFlag(atomic, 'atomic')
  if (atomic && (onError !== undefined || maxErrors !== undefined)) {
    throw new ReplayOptionsError(
      "'atomic' refuses the whole batch if a line is refused, so it cannot be combined with 'onError' or 'maxErrors'",
    )
  }
  checkRestore(options)
  waitOptionsOf({ patience, signal }, 'replay()', WAIT_KEYS)
  requireFlag(retry, 'retry')
  if (retry && (atomic || onError !== undefined || maxErrors !== undefined)) {
    throw new ReplayOptionsError(
      "'retry' tries each refused line of the batch, so it cannot be combined with 'atomic', 'onError' or 'maxErrors'. An atomic batch that was refused has stored nothing: replay it again without 'retry'",
    )
  }
  if (rejects !== undefined && typeof rejects !== 'string') {
    throw new ReplayOptionsError(`'rejects' ${quote(rejects)} is not the path of a file`)
  }
  if (rejects === '') throw new ReplayOptionsError("'rejects' is empty: it is the path of a file")
  if (rejects === '-') {
    throw new ReplayOptionsError(
      `'rejects' is the path of a file, not the standard output: for the file "-" use ./-`,
    )
  }
}

function checkRestore(options: ReplayOptions<never>): void {
  const { restore } = options
  requireFlag(restore, 'restore')
  if (!restore) return
  const other = Object.entries(withFormat(options)).find(
    ([name, value]) => value !== undefined && value !== false && !BESIDE_RESTORE.has(name),
  )
  if (!other) return
  throw new ReplayOptionsError(
    `'restore' reads a file as daybook export wrote it, so it cannot be combined with '${other[0]}'`,
  )
}

/** How many refusals the batch may have in all. */
export const refusalLimitOf = ({
  onError,
  maxErrors,
}: Pick<ReplayOptions, 'onError' | 'maxErrors'>): number =>
  onError === 'stop' ? 0 : (maxErrors ?? Infinity)
