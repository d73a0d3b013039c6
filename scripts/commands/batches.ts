import { type BatchRecord, type RefusalRecord, batchModel, refusalModel } from '../../src/index.ts'
import { lineCell } from '../../src/internal.ts'
import { type Command, type Context, Exit, wholeNumber, jsonOption } from '../context/command.ts'
import { withDatabase } from '../context/database.ts'
import { requireBatch } from '../context/needed-records.ts'
import { paint } from '../context/paint.ts'
import { paintedState } from '../context/states.ts'
import { cell, renderTable, timeCell } from '../context/table.ts'

interface BatchesOptions {
  name: string | undefined
  limit: number | undefined
  json: boolean
}

export const batchesCommand: Command<BatchesOptions> = {
  examples: [
    ['batches', 'all batches'],
    ['batches january.csv --limit 10', 'the first refused lines of one'],
  ],
  builder: (yargs) =>
    yargs
      .positional('name', { describe: 'list the refused lines of this batch', type: 'string' })
      .option(
        'limit',
        wholeNumber('limit', {
          least: 1,
          describe: 'the most rows to print [default: 100, or all with --json]',
        }),
      )
      .option('json', jsonOption),
  run: (options, context) =>
    withDatabase(options, context, async ({ connection }) => {
      const { name, json, limit = json ? Infinity : TABLE_ROWS } = options
      const batches = batchModel(connection)
      // The server takes 0 as no limit.
      const serverLimit = limit === Infinity ? 0 : limit
      if (name === undefined) {
        const all = await batches.countDocuments()
        const found = batches.find().sort({ startedAt: -1 }).limit(serverLimit)
        if (json) await printArray(found.cursor(), context)
        else context.print(batchTable(await found, context.columns))
        logHidden({ limit, all, what: 'batches' }, context)
        return Exit.done
      }
      const batch = await requireBatch(connection, name)
      const found = refusalModel(connection)
        .find({ '_id.batch': name })
        .sort({ _id: 1 })
        .limit(serverLimit)
        .lean()
      if (json) await printArray(found.cursor(), context)
      else context.print(refusalTable(await found, context.columns))
      logHidden({ limit, all: batch.refused, what: 'refusals' }, context)
      return Exit.done
    }),
}

/** The most rows of a table, unless `--limit` says otherwise. */
const TABLE_ROWS = 100

/** Prints a JSON array with one element per line. All elements at once might not fit into memory. */
async function printArray(elements: AsyncIterable<object>, { print }: Context): Promise<void> {
  let isFirst = true
  for await (const element of elements) {
    print(`${isFirst ? '[' : ','}${JSON.stringify(element)}`)
    isFirst = false
  }
  print(isFirst ? '[]' : ']')
}

function logHidden(
  { limit, all, what }: { limit: number; all: number; what: string },
  { log }: Context,
): void {
  if (all > limit) log(`${limit} of ${all} ${what} are shown: --limit ${all} shows all`)
}

function batchTable(batches: readonly BatchRecord[], columns: number | undefined): string {
  const hasSkipped = batches.some(({ skipped = 0 }) => skipped > 0)
  const counts = ['read', 'of', 'posted', 'existing', 'refused', ...(hasSkipped ? ['skipped'] : [])]
  return renderTable(
    ['batch', 'status', ...counts, 'started (UTC)'],
    batches.map((batch) => {
      const { _id: name, position, records, posted, existing, refused, skipped = 0 } = batch
      const numbers = [
        position,
        records,
        posted,
        existing,
        refused,
        ...(hasSkipped ? [skipped] : []),
      ]
      return [cell(name), statusOf(batch), ...numbers.map(String), timeCell(batch.startedAt)]
    }),
    ['left', 'left', ...counts.map(() => 'right' as const), 'left'],
    columns,
  )
}

const statusOf = ({ status, retry }: BatchRecord): string =>
  paintedState(retry ? `${status}, ${retry.finishedAt ? 'retried' : 'retrying'}` : status, status)

/** In characters. Daybook writes the messages itself, and some name many columns. */
const MAX_MESSAGE = 4_000

function refusalTable(refusals: readonly RefusalRecord[], columns: number | undefined): string {
  const hasHolds = refusals.some(({ holdId }) => holdId !== undefined)
  return renderTable(
    ['line', 'transfer', ...(hasHolds ? ['hold'] : []), 'code', 'message'],
    refusals.map(({ _id, transferId = '', holdId = '', code, message }) => [
      lineCell(_id),
      cell(transferId),
      ...(hasHolds ? [cell(holdId)] : []),
      paint.bad(code),
      cell(message, MAX_MESSAGE),
    ]),
    ['right'],
    columns,
  )
}
