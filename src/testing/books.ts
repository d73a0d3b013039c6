import { AssertionError } from 'node:assert'
import type { Connection } from 'mongoose'
import { verify } from '../verification/verify.ts'

/**
 * Asserts that the books in a connection's database balance, with the same checks as `verify`.
 * @throws AssertionError that names the first wrong record, what it contains and what was expected
 * @example
 * await assertBooksBalance(mongoose.connection)
 */
export async function assertBooksBalance(connection: Connection): Promise<void> {
  const { violation } = await verify(connection)
  if (violation === undefined) return
  throw new AssertionError({ message: violation, stackStartFn: assertBooksBalance })
}
