import type { ClientSession, Connection } from 'mongoose'
import { type CollectionNames, collectionsOf } from '../definition.ts'
import type { Direction } from './record.ts'
import { guardTransaction } from './transaction-guard.ts'

/** What the caller decides about the adoption of a notebook's data. */
export interface MigrationSettings {
  /** The currency of the notebook's accounts. The notebook does not name any. */
  readonly currency: string
  /** Leaves behind what cannot be adopted. If false, nothing is adopted when something cannot be. */
  readonly skipUnadoptable: boolean
}

/**
 * The argument of a migration's functions. `MigrationParameters` is for a migration in a transaction,
 * `MigrationParameters<undefined>` for one whose file says `export const transaction = false`.
 */
export interface MigrationParameters<Session extends ClientSession | undefined = ClientSession> {
  readonly connection: Connection
  /** The names of the ledger's collections, such as `collections.accounts`. */
  readonly collections: CollectionNames
  /**
   * The session of the transaction that contains both the migration and its record. Pass it to every
   * operation. A write without it could not be rolled back when the migration fails, so it is refused.
   */
  readonly session: Session
  readonly log: (message: string) => void
  readonly options: MigrationSettings
  /**
   * Aborted when the migration is interrupted or has lost the lock. Call `signal.throwIfAborted()` wherever
   * it is safe to stop.
   */
  readonly signal: AbortSignal
}

/** The exports of a migration file. */
export interface Migration {
  /** Changes the database. In a transaction it may run again from its beginning after a passing failure. */
  up(parameters: MigrationParameters<never>): Promise<void>
  /** Reverts the change. Without this function the migration cannot be reverted. */
  down?(parameters: MigrationParameters<never>): Promise<void>
  /**
   * False if it runs outside a transaction. Changes to collections and indexes need that, and so does more
   * than a minute of work.
   */
  readonly transaction?: boolean
  /**
   * True if `up` and `down` can continue from any state in which a killed or failed run left the database.
   * Only for a migration outside a transaction. If such a migration is not resumable, someone has to check
   * the database after a failure.
   */
  readonly resumable?: boolean
}

/**
 * Calls one of a migration's two functions. The caller passes a session if `transaction` is not false.
 * @throws MigrationStateError if it writes without the session, or continues after a failed command
 */
export async function callMigration(
  { name, migration, direction }: { name: string; migration: Migration; direction: Direction },
  parameters: Omit<MigrationParameters | MigrationParameters<undefined>, 'collections'>,
): Promise<void> {
  const { connection, session } = parameters
  const all = {
    ...parameters,
    collections: collectionsOf(connection),
  } as MigrationParameters<never>
  const work = async () => {
    await (direction === 'up' ? migration.up(all) : migration.down?.(all))
  }
  await (session ? guardTransaction(connection, { name, session }, work) : work())
}
