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
import type { ColumnSurvey } from './column-survey.ts'
import { likelyLayout } from './csv/likely-layout.ts'
import { type FileSurvey, namesIn, surveyOf, textOf } from './file-survey.ts'
import { valueAt } from './json/nested-values.ts'
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
    const layout = rows.problem === undefined ? {} : await likelyLayout(source, reading)
    const laidOut = { ...reading, ...layout }
    const survey = await surveyOf(source, laidOut, count)
    const arrays = rows.problem === undefined || reading.at !== undefined ? [] : survey.arrays
    if (arrays.length === 0) {
      const { columns, proposal, notes } = explained(survey, laidOut)
      return { ...rows, columns, proposal, notes: layout.columns ? [NO_HEADER, ...notes] : notes }
    }
    const surveys = new Map<string, FileSurvey>()
    for (const at of arrays.slice(0, MOST_ARRAYS)) {
      surveys.set(at, await surveyOf(source, { ...reading, at }, count))
    }
    const [at, found] = [...surveys].find(([, { surveys: each }]) => haveDates(each)) ?? [
      arrays[0] as string,
      surveys.get(arrays[0] as string) as FileSurvey,
    ]
    const { columns, proposal, notes } = explained(found, { ...reading, at })
    const others = arrays.filter((name) => name !== at)
    const note = `the file has several arrays: ${quote(at)} is proposed for at, and ${others.map((name) => quote(name)).join(', ')} would be left out`
    return { ...rows, columns, proposal, notes: others.length === 0 ? notes : [note, ...notes] }
  } finally {
    await source.close()
  }
}

const NO_HEADER =
  'the file seems to have no header: the names in columns are made up, so choose better ones'

/** How many arrays of an object are looked at. */
const MOST_ARRAYS = 5

const haveDates = (surveys: ReadonlyMap<string, ColumnSurvey>): boolean =>
  [...surveys.values()].some(({ dates }) => dates !== undefined)

const explained = (
  { objects, count, surveys, isJson }: FileSurvey,
  given: ReadingOptions,
): Pick<FileExplanation, 'columns' | 'proposal' | 'notes'> => {
  const columns = explainedColumns(objects, given)
  return { columns, ...proposeFormat(columns, { given, count, surveys, isJson }) }
}

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
