import { createCollections, type MigrationParameters } from '../../src/index.ts'
import { removeCollections } from '../../src/internal.ts'

/** Collections, validators and indexes cannot be made in a transaction. */
export const transaction = false

/** What is there already stays. */
export const resumable = true

/** Creates the four collections with their validators and indexes. */
export const up = ({ connection }: MigrationParameters<undefined>): Promise<void> =>
  createCollections(connection)

/** Takes validators and indexes away again, and collections that are empty. No document is lost. */
export const down = ({ connection }: MigrationParameters<undefined>): Promise<void> =>
  removeCollections(connection)
