import { createCollections, type MigrationParameters } from '../../src/index.ts'
import { removeCollections } from '../../src/internal.ts'

/** Collections, validators and indexes cannot be created in a transaction. */
export const transaction = false

/** What already exists is kept. */
export const resumable = true

/** Creates the collections with their validators and indexes. */
export const up = ({ connection }: MigrationParameters<undefined>): Promise<void> =>
  createCollections(connection)

/** Removes the validators, the indexes and the empty collections. No document is deleted. */
export const down = ({ connection }: MigrationParameters<undefined>): Promise<void> =>
  removeCollections(connection)
