import { createRequire } from 'node:module'
import mongoose from 'mongoose'
import { expect, test } from 'vitest'
import { isDriverError } from '../../src/mongodb/driver-errors.ts'
import { isCertainlyAborted, isPassing } from '../../src/mongodb/passing-errors.ts'
import { isDuplicateKey } from '../../src/mongodb/server-errors.ts'

/** The errors of another copy of the driver. */
const { MongoServerError, MongoNetworkError, MongoAPIError } = (() => {
  const load = createRequire(createRequire(import.meta.url).resolve('mongoose'))
  const path = load.resolve('mongodb/lib/error')
  const loaded = load.cache[path]
  delete load.cache[path]
  const errors = load(path) as typeof mongoose.mongo
  load.cache[path] = loaded
  return errors
})()

test('an error of another copy of the driver is told by its class, code and labels', () => {
  const duplicate = new MongoServerError({ message: 'E11000', code: 11_000 })
  expect(duplicate).not.toBeInstanceOf(mongoose.mongo.MongoServerError)
  expect(isDuplicateKey(duplicate)).toBe(true)
  expect(isPassing(duplicate)).toBe(false)
  expect(isPassing(new MongoServerError({ message: 'conflict', code: 112 }))).toBe(true)
  expect(isPassing(new MongoNetworkError('closed'))).toBe(true)
  const aborted = new MongoServerError({
    message: 'aborted',
    errorLabels: ['TransientTransactionError'],
  })
  expect([isCertainlyAborted(aborted), isPassing(aborted)]).toEqual([true, true])
})

test('an error is one of its own class and of those above it only', () => {
  const error = new MongoAPIError('wrong')
  expect(isDriverError(error, 'MongoError')).toBe(true)
  expect(isDriverError(error, 'MongoServerError')).toBe(false)
  const named = Object.assign(new Error('no driver'), { name: 'MongoServerError', code: 11_000 })
  expect(isDuplicateKey(named)).toBe(false)
  expect(isDriverError({ name: 'MongoError' }, 'MongoError')).toBe(false)
})
