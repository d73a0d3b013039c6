import {
  DatabaseError,
  EngineError,
  InputError,
  LedgerError,
  MigrationFailedError,
  MigrationLockLostError,
  MigrationLockedError,
  OutcomeError,
  StorageError,
} from '../../src/index.ts'
import { hidePasswords, isDriverError } from '../../src/internal.ts'
import { CommandFailure, Exit, type ExitCode, UsageError } from './command.ts'

/** The message and the exit code for anything thrown. Only a defect of Daybook is shown with its stack. */
export function explain(error: unknown): { message: string; exitCode: ExitCode } {
  if (error instanceof UsageError) {
    // A URI may stand where it does not belong.
    return { message: hidePasswords(error.message), exitCode: Exit.usage }
  }
  if (error instanceof InputError) return { message: error.message, exitCode: Exit.badInput }
  if (error instanceof LedgerError) {
    const exitCode = error.code.startsWith('INVALID_') ? Exit.badInput : Exit.failure
    return { message: `${error.code}: ${error.message}`, exitCode }
  }
  if (error instanceof MigrationLockedError)
    return { message: error.message, exitCode: Exit.locked }
  if (error instanceof MigrationFailedError || error instanceof MigrationLockLostError) {
    return { message: error.message, exitCode: Exit.failure }
  }
  if (
    error instanceof EngineError ||
    error instanceof OutcomeError ||
    error instanceof DatabaseError ||
    error instanceof StorageError ||
    error instanceof CommandFailure
  ) {
    return { message: error.message, exitCode: Exit.failure }
  }
  if (isDriverError(error, 'MongoError')) {
    return { message: `MongoDB: ${error.message}`, exitCode: Exit.failure }
  }
  if (error instanceof Error && 'code' in error && 'syscall' in error) {
    return { message: error.message, exitCode: Exit.failure }
  }
  if (error instanceof Error && error.name === 'AbortError') {
    return { message: 'interrupted', exitCode: Exit.interrupted }
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return { message: `this is a bug in Daybook: ${message}`, exitCode: Exit.failure }
}
