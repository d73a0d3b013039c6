import { type MigrationParameters, createCollections } from '../../src/index.ts'

/** Collections, validators and indexes cannot be made in a transaction. */
export const transaction = false

/** What is there already stays. */
export const resumable = true

/** Creates the four collections with their validators and indexes. What is there already stays. */
export const up = ({ connection }: MigrationParameters<undefined>): Promise<void> =>
  createCollections(connection)
