import { writeFile } from 'node:fs/promises'
import {
  type ExplainedRecord,
  type FileExplanation,
  InputError,
  ReplayOptionsError,
  explainFile,
} from '../../src/index.ts'
import { lineCell, named } from '../../src/internal.ts'
import {
  type Command,
  type CommonOptions,
  type Context,
  Exit,
  UsageError,
  jsonOption,
  fileOption,
  wholeNumber,
  textPosition,
} from '../context/command.ts'
import { definitionFrom } from '../context/ledger-file.ts'
import { fileNamed } from '../context/stdin.ts'
import { ownText } from '../context/own-fields.ts'
import { paint } from '../context/paint.ts'
import { cell, renderTable } from '../context/table.ts'
import { wrapText } from '../context/wrapping.ts'
import {
  type ReadingCommandOptions,
  defineReadingOptions,
  readingOptions,
  withCommandLineNames,
} from './reading/options.ts'

interface FormatsOptions extends ReadingCommandOptions {
  file: string
  records: number
  write: string | undefined
  json: boolean
}

export const formatsCommand: Command<FormatsOptions> = {
  examples: [
    ['formats try january.csv', 'what Daybook recognizes'],
    ["formats try bank.csv --delimiter ';' --decimal ,", 'with what it should know'],
  ],
  unused: ['uri', 'folder'],
  builder: (yargs) =>
    defineReadingOptions(yargs)
      .positional('file', textPosition('a file of transfers; - is the standard input'))
      .option(
        'records',
        wholeNumber('records', {
          least: 1,
          most: 1_000,
          describe: 'how many records to show',
          default: 5,
        }),
      )
      .option('write', fileOption('write the proposed format to this file, which must not exist'))
      .option('json', jsonOption),
  run: async (options, context) => {
    const explanation = await explained(options, context)
    context.print(options.json ? JSON.stringify(explanation) : render(explanation, context.columns))
    if (options.write !== undefined) await write(options.write, explanation, context)
    return explanation.problem === undefined ? Exit.done : Exit.badInput
  },
}

async function explained(
  options: FormatsOptions & Pick<CommonOptions, 'ledger'>,
  context: Context,
): Promise<FileExplanation> {
  const { stdin, signal } = context
  const reading = await readingOptions(options)
  try {
    const file = fileNamed(options.file)
    const ledger = await definitionFrom(options.ledger)
    return await explainFile({ ...reading, file, stdin, signal, records: options.records, ledger })
  } catch (error) {
    throw error instanceof ReplayOptionsError
      ? new UsageError(withCommandLineNames(error.message))
      : error
  }
}

function render(
  { columns, records, problem, proposal, notes }: FileExplanation,
  width: number | undefined,
): string {
  const columnTable = renderTable(
    ['column', 'role', 'first values'],
    columns.map(({ name, role, how, values }) => [
      cell(name),
      role === undefined ? '' : `${role} (${how})`,
      values
        .filter((value) => value !== '')
        .map((value) => cell(value, 40))
        .join(' | '),
    ]),
    [],
    width,
  )
  const own = [
    ...new Set(records.flatMap(({ request }) => Object.keys(request?.fieldValues ?? {}))),
  ]
  const hasHolds = records.some(({ action }) => action)
  const names = [...(hasHolds ? HOLD_NAMES : TRANSFER_NAMES), ...own]
  const areAllRead = records.every(({ request, action }) => request ?? action)
  const recordTable = renderTable(
    ['line', ...names, ...(areAllRead ? [] : ['why not'])],
    records.map((record) => rowOf(record, names)),
    ['right', ...names.map((name) => (name === 'amount' ? 'right' : 'left')), 'left'],
    width,
  )
  const read =
    problem === undefined
      ? `As they would be read:\n\n${recordTable}`
      : wrapText(`${paint.bad('Cannot be read:')} ${problem}`, width)
  const listed = wrapText(notes.map((note) => `\n- ${note}`).join(''), width)
  return `${columnTable}\n\n${read}\n\nA format to start from. Check it: it is guessed from the values.\n${listed}${listed && '\n'}\n${JSON.stringify(proposal, null, 2)}`
}

const TRANSFER_NAMES = ['from', 'to', 'amount', 'currency', 'effectiveAt', 'reference']
const HOLD_NAMES = ['action', 'holdId', ...TRANSFER_NAMES, 'expiresAt', 'final']

function rowOf(
  { request, action, skipped, problem, ...place }: ExplainedRecord,
  names: readonly string[],
): string[] {
  const line = lineCell(place)
  const asked = request ?? action
  if (!asked) {
    const why =
      problem === undefined ? paint.faint(`skipped: ${skipped}`) : paint.bad(`refused: ${problem}`)
    return [line, ...names.map(() => ''), why]
  }
  const parts = { action: asked.kind ?? 'transfer', ...request?.fieldValues, ...asked }
  return [line, ...names.map((name) => cell(ownText(parts, name), 60))]
}

async function write(path: string, { proposal }: FileExplanation, { log }: Context): Promise<void> {
  try {
    await writeFile(path, `${JSON.stringify(proposal, null, 2)}\n`, { flag: 'wx' })
  } catch (error) {
    throw new InputError(`${named(path)} cannot be written: ${(error as Error).message}`, {
      cause: error,
    })
  }
  log(`the proposed format is in ${named(path)}`)
}
