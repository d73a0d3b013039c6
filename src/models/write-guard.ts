import type { Document, Query, Schema } from 'mongoose'
import { ProtectedFieldError, TransferImmutableError } from '../errors.ts'

const QUERIES = [
  'updateOne',
  'updateMany',
  'findOneAndUpdate',
  'findOneAndReplace',
  'replaceOne',
  'deleteOne',
  'deleteMany',
  'findOneAndDelete',
] as const
const ON_DOCUMENTS = ['validate', 'save', 'updateOne', 'deleteOne'] as const

const refuse = (operation: string) => () => {
  throw new TransferImmutableError({ operation })
}

/** Closes every door of a model through which a record could be made, changed or deleted. */
export function refuseEveryWrite(guarded: object): void {
  const schema = asSchema(guarded)
  for (const operation of QUERIES) {
    schema.pre(operation, { query: true, document: false }, refuse(operation))
  }
  for (const operation of ON_DOCUMENTS) {
    schema.pre(operation, { document: true, query: false }, refuse(operation))
  }
  schema.pre('insertMany', refuse('insertMany'))
  schema.pre('bulkWrite', refuse('bulkWrite'))
  refuseWritingAggregations(schema, refuse('aggregate'))
}

/** Those that write or delete a record whole. */
const WHOLE = [
  'replaceOne',
  'findOneAndReplace',
  'deleteOne',
  'deleteMany',
  'findOneAndDelete',
] as const

type Operators = Readonly<Record<string, unknown>>

/** An operation of `bulkWrite`; those with no update write or delete a record whole. */
interface BulkOperation {
  readonly update?: Operators
  readonly upsert?: boolean
}

/**
 * Refuses every write through a model that touches one of the fields, but in a new document; upserts,
 * whose filter could bring them in; and deletes. Inserts of many are for the model itself to look at.
 */
export function protectFields(guarded: object, fields: readonly string[]): void {
  const schema = asSchema(guarded)
  const check = (paths: Iterable<string>) => {
    const touched = new Set([...paths].map((path) => path.split('.')[0] ?? path))
    const found = fields.filter((field) => touched.has(field))
    if (found.length > 0) throw new ProtectedFieldError({ fields: found })
  }
  schema.pre('save', function (this: Document) {
    if (!this.isNew) check(this.modifiedPaths())
  })
  for (const operation of ['updateOne', 'updateMany', 'findOneAndUpdate'] as const) {
    schema.pre(
      operation,
      { query: true, document: false },
      function (this: Query<unknown, unknown>) {
        check(this.getOptions().upsert ? fields : pathsWritten(this.getUpdate(), fields))
      },
    )
  }
  for (const operation of WHOLE) {
    schema.pre(operation, { query: true, document: false }, () => check(fields))
  }
  schema.pre('deleteOne', { document: true, query: false }, () => check(fields))
  refuseWritingAggregations(schema, () => check(fields))
  schema.pre('bulkWrite', (operations: unknown) => {
    for (const operation of operations as Record<string, BulkOperation>[]) {
      for (const { update, upsert } of Object.values(operation)) {
        check(update && !upsert ? pathsWritten(update, fields) : fields)
      }
    }
  })
}

/** The collections of the guarded models. */
const GUARDED = new Set<unknown>(['accounts', 'transfers'])

/** Calls a refusal for an aggregation that would write to one of the guarded collections. */
function refuseWritingAggregations(schema: Schema, refuseWriting: () => void): void {
  schema.pre('aggregate', function () {
    for (const stage of this.pipeline() as unknown as Operators[]) {
      const written = stage['$out'] ?? mergedInto(stage['$merge'])
      const name = (written as { coll?: unknown } | undefined)?.coll ?? written
      if (GUARDED.has(name)) refuseWriting()
    }
  })
}

const mergedInto = (merge: unknown): unknown =>
  (merge as { into?: unknown } | undefined)?.into ?? merge

/** Mongoose's type of one record's schema is not assignable to that of another's. */
const asSchema = (guarded: object): Schema => guarded as Schema

/** The paths that an update writes; all fields where a pipeline leaves that open. */
function pathsWritten(update: unknown, fields: readonly string[]): string[] {
  if (Array.isArray(update))
    return update.flatMap((stage) => pathsOfStage(stage as Operators, fields))
  return Object.entries((update ?? {}) as Operators).flatMap(([key, value]) => {
    if (!key.startsWith('$')) return [key]
    const written = Object.keys(value ?? {})
    return key === '$rename' ? [...written, ...Object.values(value as object).map(String)] : written
  })
}

function pathsOfStage(stage: Operators, fields: readonly string[]): readonly string[] {
  const [[operator, value] = ['', {}]] = Object.entries(stage)
  if (operator === '$set' || operator === '$addFields') return Object.keys(value as object)
  if (operator === '$unset') return [value].flat().map(String)
  return fields
}
