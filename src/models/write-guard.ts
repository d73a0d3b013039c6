import type { Document, Query, Schema } from 'mongoose'
import { collectionsOf } from '../definition.ts'
import { ProtectedFieldError } from '../errors.ts'

const WRITING_QUERIES = [
  'updateOne',
  'updateMany',
  'findOneAndUpdate',
  'findOneAndReplace',
  'replaceOne',
  'deleteOne',
  'deleteMany',
  'findOneAndDelete',
] as const
const WRITING_DOCUMENT_METHODS = ['validate', 'save', 'updateOne', 'deleteOne'] as const

/** Refuses every operation of a model that could create, change or delete a record, with the error made for it. */
export function refuseEveryWrite(
  recordSchema: object,
  errorOf: (operation: string) => Error,
): void {
  const schema = asSchema(recordSchema)
  const refuse = (operation: string) => () => {
    throw errorOf(operation)
  }
  for (const operation of WRITING_QUERIES) {
    schema.pre(operation, { query: true, document: false }, refuse(operation))
  }
  for (const operation of WRITING_DOCUMENT_METHODS) {
    // Mongoose validates a document before it saves it.
    const asked = operation === 'validate' ? 'save' : operation
    schema.pre(operation, { document: true, query: false }, refuse(asked))
  }
  schema.pre('insertMany', refuse('insertMany'))
  schema.pre('bulkWrite', refuse('bulkWrite'))
  refuseWritingAggregations(schema, refuse('aggregate'))
}

/** The queries that replace or delete a whole record. */
const WHOLE_RECORD_QUERIES = [
  'replaceOne',
  'findOneAndReplace',
  'deleteOne',
  'deleteMany',
  'findOneAndDelete',
] as const

type Operators = Readonly<Record<string, unknown>>

/** One operation of `bulkWrite`. Without `update`, it writes or deletes a whole record. */
interface BulkOperation {
  readonly update?: Operators
  readonly upsert?: boolean
}

/**
 * Refuses every operation of a model that changes one of the fields of an existing record, or deletes a
 * record. Also refuses upserts, because the values of their filter become fields. Saving a new document is
 * allowed, and so is `insertMany`: the model itself must check what it inserts.
 */
export function protectFields(recordSchema: object, fields: readonly string[]): void {
  const schema = asSchema(recordSchema)
  const refuse = (operation: string) => {
    throw new ProtectedFieldError({ fields, operation })
  }
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
        if (this.getOptions().upsert) refuse(`${operation} with upsert`)
        check(pathsWritten(this.getUpdate(), fields))
      },
    )
  }
  for (const operation of WHOLE_RECORD_QUERIES) {
    schema.pre(operation, { query: true, document: false }, () => refuse(operation))
  }
  schema.pre('deleteOne', { document: true, query: false }, () => refuse('deleteOne'))
  refuseWritingAggregations(schema, () => refuse('aggregate'))
  schema.pre('bulkWrite', (operations: unknown) => {
    for (const operation of operations as Record<string, BulkOperation>[]) {
      for (const { update, upsert } of Object.values(operation)) {
        if (!update || upsert) refuse('bulkWrite')
        check(pathsWritten(update, fields))
      }
    }
  })
}

/** Calls `refuseWriting` for an aggregation that would write to the accounts, the transfers or the holds. */
function refuseWritingAggregations(schema: Schema, refuseWriting: () => void): void {
  schema.pre('aggregate', function () {
    const { accounts, transfers, holds } = collectionsOf(this.model().db)
    for (const stage of this.pipeline() as unknown as Operators[]) {
      const target = stage['$out'] ?? mergeTarget(stage['$merge'])
      const name = (target as { coll?: unknown } | undefined)?.coll ?? target
      if (name === accounts || name === transfers || name === holds) refuseWriting()
    }
  })
}

const mergeTarget = (merge: unknown): unknown =>
  (merge as { into?: unknown } | undefined)?.into ?? merge

/** Mongoose's schema type of one record is not assignable to that of another. */
const asSchema = (recordSchema: object): Schema => recordSchema as Schema

/** The paths that an update writes. All fields, if a stage of its pipeline could write any of them. */
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
