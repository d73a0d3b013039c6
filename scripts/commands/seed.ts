import { seed, type Seeded } from '../../src/index.ts'
import { countOf } from '../../src/internal.ts'
import {
  type Command,
  Exit,
  UsageError,
  dryRunOption,
  flagOption,
  jsonOption,
  wholeNumber,
} from '../context/command.ts'
import { withDatabase } from '../context/database.ts'
import { requireFiles } from '../context/needed-files.ts'
import { bringUpToDate } from '../context/own-migrations.ts'
import { paint } from '../context/paint.ts'
import { startProgress } from '../context/progress.ts'
import {
  type AccountFormatOptions,
  accountFormatOf,
  defineAccountFormat,
} from './account-format.ts'
import { countHistory, postHistory } from './seed-history.ts'
import { accountOptions, historyOf, historyOptions } from './seeding-options.ts'

function summary({ added, existing, removed }: Seeded, { dryRun }: { dryRun: boolean }): string {
  const would = dryRun ? 'would be ' : ''
  const lines = [`${countOf(added, 'account')} ${would}added, ${existing} already exist`]
  if (removed) {
    const { accounts, transfers, batches } = removed
    lines.unshift(
      `${countOf(accounts, 'account')}, ${countOf(transfers, 'transfer')}, ${countOf(batches, 'batch', 'batches')} ${would}removed`,
    )
  }
  return lines.join('\n')
}

const historySummary = (
  { posted, refused = 0 }: { posted: number; refused?: number },
  { dryRun }: { dryRun: boolean },
): string =>
  `history: ${countOf(posted, 'transfer')} ${dryRun ? 'would be ' : ''}posted${refused > 0 ? `, ${refused} refused` : ''}`

export const seedCommand: Command<
  AccountFormatOptions & {
    accounts: number
    currencies: readonly string[]
    seed: number
    file: string
    from: string | undefined
    to: string | undefined
    transfers: number
    reset: boolean
    force: boolean
    'dry-run': boolean
    json: boolean
  }
> = {
  examples: [
    ['seed --accounts 1000', 'the accounts of seeds/accounts.json and 1,000 more'],
    ['seed --file balances.csv --currency EUR', 'your own accounts'],
  ],
  dependent: {
    seed: ['accounts'],
    currencies: ['accounts'],
    transfers: ['from', 'to'],
    force: ['reset'],
  },
  builder: (yargs) =>
    defineAccountFormat(yargs)
      .options(accountOptions)
      .options(historyOptions)
      .option(
        'transfers',
        wholeNumber('transfers', {
          least: 0,
          most: 999_999_999,
          describe: 'how many transfers the history has',
          default: 10_000,
        }),
      )
      .option(
        'reset',
        flagOption(
          'first remove everything from the local database: all accounts, transfers and batches. From a database at a URI, remove only the seeded accounts; refused if one of them has a transfer. Nothing else may be writing',
        ),
      )
      .option('force', flagOption('allow --reset on a database at a URI'))
      .option('dry-run', dryRunOption)
      .option('json', jsonOption),
  run: async (options, context) => {
    const { dryRun, reset, file, accounts, seed: seedNumber, currencies, transfers } = options
    const fileFormat = await accountFormatOf(options)
    const seedOptions = { file, fileFormat, accounts, seed: seedNumber, currencies }
    const days = historyOf(options)
    const history = days && { transfers, seeded: seedOptions, history: days }
    await requireFiles([file])
    return await withDatabase(options, context, async (database) => {
      if (reset && !options.force && !database.isLocal) {
        throw new UsageError(
          `--reset removes the seeded accounts, and ${database.name} is not the local database of Daybook: add --force if you mean it`,
        )
      }
      await bringUpToDate(database, context, { dryRun })
      const progress = startProgress(context, { unit: 'accounts' })
      try {
        const seeded = await seed(database.connection, {
          ...seedOptions,
          dryRun,
          reset: reset ? (database.isLocal ? 'everything' : 'seeded') : undefined,
          onProgress: progress.update,
          signal: context.signal,
        })
        progress.stop()
        if (seeded.different > 0) {
          context.log(
            `${seeded.different} accounts exist with another holder, currency or opening balance, from another --seed, --currencies or --file. They stay as they are. To replace them, add --reset`,
          )
        }
        const posted =
          history &&
          (dryRun
            ? { posted: await countHistory(history, context) }
            : await postHistory(database, history, context))
        context.print(
          options.json
            ? JSON.stringify({ ...seeded, ...(posted && { history: posted }) })
            : [
                summary(seeded, { dryRun }),
                ...(posted ? [historySummary(posted, { dryRun })] : []),
              ].join('\n'),
        )
      } finally {
        progress.stop()
      }
      if (!context.signal.aborted) return Exit.done
      context.log(paint.warning('interrupted: run it again to add the rest'))
      return Exit.interrupted
    })
  },
}
