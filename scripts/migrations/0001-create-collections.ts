import { type MigrationParameters, createCollections } from '../../src/index.ts'

/** Creates the four collections with their validators and indexes. What is there already stays. */
export const up = ({ connection }: MigrationParameters): Promise<void> =>
  createCollections(connection)
