import v8 from 'node:v8'
import mongoose, { type Connection } from 'mongoose'
import {
  MigrationFailedError,
  Rehearsal,
  RejectsError,
  type ReplayOptions,
  ReplayOptionsError,
  type ReplaySummary,
} from '../../../src/index.ts'
import { checkReplayOptions } from '../../../src/internal.ts'
import {
  type Command,
  CommandFailure,
  type Context,
  Exit,
  type ExitCode,
  UsageError,
  wholeNumber,
} from '../../context/command.ts'
import { withDatabase } from '../../context/database.ts'
import { bringUpToDate } from '../../context/own-migrations.ts'
import { fileNamed } from '../../context/stdin.ts'
import {
  type ReplayCommandOptions,
  parameterOf,
  readDelimiter,
  readKept,
  readMap,
  readNames,
  replayOptions,
} from './options.ts'
import { replayWithProgress } from './progress.ts'
import { adviceOn, renderSummary } from './summary.ts'

export const replayCommand: Command<ReplayCommandOptions> = {
  command: 'replay [files..]',
  describe: 'post files of transfers, each line exactly once however often it is run',
  builder: (yargs) =>
    yargs
      .positional('files', {
        describe: 'CSV, TSV, JSON Lines or JSON, gzipped or not; - is stdin',
        type: 'string',
        array: true,
        default: [],
      })
      .option('as', {
        describe: 'the batch’s name [default: the file’s]',
        type: 'string',
        requiresArg: true,
      })
      .option('format', {
        describe: 'where the file’s extension does not tell',
        choices: ['csv', 'tsv', 'jsonl', 'json'] as const,
        requiresArg: true,
      })
      .option('delimiter', {
        describe: 'between the fields of a CSV file [default: ,]',
        type: 'string',
        requiresArg: true,
        coerce: readDelimiter,
      })
      .option('quote', {
        describe: 'around fields of a CSV file',
        type: 'string',
        requiresArg: true,
      })
      .option('columns', {
        describe: 'names for the columns of a CSV file with no header: from,to,amount',
        type: 'string',
        requiresArg: true,
        coerce: readNames,
      })
      .option('map', {
        describe: 'which column holds what: from=nameOrig,to=nameDest,amount=amount,transferId=id',
        type: 'string',
        requiresArg: true,
        coerce: readMap,
      })
      .option('currency', {
        describe: 'of lines that name none',
        type: 'string',
        requiresArg: true,
      })
      .option('keep', {
        describe: 'keep other columns as metadata: all of them, or those named',
        type: 'string',
        coerce: readKept,
      })
      .option('rejects', {
        describe:
          'write the refused lines to this file, in the input’s format, to be mended and replayed; --dry-run does too',
        type: 'string',
        requiresArg: true,
      })
      .option('on-error', {
        describe: 'at a refused line [default: continue]',
        choices: ['continue', 'stop'] as const,
        requiresArg: true,
      })
      .option(
        'max-errors',
        wholeNumber('max-errors', {
          least: 0,
          describe: 'stop right before the line that would be one refusal too many',
        }),
      )
      .option('atomic', {
        describe: 'the whole file or nothing of it',
        type: 'boolean',
        default: false,
      })
      .option('dry-run', {
        describe: 'say what would happen, write nothing but the rejects',
        type: 'boolean',
        default: false,
      })
      .option('json', { describe: 'print the summary as JSON', type: 'boolean', default: false }),
  run: (options, context) => {
    if (options.files.length === 0) throw new UsageError(noFile(options))
    // Left alone the heap grows to twice what a replay of a million lines needs, and is never given back.
    v8.setFlagsFromString('--heap-growing-percent=50')
    const calls = options.files.map((file) => replayOptions(fileNamed(file), options, context))
    checkCalls(calls)
    return withDatabase(options, context, async (database) => {
      try {
        await bringUpToDate(database, context, { dryRun: options['dry-run'] })
        return await replayAll(database.connection, calls, options, context)
      } catch (error) {
        if (!isInterruption(error, context.signal)) throw error
        context.log(INTERRUPTED)
        return Exit.interrupted
      }
    })
  },
}

const noFile = ({ keep }: ReplayCommandOptions): string =>
  Array.isArray(keep)
    ? `which file? --keep took ${keep.join(',')} for columns: name the file before it, or write --keep=`
    : 'which file? - is the standard input'

const INTERRUPTED = 'interrupted; run the same command again to go on'

/** Whether something was thrown because of the signal, and for no other reason. */
const isInterruption = (error: unknown, { aborted }: AbortSignal): boolean =>
  aborted && ((error as Error).name === 'AbortError' || error instanceof MigrationFailedError)

async function replayAll(
  connection: Connection,
  calls: readonly ReplayOptions[],
  { json, 'dry-run': isDry }: ReplayCommandOptions,
  context: Context,
): Promise<ExitCode> {
  const dryRun = isDry && new Rehearsal(connection)
  const print = (summary: ReplaySummary) => {
    context.print(json ? JSON.stringify(summary) : renderSummary(summary))
  }
  let exitCode: ExitCode = Exit.done
  for (const call of calls) {
    const summary = await replayOne(connection, { ...call, dryRun }, { context, print })
    if (summary.status === 'interrupted') {
      context.log(INTERRUPTED)
      return Exit.interrupted
    }
    if (summary.refused > 0 || summary.status !== 'finished') exitCode = Exit.refusals
    if (summary.status !== 'finished') break
  }
  return exitCode
}

/** Refuses what makes no sense before a database is opened for it. */
function checkCalls(calls: readonly ReplayOptions[]): void {
  const [{ name, rejects } = {}, ...others] = calls
  if (others.length > 0 && (name ?? rejects) !== undefined) {
    throw new UsageError('--as and --rejects are for one file at a time')
  }
  if (calls.filter(({ file }) => file === '-').length > 1) {
    throw new UsageError('- is the standard input, which can be read only once')
  }
  try {
    for (const call of calls) checkReplayOptions(call)
  } catch (error) {
    throw explained(error, {})
  }
}

/** Replays one file and prints its summary. */
async function replayOne(
  connection: Connection,
  options: ReplayOptions,
  { context, print }: { context: Context; print: (summary: ReplaySummary) => void },
): Promise<ReplaySummary> {
  try {
    const summary = await replayWithProgress(connection, options, context)
    print(summary)
    if (summary.status !== 'interrupted') adviceOn(summary, options).forEach(context.log)
    return summary
  } catch (error) {
    if (error instanceof RejectsError) print(error.summary)
    throw explained(error, options)
  }
}

/** What went wrong as a person at the command line is told of it. */
function explained(error: unknown, { dryRun = false }: Pick<ReplayOptions, 'dryRun'>): unknown {
  if (error instanceof ReplayOptionsError) return new UsageError(error.describe(parameterOf))
  if (!(error instanceof mongoose.mongo.MongoError)) return error
  const advice = dryRun
    ? 'nothing was written'
    : 'what is posted stays posted: once that is mended, run the same command again to go on'
  return new CommandFailure(`MongoDB: ${error.message}; ${advice}`, { cause: error })
}
