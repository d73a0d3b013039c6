import type { mongo } from 'mongoose'
import { isDriverError } from './driver-errors.ts'

const DUPLICATE_KEY = 11_000

/** The index that a duplicate key message names: that of `_id` if it does not name one. */
const indexNamedIn = (message = ''): string =>
  / index: (.+?) (?:collation: .+ )?dup key: /.exec(message)?.[1] ?? '_id_'

/** Whether an error comes from the server and has this `codeName`. */
export const isServerError = (error: unknown, codeName: string): boolean =>
  isDriverError(error, 'MongoServerError') && error.codeName === codeName

/** Whether an error is a duplicate key error: a document with the same key already exists. */
export const isDuplicateKey = (error: unknown): boolean =>
  isDriverError(error, 'MongoServerError') && error.code === DUPLICATE_KEY

/**
 * Whether an unordered insert failed only for documents whose `_id` already exists. All its other documents
 * are stored.
 */
export const hasOnlyDuplicateIds = (error: unknown): error is mongo.MongoBulkWriteError =>
  isDriverError(error, 'MongoBulkWriteError') &&
  // An error of the whole command, such as a missing right, has no errors of single documents.
  isDuplicateKey(error) &&
  !error.result.getWriteConcernError() &&
  [error.writeErrors]
    .flat()
    .every(({ code, errmsg }) => code === DUPLICATE_KEY && indexNamedIn(errmsg) === '_id_')
