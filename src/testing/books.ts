import { AssertionError } from 'node:assert'
import type { Connection } from 'mongoose'
import { verify } from '../verification/verify.ts'

/**
 * Asserts that the books of a connection's database balance, as `verify` proves it.
 * @throws AssertionError that names the first record that is wrong, what it has and what was expected
 */
export async function assertBooksBalance(connection: Connection): Promise<void> {
  const { violation } = await verify(connection)
  if (violation === undefined) return
  throw new AssertionError({ message: violation, stackStartFn: assertBooksBalance })
}
