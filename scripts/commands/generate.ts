import { generate, type Generated } from '../../src/index.ts'
import { type BatchFormat, DEFAULT_SEED, FORMATS, MOST_SEED } from '../../src/internal.ts'
import { type Command, Exit, UsageError, wholeNumber, jsonOption } from '../context/command.ts'
import { startProgress } from '../terminal/progress.ts'
import { accountOptions } from './seeding-options.ts'

/** A yargs option that takes a share from 0 to 1. */
const share = (name: string, option: { describe: string; default: number }) => ({
  ...option,
  type: 'string' as const,
  requiresArg: true,
  coerce(text: string | number): number {
    const value = Number(text)
    if (/^(?:\d+|\d*\.\d+)$/.test(String(text)) && value <= 1) return value
    throw new UsageError(
      `--${name} ${text}: expected a share from 0 to 1, such as ${option.default}`,
    )
  },
})

const { accounts, currencies, file: accountsOption } = accountOptions

export const generateCommand: Command<{
  file: string
  transfers: number
  hot: number
  refusals: number
  repeats: number
  seed: number
  accounts: number
  currencies: readonly string[]
  'accounts-file': string
  'accounts-seed': number
  format: BatchFormat | undefined
  force: boolean
  'dry-run': boolean
  json: boolean
}> = {
  command: 'generate <file>',
  describe: 'write a batch of transfers between seeded accounts, to be replayed',
  builder: (yargs) =>
    yargs
      .positional('file', {
        describe: 'the file to write: .csv, .tsv, .jsonl or .json, gzipped with .gz',
        type: 'string',
        demandOption: true,
      })
      .option('transfers', {
        ...wholeNumber('transfers', { least: 0, most: 999_999_999, describe: 'how many lines' }),
        demandOption: true,
      })
      .option(
        'hot',
        share('hot', {
          describe: 'the share that a few accounts send or receive',
          default: 0.2,
        }),
      )
      .option(
        'refusals',
        share('refusals', {
          describe: 'the share that must be refused, for each reason in turn',
          default: 0.02,
        }),
      )
      .option(
        'repeats',
        share('repeats', {
          describe: 'the share that repeats an earlier line',
          default: 0.001,
        }),
      )
      .option('seed', {
        ...accountOptions.seed,
        describe: 'the same number makes the same transfers, on every machine',
      })
      .option('accounts', { ...accounts, describe: 'seed’s --accounts' })
      .option('currencies', { ...currencies, describe: 'seed’s --currencies' })
      .option('accounts-file', { ...accountsOption, describe: 'seed’s --file' })
      .option('accounts-seed', {
        ...wholeNumber('accounts-seed', { least: 0, most: MOST_SEED, describe: 'seed’s --seed' }),
        default: DEFAULT_SEED,
      })
      .option('format', {
        describe: 'where the file’s extension does not tell',
        choices: FORMATS,
        requiresArg: true,
      })
      .option('force', {
        describe: 'replace the file if it is there',
        type: 'boolean',
        default: false,
      })
      .option('dry-run', {
        describe: 'write nothing, only say what would be written',
        type: 'boolean',
        default: false,
      })
      .option('json', jsonOption),
  async run(options, context) {
    const { file, dryRun } = options
    const progress = startProgress(context, { unit: 'transfers' })
    try {
      const generated = await generate({
        ...options,
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
      context.print(options.json ? JSON.stringify(generated) : summary(generated, { dryRun }))
      return Exit.done
    } catch (error) {
      if (!context.signal.aborted) throw error
      context.log(`interrupted: ${file} is not written`)
      return Exit.interrupted
    } finally {
      progress.stop()
    }
  },
}

function summary(
  { file, transfers, outcomes }: Generated,
  { dryRun }: { dryRun: boolean },
): string {
  const { posted = 0, existing = 0, ...refused } = outcomes
  const reasons = Object.entries(refused).toSorted(([one], [other]) => (one < other ? -1 : 1))
  return [
    `${file}: ${transfers} transfers${dryRun ? ' would be' : ''} written`,
    `to post: ${posted}`,
    `repeats: ${existing}`,
    ...reasons.map(([code, count]) => `to refuse, ${code}: ${count}`),
  ].join('\n')
}
