import { type HoldDocument, type HoldModel, formatMoney, holdModel } from '../../src/index.ts'
import { type ActionOptions, checkActionOptions } from '../context/action-options.ts'
import { type Command, Exit, jsonOption, textOption, wholeNumber } from '../context/command.ts'
import { withDatabase } from '../context/database.ts'
import { requireAccount } from '../context/needed-records.ts'
import { bringUpToDate } from '../context/own-migrations.ts'
import { paintedState } from '../context/states.ts'
import { cell, renderTable, timeCell } from '../context/table.ts'

const ACTIONS = {
  list: { optional: ['account', 'status', 'limit'] },
  expire: {},
} satisfies Record<string, ActionOptions>

const STATUSES = ['active', 'captured', 'released', 'expired', 'all'] as const

/** How many rows a table has unless `--limit` says so. */
const TABLE_ROWS = 100

export const holdsCommand: Command<{
  action: string | undefined
  account: string | undefined
  status: (typeof STATUSES)[number] | undefined
  limit: number | undefined
  json: boolean
}> = {
  examples: [
    ['holds --account ADA', 'the active holds of an account'],
    ['holds expire', 'mark those that have expired'],
  ],
  builder: (yargs) =>
    yargs
      .positional('action', {
        describe: 'list holds, or mark those that have expired',
        choices: Object.keys(ACTIONS),
        default: 'list',
      })
      .option('account', textOption('only holds of the money of this account'))
      .option('status', {
        choices: STATUSES,
        describe: 'only holds with this status [default: active]',
      })
      .option(
        'limit',
        wholeNumber('limit', { least: 1, describe: 'the most holds to list [default: 100]' }),
      )
      .option('json', jsonOption),
  run: (options, context) => {
    const { action = 'list', json } = options
    checkActionOptions('holds', action, ACTIONS, { ...options })
    return withDatabase(options, context, async (database) => {
      const Hold = holdModel(database.connection)
      if (action === 'expire') {
        await bringUpToDate(database, context)
        const expired = await Hold.expire()
        context.print(json ? JSON.stringify({ expired }) : `${expired} expired`)
        return Exit.done
      }
      const { account, status = 'active', limit = TABLE_ROWS } = options
      const filter = {
        ...(account !== undefined && { fromAccount: account }),
        ...(status !== 'all' && { status }),
      }
      if (account !== undefined) await requireAccount(database.connection, account)
      const found = await Hold.find(filter).sort({ createdAt: -1 }).limit(limit)
      const expired = await unmarkedOf(Hold, found)
      context.print(json ? JSON.stringify(found) : renderHolds(found, expired, context.columns))
      const all = await Hold.countDocuments(filter)
      if (all > found.length) context.log(`${all - found.length} more: see them with --limit`)
      return Exit.done
    })
  },
}

const HEAD = [
  'hold',
  'from',
  'to',
  'amount',
  'captured',
  '',
  'status',
  'expires (UTC)',
  'reference',
]
const ALIGNMENTS = [
  'left',
  'left',
  'left',
  'right',
  'right',
  'left',
  'left',
  'left',
  'left',
] as const

/** The ids of those that have expired by the server's clock, and still say that they are active. */
export async function unmarkedOf(
  Hold: HoldModel,
  holds: readonly HoldDocument[],
): Promise<Set<string>> {
  const ids = holds.flatMap(({ _id, status, expiresAt }) =>
    status === 'active' && expiresAt ? [_id] : [],
  )
  if (ids.length === 0) return new Set()
  const filter = { _id: { $in: ids }, $expr: { $lte: ['$expiresAt', '$$NOW'] } }
  return new Set((await Hold.find(filter, { _id: 1 })).map(({ _id }) => _id))
}

/** Holds as a table. `expired` has the ids of those that have expired and still say that they are active. */
export const renderHolds = (
  holds: readonly HoldDocument[],
  expired: ReadonlySet<string>,
  columns?: number,
): string =>
  renderTable(
    HEAD,
    holds.map((hold) => [
      cell(hold._id),
      cell(hold.fromAccount),
      cell(hold.toAccount),
      formatMoney(hold.amount, hold.currency),
      formatMoney(hold.captured, hold.currency),
      hold.currency,
      expired.has(hold._id)
        ? paintedState('expired, not marked', 'expired')
        : paintedState(hold.status),
      hold.expiresAt ? timeCell(hold.expiresAt) : '',
      cell(hold.reference ?? ''),
    ]),
    ALIGNMENTS,
    columns,
  )
