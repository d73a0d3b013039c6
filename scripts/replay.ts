import type { Connection } from 'mongoose'
import {
  type ReplayOptions,
  type ReplayProgress,
  type ReplaySummary,
  replay,
} from '../src/index.ts'
import {
  type Command,
  type Context,
  Exit,
  type ExitCode,
  UsageError,
  wholeNumber,
} from './command.ts'
import { withDatabase } from './database.ts'
import { bringUpToDate } from './migrations.ts'
import { type Progress, startProgress } from './progress.ts'
import { fileNamed } from './stdin.ts'
import { renderPairs } from './table.ts'

interface ReplayCommandOptions {
  files: string[]
  as: string | undefined
  format: 'csv' | 'tsv' | 'jsonl' | 'json' | undefined
  delimiter: string | undefined
  quote: string | undefined
  columns: string[] | undefined
  map: Record<string, string> | undefined
  currency: string | undefined
  keep: string[] | undefined
  rejects: string | undefined
  'on-error': 'continue' | 'stop' | undefined
  'max-errors': number | undefined
  atomic: boolean
  'dry-run': boolean
  json: boolean
}

export const replayCommand: Command<ReplayCommandOptions> = {
  command: 'replay <files..>',
  describe: 'post files of transfers, each line exactly once however often it is run',
  builder: (yargs) =>
    yargs
      .positional('files', {
        describe: 'CSV, TSV, JSON Lines or JSON, gzipped or not; - is stdin',
        type: 'string',
        array: true,
        demandOption: true,
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
        describe: 'between the fields of a CSV file',
        type: 'string',
        requiresArg: true,
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
        coerce: commaSeparated,
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
        coerce: commaSeparated,
      })
      .option('rejects', {
        describe:
          'write the refused lines to this file, in the input’s format, to be mended and replayed',
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
        describe: 'say what would happen, write nothing',
        type: 'boolean',
        default: false,
      })
      .option('json', { describe: 'print the summary as JSON', type: 'boolean', default: false }),
  run: (options, context) => {
    if (options.files.length > 1 && (options.as ?? options.rejects) !== undefined) {
      throw new UsageError('--as and --rejects are for one file at a time')
    }
    return withDatabase(options, context, async (database) => {
      const { connection } = database
      if (!options['dry-run']) await bringUpToDate(database, context)
      let exitCode: ExitCode = Exit.done
      for (const file of options.files.map(fileNamed)) {
        const summary = await replayWithProgress(
          connection,
          replayOptions(file, options, context),
          context,
        )
        context.print(options.json ? JSON.stringify(summary) : renderSummary(summary))
        if (summary.status === 'interrupted') {
          context.tell('interrupted; run the same command again to go on')
          return Exit.interrupted
        }
        if (summary.refused > 0 || summary.status !== 'finished') exitCode = Exit.refusals
        if (summary.status !== 'finished') break
      }
      return exitCode
    })
  },
}

const commaSeparated = (text: string): string[] => text.split(',').filter((part) => part !== '')

function readMap(text: string): Record<string, string> {
  const pairs = commaSeparated(text).map((pair) => pair.split('='))
  for (const pair of pairs) {
    if (pair.length !== 2 || pair.includes('')) {
      throw new UsageError(`--map ${text}: expected pairs such as from=nameOrig,to=nameDest`)
    }
  }
  return Object.fromEntries(pairs)
}

const replayOptions = (
  file: string,
  options: ReplayCommandOptions,
  { stdin, signal }: Context,
): ReplayOptions => ({
  file,
  stdin,
  signal,
  name: options.as,
  format: options.format,
  delimiter: options.delimiter,
  quote: options.quote,
  columns: options.columns,
  map: options.map,
  currency: options.currency,
  keep: options.keep?.length === 0 ? true : options.keep,
  rejects: options.rejects,
  onError: options['on-error'],
  maxErrors: options['max-errors'],
  atomic: options.atomic,
  dryRun: options['dry-run'],
})

/** Replays a file and shows how far it is. */
export async function replayWithProgress(
  connection: Connection,
  options: ReplayOptions,
  context: Context,
): Promise<ReplaySummary> {
  let phase: ReplayProgress['phase'] | undefined
  let progress: Progress | undefined
  const onProgress = (state: ReplayProgress): void => {
    if (state.phase !== phase) {
      progress?.stop()
      phase = state.phase
      progress = startProgress(context, { unit: phase === 'checking' ? 'lines checked' : 'lines' })
    }
    if (phase === 'checking') progress?.update(state.read)
    else {
      const detail = `${state.posted} posted, ${state.refused} refused`
      progress?.update(state.read, state.records, detail)
    }
  }
  try {
    return await replay(connection, { ...options, onProgress })
  } finally {
    progress?.stop()
  }
}

const count = new Intl.NumberFormat('en')

/** A summary for people: counts, refusals by code, what was moved, and how fast. */
export function renderSummary(summary: ReplaySummary): string {
  const { name, source, resumedAt, seconds, rate } = summary
  const rows = [
    ['batch', name === source ? name : `${name} (${source})`],
    ['status', describeStatus(summary)],
    ['read', `${count.format(summary.read)} of ${count.format(summary.records)}`],
    ['posted', count.format(summary.posted)],
    ['existing', count.format(summary.existing)],
    ['refused', count.format(summary.refused)],
    ...Object.entries(summary.refusedByCode)
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([code, refused]) => [`  ${code}`, count.format(refused)]),
    ...Object.entries(summary.amountByCurrency).map(([currency, amount]) => [
      `moved ${currency}`,
      amount,
    ]),
    ['time', `${seconds.toFixed(2)} s, ${count.format(Math.round(rate))} a second`],
  ]
  if (resumedAt > 0 && !summary.alreadyFinished) {
    rows.splice(3, 0, ['resumed after', count.format(resumedAt)])
  }
  return renderPairs(rows)
}

function describeStatus({ status, dryRun, alreadyFinished, stoppedAt }: ReplaySummary): string {
  if (alreadyFinished) return 'finished before: all is posted already, nothing was changed'
  const ended = stoppedAt
    ? `stopped before line ${stoppedAt.line}: ${stoppedAt.code}: ${stoppedAt.message}`
    : status === 'refused'
      ? 'refused whole: nothing of it was posted'
      : status
  return dryRun ? `${ended} (rehearsal: nothing was written)` : ended
}
