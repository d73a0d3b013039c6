import { createCollections, type MigrationParameters } from '../../src/index.ts'
import { removeHolds } from '../../src/internal.ts'

/** Collections and indexes cannot be created in a transaction. Others can go on posting in the meantime. */
export const transaction = false

/** What already exists is kept. */
export const resumable = true

/**
 * Adds the collection of holds, and validators that know the new fields. It takes as long for a million accounts as for
 * one, because an account without holds has none of those fields.
 */
export const up = ({ connection }: MigrationParameters<undefined>): Promise<void> =>
  createCollections(connection)

/** Removes the collection if it is empty, else its validator and indexes. The holds themselves stay. */
export const down = ({ connection }: MigrationParameters<undefined>): Promise<void> =>
  removeHolds(connection)
