import { type ExportOptions, exportText } from '../../src/index.ts'
import { EXPORT_FORMATS, named, requireNewFile, writeNewFile } from '../../src/internal.ts'
import {
  type Command,
  type Context,
  Exit,
  UsageError,
  flagOption,
  fileOption,
  textOption,
} from '../context/command.ts'
import { withDatabase } from '../context/database.ts'
import { requireWritable } from '../context/needed-files.ts'
import { dateOption } from '../context/date-option.ts'

interface ExportCommandOptions {
  account: string | undefined
  accounts: boolean
  from: Date | undefined
  to: Date | undefined
  by: NonNullable<ExportOptions['by']>
  format: ExportOptions['format'] | undefined
  output: string | undefined
  force: boolean
  spreadsheet: boolean
}

export const exportCommand: Command<ExportCommandOptions> = {
  examples: [
    ['export --output transfers.jsonl', 'all transfers'],
    ['export --account ADA --from 2026-01-01 --output ada.csv', 'those of one account'],
  ],
  dependent: { force: ['output'] },
  builder: (yargs) =>
    yargs
      .option('account', textOption('only the transfers of this account, or only this account'))
      .option('accounts', flagOption('write the accounts, as a file for seed, and no transfers'))
      .option('from', dateOption('from', 'only transfers of this date or later'))
      .option('to', dateOption('to', 'only transfers before this date'))
      .option('by', {
        choices: ['postedAt', 'effectiveAt'] as const,
        default: 'postedAt' as const,
        describe:
          'the date that --from and --to mean, and that a journal has: when it was posted, or when it happened',
      })
      .option('format', {
        describe: 'the format [default: by the extension of --output, else csv]',
        choices: EXPORT_FORMATS,
        requiresArg: true,
      })
      .option(
        'output',
        fileOption('the file to write, gzipped if it ends in .gz [default: stdout]'),
      )
      .option('force', flagOption('replace the output file if it exists'))
      .option(
        'spreadsheet',
        flagOption(
          'in CSV: put an apostrophe before cells that look like a formula. Such a file is for a spreadsheet, not for a replay',
        ),
      ),
  run: async (options, context) => {
    const { output, force } = options
    const chosen = exportOptions(options)
    if (output !== undefined && !force) await requireNewFile(output)
    await requireWritable(output)
    return await withDatabase(options, context, async ({ connection }) => {
      const texts = untilInterrupted(exportText(connection, chosen), context)
      if (output === undefined) {
        for await (const text of texts) context.print(text.replace(/\n$/, ''))
      } else {
        await writeNewFile(output, texts, { force })
        context.log(`${named(output)} is written`)
      }
      return Exit.done
    })
  },
}

const FORMATS_BY_EXTENSION: Readonly<Record<string, ExportOptions['format']>> = {
  jsonl: 'jsonl',
  ndjson: 'jsonl',
  journal: 'hledger',
  hledger: 'hledger',
}

/** Checks the options before a database is opened. */
function exportOptions({
  account,
  accounts,
  from,
  to,
  by,
  output = '',
  spreadsheet,
  ...options
}: ExportCommandOptions): ExportOptions {
  const extension = /\.([^.]+?)(?:\.gz)?$/i.exec(output)?.[1]?.toLowerCase() ?? ''
  const format = options.format ?? FORMATS_BY_EXTENSION[extension] ?? 'csv'
  if (accounts && (from ?? to) !== undefined) {
    throw new UsageError(
      '--from and --to are for transfers, so they cannot be combined with --accounts',
    )
  }
  if (accounts && format === 'hledger') {
    throw new UsageError(
      '--accounts cannot be combined with --format hledger: a journal has transfers and opening balances',
    )
  }
  if (spreadsheet && format !== 'csv') {
    throw new UsageError(
      `--spreadsheet is for CSV, so it cannot be combined with --format ${format}`,
    )
  }
  return { account, accounts, from, to, by, format, spreadsheet }
}

async function* untilInterrupted(
  texts: AsyncGenerator<string>,
  { signal }: Pick<Context, 'signal'>,
): AsyncGenerator<string> {
  for await (const text of texts) {
    signal.throwIfAborted()
    yield text
  }
}
