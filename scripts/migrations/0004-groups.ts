import { createCollections, type MigrationParameters } from '../../src/index.ts'
import { removeGroups } from '../../src/internal.ts'

/** Collections and indexes cannot be created in a transaction. Others can go on posting while the index is built. */
export const transaction = false

/** What already exists is kept. */
export const resumable = true

/** Adds the collection of groups, the index of transfers by their groups, and a validator that knows the fields. */
export const up = ({ connection }: MigrationParameters<undefined>): Promise<void> =>
  createCollections(connection)

/** Removes the index, and the collection if it is empty. The groups themselves stay. */
export const down = ({ connection }: MigrationParameters<undefined>): Promise<void> =>
  removeGroups(connection)
