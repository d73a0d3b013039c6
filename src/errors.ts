import type * as accounts from './errors/account-errors.ts'
import type * as holds from './errors/hold-errors.ts'
import type * as requests from './errors/invalid-requests.ts'
import { REFUSAL_CODES, type TransferRefusedError } from './errors/ledger-error.ts'
import type * as transfers from './errors/transfer-errors.ts'

export * from './errors/account-errors.ts'
export * from './errors/hold-errors.ts'
export * from './errors/invalid-requests.ts'
export * from './errors/ledger-error.ts'
export * from './errors/transfer-errors.ts'

type ErrorClasses = typeof accounts & typeof holds & typeof requests & typeof transfers

/** Every {@link LedgerError}. A `switch` over `code` narrows it to the fields of that error. */
export type AnyLedgerError = InstanceType<ErrorClasses[keyof ErrorClasses]>

/** Every refusal of a transfer. A `switch` over `code` narrows it to the fields of that refusal. */
export type AnyTransferRefusedError = Extract<AnyLedgerError, TransferRefusedError>

const LEDGER_CODES: ReadonlySet<unknown> = new Set<AnyLedgerError['code']>([
  ...REFUSAL_CODES,
  'INVALID_GROUP_ID',
  'INVALID_EXCHANGE',
  'INVALID_HOLDER',
  'INVALID_CURRENCY',
  'ACCOUNT_CONFLICT',
  'ACCOUNT_NOT_EMPTY',
  'ACCOUNT_HAS_HOLDS',
  'PROTECTED_FIELD',
  'TRANSFER_NOT_FOUND',
  'GROUP_NOT_FOUND',
  'TRANSFER_IS_REVERSAL',
  'TRANSFER_IMMUTABLE',
  'HOLD_PROTECTED',
])

/**
 * Whether a caught value is a {@link LedgerError}, so that its `code` narrows it. It goes by the code, so it also holds for
 * an error of another copy of Daybook.
 * @example
 * try {
 *   await Account.transfer({ from: 'ADA', to: 'GRACE', amount: '100' })
 * } catch (error) {
 *   if (!isLedgerError(error)) throw error
 *   if (error.code === 'INSUFFICIENT_FUNDS') console.log(`only ${error.available.toString()} left`)
 * }
 */
export const isLedgerError = (error: unknown): error is AnyLedgerError =>
  error instanceof Error && 'code' in error && LEDGER_CODES.has(error.code)

/**
 * A file or an option that cannot be used as it is. The message says what was found and where (file,
 * line, field), what was expected and what to do next. No data is lost.
 */
export class InputError extends Error {
  override readonly name = 'InputError'
}

/** No mongod could be found, started or reached. The message says why and what to do. */
export class EngineError extends Error {
  override readonly name = 'EngineError'
}

/** The database does not allow or cannot do what was asked of it. The message says why and what to do. */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError'
}
