import type { Connection } from 'mongoose'
import { waitUntilOpen } from '../mongodb/connection.ts'
import type { ExportedAccount } from './export-accounts.ts'
import type { ExportOptions } from './export-text.ts'
import type { ExportRange } from './export-transfers.ts'
import type { ExportedTransfer } from './exported-transfer.ts'

// What exports is loaded at the first call.

/**
 * Reads accounts, by id, as a file that `seed()` takes: with them, exported transfers can be posted again.
 * @throws AccountNotFoundError
 * @example
 * for await (const account of exportAccounts(connection)) console.log(JSON.stringify(account))
 */
export async function* exportAccounts(
  connection: Connection,
  options?: { readonly account?: string | undefined },
): AsyncGenerator<ExportedAccount, void, undefined> {
  const module = await import('./export-accounts.ts')
  await waitUntilOpen(connection)
  yield* module.exportAccounts(connection, options)
}

/**
 * Reads transfers in an order in which they can be posted again, with the same balances after each. It reads what was
 * posted when it began, and holds only transfers of the same millisecond in memory.
 * @throws RangeError if a date is not valid
 * @throws AccountNotFoundError
 * @example
 * for await (const { transferId, amount } of exportTransfers(connection, { account: 'ADA' })) {
 *   console.log(transferId, amount)
 * }
 */
export async function* exportTransfers(
  connection: Connection,
  range?: ExportRange,
): AsyncGenerator<ExportedTransfer, void, undefined> {
  const module = await import('./export-transfers.ts')
  await waitUntilOpen(connection)
  yield* module.exportTransfers(connection, range)
}

/**
 * The text of a file of transfers or accounts, in parts. See `exportTransfers()` for its order.
 * @throws RangeError if the options are not valid
 * @example
 * for await (const part of exportText(connection, { format: 'jsonl' })) process.stdout.write(part)
 */
export async function* exportText(
  connection: Connection,
  options: ExportOptions,
): AsyncGenerator<string, void, undefined> {
  const module = await import('./export-text.ts')
  await waitUntilOpen(connection)
  yield* module.exportText(connection, options)
}
