import type { Connection } from 'mongoose'
import type { Verification } from './verification.ts'
import type { VerifyOptions } from './verify.ts'

// What proves the books is loaded at the first call.

/**
 * Proves that the books balance. Others can go on posting: an account is read first, and then its transfers up to the
 * number that it has counted, which never change. docs/verify.md says what is proven and what cannot be.
 *
 * Its time grows with the number of records. Its memory does not, except with that of batches.
 * @throws DatabaseError if the collections do not exist, or if the user lacks a right
 * @throws AccountNotFoundError if `accountId` is neither an account nor named by a transfer
 * @throws StateFileError if a kept state cannot be read, is damaged, or cannot be written
 * @throws InputError if options cannot be combined
 * @example
 * const { balanced, violations } = await verify(connection)
 * if (!balanced) for (const { kind, message } of violations) console.error(`${kind}: ${message}`)
 */
export async function verify(
  connection: Connection,
  verifyOptions?: VerifyOptions,
): Promise<Verification> {
  const module = await import('./verify.ts')
  return await module.verify(connection, verifyOptions)
}
