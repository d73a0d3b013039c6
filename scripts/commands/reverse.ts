import { transferModel } from '../../src/index.ts'
import { type Command, Exit, jsonOption } from '../context/command.ts'
import { withDatabase } from '../context/database.ts'
import { change, dryRunOption } from '../context/dry-run.ts'
import { describeTransfer } from './transfer.ts'

export const reverseCommand: Command<{
  id: string
  reference: string | undefined
  'dry-run': boolean
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
      .option('dry-run', dryRunOption)
      .option('json', jsonOption),
  run: (options, context) =>
    withDatabase(options, context, async (database) => {
      const { id, reference, 'dry-run': dryRun } = options
      const transfer = await change(database, { dryRun, context }, (place) =>
        transferModel(database.connection).reverse(id, {
          ...place,
          ...(reference !== undefined && { reference }),
        }),
      )
      context.print(options.json ? JSON.stringify(transfer) : describeTransfer(transfer))
      return Exit.done
    }),
}
