import { type LedgerDefinition, readDefinition } from '../../definition.ts'
import { InputError, InvalidAmountError, LedgerError } from '../../errors.ts'
import type { HoldAction } from '../../ledger/holds/hold-request.ts'
import { type OwnFields, ownFieldsIn } from '../../ledger/own-fields.ts'
import { type LedgerRequest, readLedgerRequest } from '../../ledger/ledger-request.ts'
import type { IdentifiedRequest, WellFormedRequest } from '../../ledger/request.ts'
import { isCurrency } from '../../money/currency.ts'
import { decimalsProblem } from '../../money/money.ts'
import { quote } from '../../messages.ts'
import { type Source, type SourceOptions, openSource } from '../source/source.ts'
import { candidateColumns, recognizedRoles } from './columns.ts'
import { type OptionsWithFormat, withFormat } from './format-file.ts'
import { openBatchFile } from './format.ts'
import { ColumnSurvey } from './column-survey.ts'
import { nestedNamesIn, objectArraysIn, valueAt } from './json/nested-values.ts'
import { checkReadingOptions } from './option-checks.ts'
import { type ExplainedColumn, proposeFormat } from './proposal.ts'
import type { ReadingOptions } from './reading-options.ts'
import type { Role } from './roles.ts'
import type { Row } from './row.ts'

/** A record as it would be read. */
export interface ExplainedRecord {
  readonly line: number
  /** Its number among the records that start on the line. Absent for the first one. */
  readonly item?: number
  readonly request?: IdentifiedRequest
  /** What it asks for, if that is about a hold. Then it has no request. */
  readonly action?: HoldAction
  /** Why it is no transfer. */
  readonly skipped?: string
  /** Why it would be refused. */
  readonly problem?: string
}

/** How a file would be read. */
export interface FileExplanation {
  readonly columns: readonly ExplainedColumn[]
  /** The first records; none if the whole file cannot be read. */
  readonly records: readonly ExplainedRecord[]
  /** Why the whole file cannot be read. */
  readonly problem?: string
  /** The options as given, with what their columns and values suggest. To be checked: it is a guess. */
  readonly proposal: ReadingOptions
  /** What could mean two things and is not in the proposal, and what stands in it to be replaced. */
  readonly notes: readonly string[]
}

export interface ExplainOptions extends OptionsWithFormat, SourceOptions {
  /** How many records to show. Default: 5. */
  readonly records?: number | undefined
  /** The definition of the ledger, if its transfers have fields of their own. */
  readonly ledger?: LedgerDefinition | undefined
}

/** Does the work of `explainFile()`, which ../index.ts documents. */
export async function explainFile(call: ExplainOptions): Promise<FileExplanation> {
  const { records: count = 5, ledger = {}, file, stdin, signal, ...reading } = withFormat(call)
  const { transfer: ownFields, account: accountFields } = ownFieldsIn(readDefinition(ledger))
  checkReadingOptions(reading)
  const source = await openSource({ file, stdin, signal, encoding: reading.encoding })
  try {
    const rows = await firstRows(source, reading, { count, ownFields, accountFields })
    const survey = await surveyOf(source, reading, count)
    const arrays = rows.problem === undefined || reading.at !== undefined ? [] : survey.arrays
    if (arrays.length === 0) return { ...rows, ...explained(survey, reading) }
    const [at, ...others] = arrays
    const within = { ...reading, at }
    const { columns, proposal, notes } = explained(await surveyOf(source, within, count), within)
    const note = `the file has several arrays: ${quote(at)} is proposed for at, and ${others.map((name) => quote(name)).join(', ')} would be left out`
    return { ...rows, columns, proposal, notes: others.length === 0 ? notes : [note, ...notes] }
  } finally {
    await source.close()
  }
}

/** What the records of a file show, whether or not they can be read as transfers. */
interface FileSurvey {
  /** The first records. */
  readonly objects: readonly object[]
  /** What the values of each column show. */
  readonly surveys: ReadonlyMap<string, ColumnSurvey>
  readonly isJson: boolean
  /** The dotted names of the arrays in the only object of a file; none in a file of several records. */
  readonly arrays: readonly string[]
}

const explained = (
  { objects, surveys, isJson }: FileSurvey,
  given: ReadingOptions,
): Pick<FileExplanation, 'columns' | 'proposal' | 'notes'> => {
  const columns = explainedColumns(objects, given)
  return { columns, ...proposeFormat(columns, { given, surveys, isJson }) }
}

/** How many records are looked at. What they leave open is not proposed, so more would only propose more. */
const MOST_SURVEYED = 100_000

