import type { LedgerRequest } from '../../ledger/ledger-request.ts'
import type { OwnFields } from '../../ledger/own-fields.ts'
import type { IdentifiedRequest } from '../../ledger/request.ts'
import { ColumnsError, findColumns, isStatement } from './columns.ts'
import { holdRecordReader } from './hold-records.ts'
import { keptColumns, metadataOf } from './kept-columns.ts'
import { ownFieldReader } from './own-field-reader.ts'
import type { ReadingOptions } from './reading-options.ts'
import { type ContentOf, compileContent } from './content.ts'
import { type OpeningReader, openingReader } from './account-openings.ts'
import { statementMovement, transferMovement } from './movements.ts'
import {
  currencyReader,
  effectiveAtReader,
  groupReader,
  idReader,
  referenceReaderOf,
  roleReaders,
} from './role-readers.ts'
import { compileConditions } from './values/conditions.ts'
import { Problem } from './values/problem.ts'
import { Skipped } from './values/skipped.ts'
import type { ValueOf } from './values/values.ts'

/** Reads what records ask for. It is made once for all records with the same columns. */
interface RecordReader {
  /**
   * Whether a column or a text says the ids of the transfers. Undefined if an object does not show it, because it may be about
   * a hold.
   */
  readonly hasIds: boolean | undefined
  /** The columns whose values must stay as they are in the file, because they are amounts. */
  readonly amountIndexes: ReadonlySet<number | undefined>
  /**
   * Reads a record. Its request has the id that the record itself has, if any. The posting checks that the parts of
   * the request are well formed.
   */
  read(value: ValueOf): LedgerRequest | Skipped | Problem
  /** What an id of the content is made of. Undefined unless the options ask for such ids. */
  readonly contentOf: ContentOf | undefined
}

export interface ReaderOptions {
  /** Whether the names are the keys of an object. Keys have no order, and an object may leave some out. */
  readonly areKeys?: boolean
  /** The columns that are values within an object. */
  readonly nested?: ReadonlySet<string> | undefined
  /** The own fields of the ledger's transfers, if they have any. */
  readonly ownFields?: OwnFields | undefined
  /** Called when a date without a zone of its own is read. */
  readonly onZoneUsed?: () => void
}

/** What records with the same columns are read with. */
export interface CompiledColumns {
  /** Says why a record is skipped; undefined if the options select no records. */
  readonly whySkipped: ((value: ValueOf) => string | undefined) | undefined
  /** Reads how missing accounts are opened; undefined if none are. */
  readonly openings: OpeningReader | undefined
  /** The reader, or why the columns do not fit the options. */
  readonly reader: RecordReader | { readonly problem: string }
}

/** Prepares the reading of records with these columns. Returns the problem if none can be selected from them. */
export function compileColumns(
  columns: readonly string[],
  options: ReadingOptions,
  { areKeys = false, nested, ownFields, onZoneUsed = () => undefined }: ReaderOptions = {},
): CompiledColumns | { readonly problem: string } {
  const { where = {} } = options
  const whySkipped = orProblem(() =>
    Object.keys(where).length === 0 ? undefined : compileConditions(where, columns, { areKeys }),
  )
  if (whySkipped && 'problem' in whySkipped) return whySkipped
  const openings = orProblem(() => compileOpenings(columns, options, areKeys))
  if (openings && 'problem' in openings) return openings
  return {
    whySkipped,
    openings,
    reader: orProblem(() =>
      compileReader(columns, options, { areKeys, nested, ownFields, onZoneUsed }),
    ),
  }
}

/** @throws ColumnsError */
function compileOpenings(
  columns: readonly string[],
  options: ReadingOptions,
  areKeys: boolean,
): OpeningReader | undefined {
  const { map = {}, set = {} } = options
  if (!options.openMissing) return undefined
  const isOfAccount = isStatement({ map, set })
  const found = isOfAccount && findColumns(columns, { map, set, areKeys })
  const readerOf = found ? roleReaders(columns, found, { ...options, areKeys }) : undefined
  return openingReader(columns, options, { readerOf, areKeys })
}

