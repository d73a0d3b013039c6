import { type BatchFormat, generate, type Generated } from '../../src/index.ts'
import {
  BATCH_FORMATS,
  DEFAULT_SEED,
  DEFAULT_TRANSFERS_SEED,
  MOST_SEED,
  named,
} from '../../src/internal.ts'
import {
  type Command,
  Exit,
  UsageError,
  dryRunOption,
  flagOption,
  jsonOption,
  wholeNumber,
  textPosition,
} from '../context/command.ts'
import { paint } from '../context/paint.ts'
import { startProgress } from '../context/progress.ts'
import { accountOptions, historyOf, historyOptions } from './seeding-options.ts'

/** A yargs option that takes a share, from 0 to 1. */
const share = (name: string, option: { describe: string; default: number }) => ({
  ...option,
  type: 'string' as const,
  requiresArg: true,
  coerce(text: string | number): number {
    const value = Number(text)
    if (/^(?:\d+|\d*\.\d+)$/.test(String(text)) && value <= 1) return value
    throw new UsageError(`--${name} ${named(text)}: expected a share from 0 to 1, such as 0.02`)
  },
})

const { accounts, currencies, file: accountsOption } = accountOptions

export const generateCommand: Command<{
  file: string
  transfers: number
  hot: number
  refusals: number
  repeats: number
  holds: number
  seed: number
  from: string | undefined
  to: string | undefined
  accounts: number
  currencies: readonly string[]
  'accounts-file': string
  'accounts-seed': number
  format: BatchFormat | undefined
  force: boolean
  'dry-run': boolean
  json: boolean
}> = {
  examples: [
    ['generate transfers.csv --transfers 1000', 'a file to replay'],
    [
      'generate year.csv --transfers 1000 --from 2025-01-01 --to 2025-12-31',
      'with the dates of a year',
    ],
  ],
  dependent: { currencies: ['accounts'], 'accounts-seed': ['accounts'] },
  unused: ['uri', 'folder', 'ledger'],
  builder: (yargs) =>
    yargs
      .positional(
        'file',
        textPosition('the file to write: .csv, .tsv, .jsonl or .json, or one of these with .gz'),
      )
      .option('transfers', {
        ...wholeNumber('transfers', {
          least: 0,
          most: 999_999_999,
          describe: 'how many lines to write',
        }),
        demandOption: true,
      })
      .option(
        'hot',
        share('hot', {
          describe: 'the share of transfers that a few hot accounts send or receive',
          default: 0.2,
        }),
      )
      .option(
        'refusals',
        share('refusals', {
          describe: 'the share of lines that are refused, for each reason in turn',
          default: 0.02,
        }),
      )
      .option(
        'repeats',
        share('repeats', {
          describe: 'the share of lines that repeat an earlier one',
          default: 0.001,
        }),
      )
      .option(
        'holds',
        share('holds', {
          describe: 'the share of lines that place, capture or release a hold',
          default: 0,
        }),
      )
      .option('seed', {
        ...accountOptions.seed,
        describe:
          'the same number makes the same transfers on every machine, another has other ids',
        default: DEFAULT_TRANSFERS_SEED,
      })
      .option('accounts', { ...accounts, describe: 'the --accounts that seed was given' })
      .option('currencies', { ...currencies, describe: 'the --currencies that seed was given' })
      .option('accounts-file', { ...accountsOption, describe: 'the --file that seed was given' })
      .option(
        'accounts-seed',
        wholeNumber('accounts-seed', {
          least: 0,
          most: MOST_SEED,
          describe: 'the --seed that seed was given',
          default: DEFAULT_SEED,
        }),
      )
      .options(historyOptions)
      .option('format', {
        describe: 'the format of the file, if its extension does not say it',
        choices: BATCH_FORMATS,
        requiresArg: true,
      })
      .option('force', flagOption('replace the file if it exists'))
      .option('dry-run', dryRunOption)
      .option('json', jsonOption),
  async run(options, context) {
    const { file, dryRun, transfers, seed, hot, refusals, repeats, holds, format, force } = options
    const progress = startProgress(context, { unit: 'transfers' })
    try {
      const generated = await generate({
        file,
        dryRun,
        transfers,
        seed,
        hot,
        refusals,
        repeats,
        holds,
        history: historyOf(options),
        format,
        force,
        seeded: {
          file: options.accountsFile,
          accounts: options.accounts,
          currencies: options.currencies,
          seed: options.accountsSeed,
        },
        onProgress: progress.update,
        signal: context.signal,
      })
      progress.stop()
      context.print(
        options.json
          ? JSON.stringify(generated)
          : summary(generated, { dryRun, what: holds > 0 ? 'lines' : 'transfers' }),
      )
      return Exit.done
    } catch (error) {
      if (!context.signal.aborted) throw error
      context.log(paint.warning(`interrupted: ${named(file)} was not written`))
      return Exit.interrupted
    } finally {
      progress.stop()
    }
  },
}

function summary(
  { file, transfers, outcomes }: Generated,
  { dryRun, what }: { dryRun: boolean; what: string },
): string {
  const { posted = 0, existing = 0, ...refused } = outcomes
  const reasons = Object.entries(refused).toSorted(([one], [other]) => (one < other ? -1 : 1))
  return [
    `${named(file)}: ${transfers} ${what}${dryRun ? ' would be' : ''} written`,
    `to post: ${posted}`,
    `repeats: ${existing}`,
    ...reasons.map(([code, count]) => `to refuse, ${code}: ${count}`),
  ].join('\n')
}