async function surveyOf(
  source: Source,
  options: ReadingOptions,
  count: number,
): Promise<FileSurvey> {
  const objects: object[] = []
  const surveys = new Map<string, ColumnSurvey>()
  let seen = 0
  const transform = (record: object) => {
    seen += 1
    if (objects.length < count) objects.push(record)
    for (const name of namesIn(record)) {
      let survey = surveys.get(name)
      if (!survey) {
        if (surveys.size >= MOST_COLUMNS) continue
        surveys.set(name, (survey = new ColumnSurvey()))
      }
      survey.add(textOf(valueAt(record, name)))
    }
    return NO_TRANSFER
  }
  const batch = await openBatchFile(source, {
    batch: 'explained',
    options: {
      ...options,
      where: undefined,
      idFrom: undefined,
      fields: undefined,
      openMissing: undefined,
    },
    transform: { transform },
  })
  objects.length = 0
  surveys.clear()
  seen = 0
  try {
    for await (const block of batch.records()) {
      for (const record of block) batch.row(record, seen + 1)
      if (seen >= MOST_SURVEYED) break
    }
  } catch (error) {
    // What comes before the damage of a file can be explained nevertheless.
    if (!(error instanceof InputError) || seen === 0) throw error
  }
  const [only] = objects
  return {
    objects,
    surveys,
    isJson: (JSON.parse(batch.reading) as { format: string }).format !== 'csv',
    arrays: seen === 1 && only ? objectArraysIn(only as Readonly<Record<string, unknown>>) : [],
  }
}

/** Objects of JSON may have any number of keys. */
const MOST_COLUMNS = 1_000

/** What the transform that only looks at records returns, so that one record is enough to open the file. */
const NO_TRANSFER = { transferId: 'none', from: 'none', to: 'none', amount: 1 }

async function firstRows(
  source: Source,
  options: ReadingOptions,
  {
    count,
    ...fields
  }: { count: number; ownFields: OwnFields | undefined; accountFields: OwnFields | undefined },
): Promise<Pick<FileExplanation, 'records' | 'problem'>> {
  try {
    const batch = await openBatchFile(source, { batch: 'explained', options, ...fields })
    const rows = await takeRows(batch, count)
    return { records: rows.map((row) => explainedRecord(row, fields.ownFields)) }
  } catch (error) {
    if (error instanceof InputError) return { records: [], problem: error.message }
    throw error
  }
}

async function takeRows(
  batch: Awaited<ReturnType<typeof openBatchFile>>,
  count: number,
): Promise<Row[]> {
  const rows: Row[] = []
  for await (const block of batch.records()) {
    for (const record of block) {
      if (rows.length >= count) return rows
      rows.push(batch.row(record, rows.length + 1))
    }
  }
  return rows
}

function explainedRecord(row: Row, fields: OwnFields | undefined): ExplainedRecord {
  const { line, item, request, skipped } = row
  const problem = row.problem ?? (request && problemOfRequest(request, fields))
  return {
    line,
    ...(item > 1 && { item }),
    ...(problem !== undefined && { problem }),
    ...(skipped !== undefined && { skipped }),
    ...(problem === undefined &&
      request &&
      (request.kind === undefined ? { request } : { action: request })),
  }
}

/** Why a request is refused whatever the ledger holds. */
function problemOfRequest(
  request: LedgerRequest,
  fields: OwnFields | undefined,
): string | undefined {
  const reading = readLedgerRequest(request, fields)
  if (reading instanceof LedgerError) return reading.message
  const { currency, amount } = request as Partial<IdentifiedRequest>
  if (!isCurrency(currency) || amount === undefined) return undefined
  const problem = decimalsProblem((reading as WellFormedRequest).amount, currency)
  return problem && new InvalidAmountError({ amount, problem }).message
}

function explainedColumns(
  objects: readonly object[],
  { map = {}, set = {} }: ReadingOptions,
): readonly ExplainedColumn[] {
  const names = [...new Set(objects.flatMap(namesIn))]
  // The name of a value within an object has a role only if the options name it.
  const own = names.filter((name) => objects.some((object) => Object.hasOwn(object, name)))
  const found = new Map<string, Role>()
  for (const role of recognizedRoles(own, { map, set })) {
    const searched = typeof map[role] === 'string' ? names : own
    for (const index of candidateColumns(searched, role, { map, set })) {
      const name = searched[index] as string
      if (!found.has(name)) found.set(name, role)
    }
  }
  return names.map((name) => {
    const role = found.get(name)
    const how = role !== undefined && typeof map[role] === 'string' ? 'mapped' : 'recognized'
    const values = objects.map((object) => textOf(valueAt(object, name)))
    return { name, ...(role !== undefined && { role, how }), values } as const
  })
}

/** The names of an object's values, with the dotted names of those within it in place of an object. */
const namesIn = (object: object): readonly string[] => [
  ...Object.entries(object)
    .filter(([, value]) => typeof value !== 'object' || value === null)
    .map(([name]) => name),
  ...nestedNamesIn(object as Readonly<Record<string, unknown>>),
]

const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value)