function orProblem<Result>(compile: () => Result): Result | { readonly problem: string } {
  try {
    return compile()
  } catch (error) {
    if (error instanceof ColumnsError) return { problem: error.message }
    throw error
  }
}

/** @throws ColumnsError */
function compileReader(
  columns: readonly string[],
  options: ReadingOptions,
  { areKeys, nested, ownFields, onZoneUsed }: Required<ReaderOptions>,
): RecordReader {
  const { map = {}, set = {}, keep = false, idFrom } = options
  const isNested = (name: string) => nested?.has(name) ?? false
  const fields =
    ownFields && ownFieldReader(columns, options, { ownFields, areKeys, isNested, onZoneUsed })
  // A column with the name of an own field is that field, and nothing else unless the options say so.
  const unrecognized = ownFields ? new Set([...(nested ?? []), ...ownFields.names]) : nested
  const columnOptions = { map, set, areKeys, nested: unrecognized }
  const found = findColumns(columns, columnOptions)
  const { indexes } = found
  const own = nested ? columns.filter((column) => column !== '' && !nested.has(column)) : columns
  // An object may leave out a key to keep.
  const present =
    areKeys && typeof keep !== 'boolean'
      ? keep.filter((key) => columns.includes(key))
      : keep && nested
        ? own
        : keep
  const kept = keptColumns(
    columns,
    [...Object.values(indexes), ...(fields?.indexes ?? [])],
    present,
  )
  const readerOf = roleReaders(columns, found, { ...options, areKeys })
  const transferId = idReader('transferId', readerOf, options)
  const currency = currencyReader(readerOf, options)
  // A number of JSON has a point before its decimals.
  const spelled = areKeys ? { ...options, decimal: options.decimal ?? '.' } : options
  const movement = (found.isStatement ? statementMovement : transferMovement)(readerOf, spelled)
  const reference = referenceReaderOf(readerOf, options)
  const effectiveAt = effectiveAtReader(readerOf, options, onZoneUsed)
  const group = groupReader(readerOf)
  const metadata = (value: ValueOf) => (kept.length === 0 ? undefined : metadataOf(value, kept))

  const read = (value: ValueOf): IdentifiedRequest | Skipped | Problem => {
    const lineCurrency = currency(value)
    if (lineCurrency instanceof Problem) return lineCurrency
    const moved = movement(value, lineCurrency)
    if (moved instanceof Problem || moved instanceof Skipped) return moved
    const date = effectiveAt?.(value)
    if (date instanceof Problem) return date
    const groupName = group?.(value)
    if (groupName instanceof Problem) return groupName
    const fieldValues = fields?.read(value)
    if (fieldValues instanceof Problem) return fieldValues
    return {
      transferId: transferId?.(value),
      from: moved.from,
      to: moved.to,
      amount: moved.amount,
      currency: moved.currency,
      reference: reference?.(value),
      metadata: metadata(value),
      effectiveAt: date,
      group: groupName,
      ...(fieldValues && { fieldValues }),
    } as IdentifiedRequest
  }

  return {
    hasIds:
      areKeys && found.hasHolds && !transferId ? undefined : transferId !== undefined && !idFrom,
    amountIndexes: new Set([
      indexes.amount,
      indexes.debit,
      indexes.credit,
      ...(fields?.indexes ?? []),
    ]),
    read: found.hasHolds
      ? holdRecordReader({
          columns,
          columnOptions,
          found,
          readerOf,
          options: spelled,
          fields,
          onZoneUsed,
          currency,
          reference,
          metadata,
          effectiveAt,
          transfer: read,
        })
      : read,
    contentOf: idFrom && compileContent(idFrom, columns, { readerOf, areKeys }),
  }
}
