import v8 from 'node:v8'
import type { Connection } from 'mongoose'
import {
  DatabaseError,
  MigrationFailedError,
  Rehearsal,
  RejectsError,
  type ReplayOptions,
  ReplayOptionsError,
  type ReplaySummary,
  report,
  reportPage,
} from '../../../src/index.ts'
import {
  checkReplayOptions,
  countOf,
  isDriverError,
  loadTransform,
  named,
  requireReportFile,
  writeReport,
} from '../../../src/internal.ts'
import {
  type Command,
  CommandFailure,
  type Context,
  Exit,
  type ExitCode,
  UsageError,
} from '../../context/command.ts'
import { withDatabase } from '../../context/database.ts'
import { requireFiles, requireWritable } from '../../context/needed-files.ts'
import { bringUpToDate } from '../../context/own-migrations.ts'
import { paint } from '../../context/paint.ts'
import { allowTypeScript } from '../../context/typescript.ts'
import { fileNamed } from '../../context/stdin.ts'
import { readingOptions, withCommandLineNames } from '../reading/options.ts'
import { type ReplayCommandOptions, defineReplayOptions, replayOptions } from './options.ts'
import { replayWithProgress } from './progress.ts'
import { adviceOn, renderSummary } from './summary.ts'

export const replayCommand: Command<ReplayCommandOptions> = {
  examples: [
    ['replay january.csv --rejects rejects.csv', 'post a file, and keep what is refused'],
    ['replay bank.csv --format bank --dry-run', 'what a file of a bank would post'],
    ['replay cards.csv --map action=Kind,holdId=Auth', 'holds, captures and releases too'],
  ],
  dependent: { spreadsheet: ['rejects'] },
  builder: defineReplayOptions,
  run: async (options, context) => {
    if (options.files.length === 0) throw new UsageError(noFile(options))
    // Without this flag the heap grows to twice what a replay of a million lines needs, and does not shrink again.
    v8.setFlagsFromString('--heap-growing-percent=50')
    const transform = await transformIn(options)
    const reading = await readingOptions(options)
    const calls = options.files.map((file) => ({
      ...replayOptions(fileNamed(file), { options, reading }, context),
      ...transform,
    }))
    checkCalls(calls)
    await checkReport(options)
    await requireFiles(calls.map(({ file }) => file))
    for (const { rejects } of calls) await requireWritable(rejects)
    return await withDatabase(options, context, async (database) => {
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

/** Loads the transform that `--transform` names. */
async function transformIn({
  transform: path,
}: ReplayCommandOptions): Promise<Pick<ReplayOptions<never>, 'transform'>> {
  if (path === undefined) return {}
  await allowTypeScript()
  return { transform: await loadTransform(path) }
}

const noFile = ({ keep }: ReplayCommandOptions): string =>
  Array.isArray(keep)
    ? `no file is named, because --keep took ${named(keep.join(','))} as its columns: name the file before --keep, or write --keep=`
    : 'no file is named: name one, or - for the standard input'

const INTERRUPTED = paint.warning('interrupted: run the same command again to continue')

/** Whether an error was thrown only because of the signal. */
const isInterruption = (error: unknown, { aborted }: AbortSignal): boolean =>
  aborted && ((error as Error).name === 'AbortError' || error instanceof MigrationFailedError)

async function replayAll(
  connection: Connection,
  calls: readonly ReplayOptions<never>[],
  { json, 'dry-run': isDry, report: page }: ReplayCommandOptions,
  context: Context,
): Promise<ExitCode> {
  const dryRun = isDry && new Rehearsal(connection)
  const print = (summary: ReplaySummary) => {
    context.print(json ? JSON.stringify(summary) : renderSummary(summary, context.columns))
  }
  let exitCode: ExitCode = Exit.done
  for (const call of calls) {
    const summary = await replayOne(connection, { ...call, dryRun }, { context, print })
    if (summary.status === 'interrupted') {
      context.log(INTERRUPTED)
      return Exit.interrupted
    }
    if (page !== undefined) await reportOn(connection, summary, { page, context })
    if (summary.refused > 0 || summary.status !== 'finished') exitCode = Exit.refusals
    if (summary.status !== 'finished') break
  }
  return exitCode
}

/** Writes a page about a batch. One that was refused as a whole has left nothing to report on. */
async function reportOn(
  connection: Connection,
  { name, status }: ReplaySummary,
  { page, context }: { page: string; context: Context },
): Promise<void> {
  if (status === 'refused') {
    context.log(`no report was written, because nothing of batch ${named(name)} was posted`)
    return
  }
  await writeReport(page, await reportPage(await report(connection, { batch: name })))
  context.log(`the report is in ${named(page)}`)
}

/** Checks the option for the page before a database is opened. */
async function checkReport({
  report: page,
  files,
  'dry-run': isDry,
}: ReplayCommandOptions): Promise<void> {
  if (page === undefined) return
  if (isDry) {
    throw new UsageError(
      '--report cannot be combined with --dry-run: a report is about a batch that was posted',
    )
  }
  if (files.length > 1) throw new UsageError('--report can only be used with one file at a time')
  await requireWritable(page)
  await requireReportFile(page)
}

/** Checks the options before a database is opened. */
function checkCalls(calls: readonly ReplayOptions<never>[]): void {
  const [{ name, rejects } = {}, ...others] = calls
  if (others.length > 0 && (name ?? rejects) !== undefined) {
    throw new UsageError('--as and --rejects can only be used with one file at a time')
  }
  if (calls.filter(({ file }) => file === '-').length > 1) {
    throw new UsageError('- is named more than once, but the standard input can be read only once')
  }
  try {
    for (const call of calls) checkReplayOptions(call)
  } catch (error) {
    throw explained(error, {})
  }
}

async function replayOne(
  connection: Connection,
  options: ReplayOptions<never>,
  { context, print }: { context: Context; print: (summary: ReplaySummary) => void },
): Promise<ReplaySummary> {
  try {
    const summary = await replayWithProgress(connection, options, context)
    print(summary)
    const { keptRejects, startedAgain } = summary
    if (startedAgain) context.log(describeRestart(summary, startedAgain))
    if (keptRejects !== undefined) {
      context.log(
        `${named(options.rejects ?? '')} had other rejects, or corrections: it is kept as ${named(keptRejects)}`,
      )
    }
    if (summary.status !== 'interrupted') adviceOn(summary, options).forEach(context.log)
    return summary
  } catch (error) {
    if (error instanceof RejectsError) print(error.summary)
    throw explained(error, options)
  }
}

function describeRestart(
  { name, dryRun }: ReplaySummary,
  { refused }: NonNullable<ReplaySummary['startedAgain']>,
): string {
  const state = dryRun ? 'would be started again' : 'was started again'
  return `batch ${named(name)} ${state}, because its earlier run had posted nothing and was of another file or had other options: its ${countOf(refused, 'refusal')} ${dryRun ? 'would be' : 'were'} removed`
}

/** An error with a message for a person at the command line. */
function explained(error: unknown, { dryRun = false }: Pick<ReplayOptions, 'dryRun'>): unknown {
  if (error instanceof ReplayOptionsError)
    return new UsageError(withCommandLineNames(error.message))
  const isRaw = isDriverError(error, 'MongoError')
  if (!isRaw && !(error instanceof DatabaseError)) return error
  const advice = dryRun
    ? 'Nothing was written'
    : 'What is posted stays posted. Correct the cause, then run the same command again to continue'
  const problem = isRaw ? `MongoDB: ${error.message}` : error.message
  return new CommandFailure(`${problem}. ${advice}`, { cause: error })
}
