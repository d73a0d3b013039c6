import { createCollections, type MigrationParameters } from '../../src/index.ts'
import { removeEffectiveDateIndexes } from '../../src/internal.ts'

/** Indexes cannot be created in a transaction. Others can go on posting while they are built. */
export const transaction = false

/** What already exists is kept. */
export const resumable = true

/** Adds the indexes of transfers by their effective dates, and a validator that knows the field. */
export const up = ({ connection }: MigrationParameters<undefined>): Promise<void> =>
  createCollections(connection)

/** Removes the indexes. The dates themselves stay. */
export const down = ({ connection }: MigrationParameters<undefined>): Promise<void> =>
  removeEffectiveDateIndexes(connection)
