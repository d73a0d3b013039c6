import {
  GroupNotFoundError,
  type TransferDocument,
  formatMoney,
  transferGroupModel,
  transferModel,
} from '../../src/index.ts'
import { countOf, named, reversalId } from '../../src/internal.ts'
import { type Command, Exit, jsonOption, textPosition } from '../context/command.ts'
import { withDatabase } from '../context/database.ts'
import { cell, renderTable } from '../context/table.ts'

export const groupCommand: Command<{ id: string; json: boolean }> = {
  examples: [
    ['group ORDER-7', 'the transfers of a group'],
    ['group ORDER-7 --json', 'the same as JSON'],
  ],
  builder: (yargs) =>
    yargs.positional('id', textPosition('the id of the group')).option('json', jsonOption),
  run: (options, context) =>
    withDatabase(options, context, async ({ connection }) => {
      const { id: groupId, json } = options
      const Group = transferGroupModel(connection)
      const group = await Group.findById(groupId)
      if (!group) throw new GroupNotFoundError({ groupId })
      const legs = await transferModel(connection).find({ group: groupId }).sort({ leg: 1 })
      const reversal = await Group.findById(reversalId(groupId))
      const { postedAt, legs: count } = group
      const reversedBy = reversal?._id
      context.print(
        json
          ? JSON.stringify({ groupId, postedAt, legs, ...(reversedBy && { reversedBy }) })
          : [
              `${named(groupId)}: ${countOf(count, 'leg')}, posted ${postedAt.toISOString()}`,
              ...(reversedBy ? [`reversed by the group ${named(reversedBy)}`] : []),
              '',
              renderLegs(legs, context.columns),
            ].join('\n'),
      )
      return Exit.done
    }),
}

const HEAD = ['leg', 'transfer', 'from', 'to', 'amount', '', 'reference'] as const
const ALIGNMENTS = ['right', 'left', 'left', 'left', 'right', 'left', 'left'] as const

/** The legs of a group as a table. */
export const renderLegs = (legs: readonly TransferDocument[], columns?: number): string =>
  renderTable(
    HEAD,
    legs.map(({ leg, _id, fromAccount, toAccount, amount, currency, reference = '' }) => [
      String(leg),
      cell(_id),
      cell(fromAccount),
      cell(toAccount),
      formatMoney(amount, currency),
      currency,
      cell(reference),
    ]),
    ALIGNMENTS,
    columns,
  )
