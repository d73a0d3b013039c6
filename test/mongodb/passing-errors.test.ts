import mongoose from 'mongoose'
import { describe, expect, test } from 'vitest'
import { isPassing } from '../../src/mongodb/passing-errors.ts'

const { MongoBulkWriteError, MongoNetworkError, MongoServerError } = mongoose.mongo

/** As the driver wraps an error that ended a bulk write. */
const inBulkWrite = (error: Error) => Reflect.construct(MongoBulkWriteError, [error, {}]) as Error

describe('isPassing', () => {
  test('is true of a lost connection, also if a bulk write hides it', () => {
    const lost = new MongoNetworkError('connection 5 closed')
    expect(isPassing(lost)).toBe(true)
    expect(isPassing(inBulkWrite(lost))).toBe(true)
  })

  test('is false of a server’s refusal', () => {
    const refusal = new MongoServerError({ message: 'Document failed validation', code: 121 })
    expect(isPassing(refusal)).toBe(false)
    expect(isPassing(inBulkWrite(refusal))).toBe(false)
    expect(isPassing(new TypeError('a bug'))).toBe(false)
  })
})
