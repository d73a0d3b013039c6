import { type ReportOptions, report, reportPage } from '../../src/index.ts'
import { named, requireReportFile, writeReport } from '../../src/internal.ts'
import { type Command, Exit, UsageError, flagOption, textOption } from '../context/command.ts'
import { withDatabase } from '../context/database.ts'
import { requireFiles, requireWritable } from '../context/needed-files.ts'
import { requireBatch } from '../context/needed-records.ts'
import { startProgress } from '../context/progress.ts'

interface ReportCommandOptions {
  batch: string | undefined
  account: string | undefined
  books: boolean
  since: string | undefined
  output: string | undefined
  json: boolean
}

export const reportCommand: Command<ReportCommandOptions> = {
  examples: [
    ['report january.csv', 'a batch: what was posted, and what was refused and why'],
    ['report --account ADA --output ada.html', 'an account: its balance curve and statement'],
    ['report', 'the books: their totals and the proof that they balance'],
  ],
  builder: (yargs) =>
    yargs
      .positional('batch', { describe: 'the name of a batch', type: 'string' })
      .option('account', textOption('report on this account'))
      .option('books', flagOption('report on the whole books, as without a batch or an account'))
      .option(
        'since',
        textOption('with the books: prove only what came after the state in this file'),
      )
      .option(
        'output',
        textOption('the page to write; an earlier report is replaced [default: report-NAME.html]'),
      )
      .option('json', flagOption('print the report as JSON, and write no page')),
  async run({ batch, account, books, since, output, json, ...options }, context) {
    requireOneSubject({ batch, '--account': account, '--books': books || undefined })
    if (since !== undefined && (batch ?? account) !== undefined) {
      throw new UsageError('--since is for the books, so no batch or account can be named')
    }
    if (json && output !== undefined) {
      throw new UsageError('--output cannot be combined with --json, which writes no page')
    }
    const file = output ?? defaultFile(batch ?? account ?? 'books')
    await requireFiles([since])
    if (!json) {
      await requireWritable(file)
      await requireReportFile(file)
    }
    return await withDatabase(options, context, async ({ connection }) => {
      if (batch !== undefined) await requireBatch(connection, batch)
      const { signal } = context
      const progress = startProgress(context, { unit: 'transfers' })
      const subject: ReportOptions = {
        batch,
        account,
        since,
        signal,
        onProgress: ({ transfers, total }) => progress.update(transfers, total),
      }
      try {
        const content = await report(connection, subject)
        progress.stop()
        if (json) context.print(JSON.stringify(content))
        else {
          await writeReport(file, await reportPage(content))
          context.print(named(file))
        }
        return content.kind === 'books' && !content.proof.balanced ? Exit.failure : Exit.done
      } catch (error) {
        if (signal.aborted && error === signal.reason) return Exit.interrupted
        throw error
      } finally {
        progress.stop()
      }
    })
  },
}

function requireOneSubject(subjects: Readonly<Record<string, string | boolean | undefined>>): void {
  const [one, other] = Object.keys(subjects).filter((name) => subjects[name] !== undefined)
  if (one === undefined || other === undefined) return
  const first = one === 'batch' ? 'a batch' : one
  throw new UsageError(`${other} cannot be combined with ${first}: a report has one subject`)
}

/** A file in the working folder, named after what the report is about. */
const defaultFile = (name: string): string =>
  `report-${name.replaceAll(/[^\p{L}\p{N}._-]+/gu, '-').slice(0, 80)}.html`
