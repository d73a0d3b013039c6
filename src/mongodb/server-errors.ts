import mongoose from 'mongoose'

const DUPLICATE_KEY = 11_000

/** The index that a server's message about a duplicate key names; where it names none it is that of `_id`. */
const indexIn = (message = ''): string =>
  / index: (.+?) (?:collation: .+ )?dup key: /.exec(message)?.[1] ?? '_id_'

/** Whether a server gave this error, by the name of its code. */
export const isServerError = (error: unknown, codeName: string): boolean =>
  error instanceof mongoose.mongo.MongoServerError && error.codeName === codeName

/** Whether something with the same `_id` was there already. */
export const isDuplicateKey = (error: unknown): boolean =>
  error instanceof mongoose.mongo.MongoServerError && error.code === DUPLICATE_KEY

/** Whether all that an unordered insert failed at was there already, by its `_id`; all else of it is stored. */
export const hasOnlyDuplicateIds = (error: unknown): error is mongoose.mongo.MongoBulkWriteError =>
  error instanceof mongoose.mongo.MongoBulkWriteError &&
  !error.result.getWriteConcernError() &&
  [error.writeErrors]
    .flat()
    .every(({ code, errmsg }) => code === DUPLICATE_KEY && indexIn(errmsg) === '_id_')
