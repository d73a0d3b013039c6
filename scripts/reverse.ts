import { transferModel } from '../src/index.ts'
import { type Command, Exit, jsonOption } from './command.ts'
import { withDatabase } from './database.ts'
import { bringUpToDate } from './migrate.ts'
import { describeTransfer } from './transfer.ts'

export const reverseCommand: Command<{
  id: string
  reference: string | undefined
  json: boolean
}> = {
  command: 'reverse <id>',
  describe: 'take a transfer back with a new one in the other direction, at most once',
  builder: (yargs) =>
    yargs
      .positional('id', { describe: 'the transfer', type: 'string', demandOption: true })
      .option('reference', {
        describe: 'a text for the receiver',
        type: 'string',
        requiresArg: true,
      })
      .option('json', jsonOption),
  run: (options, context) =>
    withDatabase(options, context, async (database) => {
      const { connection } = database
      await bringUpToDate(database, context)
      const { id, reference } = options
      const transfer = await transferModel(connection).reverse(id, {
        ...(reference && { reference }),
      })
      context.print(options.json ? JSON.stringify(transfer) : describeTransfer(transfer))
      return Exit.done
    }),
}
