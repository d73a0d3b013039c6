import {
  type BatchRecord,
  InputError,
  type RefusalRecord,
  batchModel,
  refusalModel,
} from '../../src/index.ts'
import { type Command, type Context, Exit, wholeNumber, jsonOption } from '../context/command.ts'
import { withDatabase } from '../context/database.ts'
import { cell, renderTable } from '../terminal/table.ts'

interface BatchesOptions {
  name: string | undefined
  limit: number | undefined
  json: boolean
}

export const batchesCommand: Command<BatchesOptions> = {
  command: 'batches [name]',
  describe: 'list what was replayed and how far, or one batch’s refusals',
  builder: (yargs) =>
    yargs
      .positional('name', { describe: 'show the refused lines of this batch', type: 'string' })
      .option(
        'limit',
        wholeNumber('limit', {
          least: 1,
          describe: 'how many rows at most [default: 100, with --json all]',
        }),
      )
      .option('json', jsonOption),
  run: (options, context) =>
    withDatabase(options, context, async ({ connection }) => {
      const { name, json, limit = json ? Infinity : TABLE_ROWS } = options
      const batches = batchModel(connection)
      // To the server 0 is no limit.
      const most = limit === Infinity ? 0 : limit
      if (name === undefined) {
        const all = await batches.countDocuments()
        const found = batches.find().sort({ startedAt: -1 }).limit(most)
        if (json) await printArray(found.cursor(), context)
        else context.print(batchTable(await found))
        tellOfRest({ limit, all, what: 'batches' }, context)
        return Exit.done
      }
      const batch = await batches.findById(name)
      if (!batch) {
        throw new InputError(
          `there is no batch ${cell(name)}: daybook batches lists those there are`,
        )
      }
      const found = refusalModel(connection)
        .find({ '_id.batch': name })
        .sort({ _id: 1 })
        .limit(most)
        .lean()
      if (json) await printArray(found.cursor(), context)
      else context.print(refusalTable(await found))
      tellOfRest({ limit, all: batch.refused, what: 'refusals' }, context)
      return Exit.done
    }),
}

/** So many rows of a table are for eyes. */
const TABLE_ROWS = 100

/** Prints an array one element a line, since all at once may be more than fits into memory. */
async function printArray(elements: AsyncIterable<object>, { print }: Context): Promise<void> {
  let isFirst = true
  for await (const element of elements) {
    print(`${isFirst ? '[' : ','}${JSON.stringify(element)}`)
    isFirst = false
  }
  print(isFirst ? '[]' : ']')
}

function tellOfRest(
  { limit, all, what }: { limit: number; all: number; what: string },
  { log }: Context,
): void {
  if (all > limit) log(`${limit} of ${all} ${what} are shown: --limit ${all} shows all`)
}

const batchTable = (batches: readonly BatchRecord[]): string =>
  renderTable(
    ['batch', 'status', 'read', 'of', 'posted', 'existing', 'refused', 'started (UTC)'],
    batches.map(({ _id, status, position, records, posted, existing, refused, startedAt }) => [
      _id,
      status,
      ...[position, records, posted, existing, refused].map(String),
      startedAt.toISOString().slice(0, 19).replace('T', ' '),
    ]),
    ['left', 'left', 'right', 'right', 'right', 'right', 'right', 'left'],
  )

/** Messages are ours, and some name many columns. */
const LONGEST_MESSAGE = 4_000

const refusalTable = (refusals: readonly RefusalRecord[]): string =>
  renderTable(
    ['line', 'transfer', 'code', 'message'],
    refusals.map(({ _id, transferId = '', code, message }) => [
      String(_id.line),
      cell(transferId),
      code,
      cell(message, LONGEST_MESSAGE),
    ]),
    ['right'],
  )
