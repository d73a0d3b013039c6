import { InputError, batchModel, refusalModel } from '../src/index.ts'
import { type Command, Exit, wholeNumber, jsonOption } from './command.ts'
import { withDatabase } from './database.ts'
import { renderTable } from './table.ts'

export const batchesCommand: Command<{ name: string | undefined; limit: number; json: boolean }> = {
  command: 'batches [name]',
  describe: 'list what was replayed and how far, or one batch’s refusals',
  builder: (yargs) =>
    yargs
      .positional('name', { describe: 'show the refused lines of this batch', type: 'string' })
      .option('limit', {
        ...wholeNumber('limit', { least: 1, describe: 'how many rows at most' }),
        default: 100,
      })
      .option('json', jsonOption),
  run: (options, context) =>
    withDatabase(options, context, async ({ connection }) => {
      const { name, limit } = options
      if (name === undefined) {
        const batches = await batchModel(connection).find().sort({ startedAt: -1 }).limit(limit)
        context.print(
          options.json
            ? JSON.stringify(batches)
            : renderTable(
                ['batch', 'status', 'read', 'of', 'posted', 'existing', 'refused', 'started (UTC)'],
                batches.map((batch) => [
                  batch._id,
                  batch.status,
                  ...[
                    batch.position,
                    batch.records,
                    batch.posted,
                    batch.existing,
                    batch.refused,
                  ].map(String),
                  batch.startedAt.toISOString().slice(0, 19).replace('T', ' '),
                ]),
                ['left', 'left', 'right', 'right', 'right', 'right', 'right', 'left'],
              ),
        )
        return Exit.done
      }
      if (!(await batchModel(connection).exists({ _id: name }))) {
        throw new InputError(`there is no batch ${name}: daybook batches lists those there are`)
      }
      const refusals = await refusalModel(connection)
        .find({ '_id.batch': name })
        .sort({ _id: 1 })
        .limit(limit)
        .lean()
      context.print(
        options.json
          ? JSON.stringify(refusals)
          : renderTable(
              ['line', 'transfer', 'code', 'message'],
              refusals.map(({ _id, transferId, code, message }) => [
                String(_id.line),
                transferId ?? '',
                code,
                message,
              ]),
              ['right'],
            ),
      )
      return Exit.done
    }),
}
