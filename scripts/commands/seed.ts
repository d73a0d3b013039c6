import { seed, type Seeded } from '../../src/index.ts'
import { type Command, Exit, UsageError, jsonOption } from '../context/command.ts'
import { withDatabase } from '../context/database.ts'
import { bringUpToDate } from '../context/own-migrations.ts'
import { startProgress } from '../terminal/progress.ts'
import { accountOptions } from './seeding-options.ts'

function summary({ added, existing, removed }: Seeded, { dryRun }: { dryRun: boolean }): string {
  const would = dryRun ? 'would be ' : ''
  const lines = [`${added} accounts ${would}added, ${existing} there already`]
  if (removed) {
    const { accounts, transfers, batches } = removed
    lines.unshift(
      `${accounts} accounts, ${transfers} transfers, ${batches} batches ${would}removed`,
    )
  }
  return lines.join('\n')
}

export const seedCommand: Command<{
  accounts: number
  currencies: readonly string[]
  seed: number
  file: string
  reset: boolean
  force: boolean
  'dry-run': boolean
  json: boolean
}> = {
  command: 'seed',
  describe: 'add accounts to work with: the same ones each time, only those that are missing',
  builder: (yargs) =>
    yargs
      .options(accountOptions)
      .option('reset', {
        describe:
          'first remove what seeding made: its accounts, the transfers between them and the records of the batches that brought nothing else; refused where another account has a transfer with one of them. Nothing else may be writing',
        type: 'boolean',
        default: false,
      })
      .option('force', {
        describe: 'allow --reset on a database that is not on this machine',
        type: 'boolean',
        default: false,
      })
      .option('dry-run', {
        describe: 'write nothing, only say what would be done',
        type: 'boolean',
        default: false,
      })
      .option('json', jsonOption),
  run: (options, context) =>
    withDatabase(options, context, async (database) => {
      const { dryRun, reset } = options
      if (reset && !options.force && !database.isLocal) {
        throw new UsageError(
          `--reset removes accounts and transfers, and ${database.name} is not on this machine: add --force if that is meant`,
        )
      }
      await bringUpToDate(database, context, { dryRun })
      const progress = startProgress(context, { unit: 'accounts' })
      try {
        const seeded = await seed(database.connection, {
          ...options,
          onProgress: progress.update,
          signal: context.signal,
        })
        progress.stop()
        if (seeded.different > 0) {
          context.log(
            `${seeded.different} accounts are there with another holder, currency or opening balance, from another --seed, --currencies or --file: they stay as they are; --reset replaces them`,
          )
        }
        context.print(options.json ? JSON.stringify(seeded) : summary(seeded, { dryRun }))
      } finally {
        progress.stop()
      }
      if (!context.signal.aborted) return Exit.done
      context.log('interrupted: run it again to add the rest')
      return Exit.interrupted
    }),
}
