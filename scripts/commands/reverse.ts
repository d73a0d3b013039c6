import { transferModel } from '../../src/index.ts'
import { type Command, Exit, dryRunOption, jsonOption, textOption } from '../context/command.ts'
import { withDatabase } from '../context/database.ts'
import { applyChange } from '../context/dry-run.ts'
import { describeTransfer, effectiveAtOption } from './transfer.ts'

export const reverseCommand: Command<{
  id: string
  reference: string | undefined
  'effective-at': Date | undefined
  'dry-run': boolean
  json: boolean
}> = {
  builder: (yargs) =>
    yargs
      .positional('id', { describe: 'the id of the transfer', type: 'string', demandOption: true })
      .option('reference', textOption('a note for the receiver'))
      .option('effective-at', effectiveAtOption)
      .option('dry-run', dryRunOption)
      .option('json', jsonOption),
  run: (options, context) =>
    withDatabase(options, context, async (database) => {
      const { id, reference, 'effective-at': effectiveAt, 'dry-run': dryRun } = options
      const transfer = await applyChange(database, { dryRun, context }, (sessionOption) =>
        transferModel(database.connection).reverse(id, {
          ...sessionOption,
          ...(reference !== undefined && { reference }),
          ...(effectiveAt && { effectiveAt }),
        }),
      )
      context.print(options.json ? JSON.stringify(transfer) : describeTransfer(transfer))
      return Exit.done
    }),
}
