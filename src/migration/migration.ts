import type { ClientSession, Connection } from 'mongoose'
import type { Direction } from './record.ts'

/** What the caller decides about the adoption of a notebook's data. */
export interface MigrationSettings {
  /** The currency of the notebook's accounts, which name none. */
  readonly currency: string
  /** Leaves behind what cannot be adopted, instead of adopting nothing. */
  readonly skipUnadoptable: boolean
}

/**
 * What a migration is given. `MigrationParameters` is for one that runs in a transaction,
 * `MigrationParameters<undefined>` for one whose file says `export const transaction = false`.
 */
export interface MigrationParameters<Session extends ClientSession | undefined = ClientSession> {
  readonly connection: Connection
  /**
   * The transaction that the migration shares with its record. Each of its operations must be given
   * it: one that is not would stay when the migration fails.
   */
  readonly session: Session
  /** Tells whoever runs it how far it is. */
  readonly log: (message: string) => void
  readonly options: MigrationSettings
  /** Aborted when it is interrupted or has lost the lock: stop at the next safe point, with `signal.throwIfAborted()`. */
  readonly signal: AbortSignal
}

/** A migration file's exports. */
export interface Migration {
  /** Changes the database. In a transaction it may be run again from its beginning after a passing failure. */
  up(parameters: MigrationParameters<never>): Promise<void>
  /** Takes the change back. Without it the migration cannot be reverted. */
  down?(parameters: MigrationParameters<never>): Promise<void>
  /** False: it runs outside a transaction, as changes to collections and indexes and very large ones must. */
  readonly transaction?: boolean
  /**
   * True: it can begin from whatever an earlier run left when it was killed or failed, and so can `down`.
   * Only for one outside a transaction; after another an operator must look and decide.
   */
  readonly resumable?: boolean
}

/** Calls one of a migration's two functions. Which parameters it takes its own `transaction` says. */
export async function callMigration(
  { migration, direction }: { migration: Migration; direction: Direction },
  parameters: MigrationParameters | MigrationParameters<undefined>,
): Promise<void> {
  await (direction === 'up'
    ? migration.up(parameters as MigrationParameters<never>)
    : migration.down?.(parameters as MigrationParameters<never>))
}
