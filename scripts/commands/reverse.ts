import { transferModel } from '../../src/index.ts'
import {
  type Command,
  Exit,
  dryRunOption,
  flagOption,
  jsonOption,
  textOption,
  textPosition,
} from '../context/command.ts'
import { withDatabase } from '../context/database.ts'
import { applyChange } from '../context/dry-run.ts'
import { wrapText } from '../context/wrapping.ts'
import { renderLegs } from './group.ts'
import { describeTransfer, effectiveAtOption } from './transfer.ts'

export const reverseCommand: Command<{
  id: string
  group: boolean
  reference: string | undefined
  'effective-at': Date | undefined
  'dry-run': boolean
  json: boolean
}> = {
  examples: [
    ['reverse RENT-2026-01 --dry-run', 'see whether it can be taken back'],
    ['reverse RENT-2026-01', 'take a transfer back'],
  ],
  builder: (yargs) =>
    yargs
      .positional('id', textPosition('the id of the transfer or the group'))
      .option('group', flagOption('reverse all legs of the group with this id'))
      .option('reference', textOption('a note for the receiver'))
      .option('effective-at', effectiveAtOption)
      .option('dry-run', dryRunOption)
      .option('json', jsonOption),
  run: (options, context) =>
    withDatabase(options, context, async (database) => {
      const { id, group, json, reference, 'effective-at': effectiveAt, 'dry-run': dryRun } = options
      const parts = {
        ...(reference !== undefined && { reference }),
        ...(effectiveAt && { effectiveAt }),
      }
      const Transfer = transferModel(database.connection)
      const change = { dryRun, context }
      if (group) {
        const legs = await applyChange(database, change, (sessionOption) =>
          Transfer.reverseGroup(id, { ...sessionOption, ...parts }),
        )
        context.print(json ? JSON.stringify(legs) : renderLegs(legs, context.columns))
      } else {
        const transfer = await applyChange(database, change, (sessionOption) =>
          Transfer.reverse(id, { ...sessionOption, ...parts }),
        )
        context.print(
          json ? JSON.stringify(transfer) : wrapText(describeTransfer(transfer), context.columns),
        )
      }
      return Exit.done
    }),
}
