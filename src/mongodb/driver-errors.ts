import mongoose from 'mongoose'

type DriverErrors = Pick<
  typeof mongoose.mongo,
  | 'MongoError'
  | 'MongoServerError'
  | 'MongoNetworkError'
  | 'MongoServerSelectionError'
  | 'MongoWriteConcernError'
  | 'MongoBulkWriteError'
>

/**
 * Whether an error is of this class of MongoDB's driver, of whichever copy: a connection of another copy of Mongoose throws
 * the errors of its own driver. Each of the driver's classes says its name.
 */
export function isDriverError<Name extends keyof DriverErrors>(
  error: unknown,
  name: Name,
): error is InstanceType<DriverErrors[Name]> {
  if (error instanceof mongoose.mongo[name]) return true
  if (!(error instanceof Error)) return false
  for (
    let prototype: unknown = Object.getPrototypeOf(error);
    typeof prototype === 'object' && prototype !== null;
    prototype = Object.getPrototypeOf(prototype)
  ) {
    const described = Object.getOwnPropertyDescriptor(prototype, 'name')
    if (described?.get?.call(error) === name) return true
  }
  return false
}
