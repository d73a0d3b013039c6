import { databaseOf } from '../../src/internal.ts'
import type { Round, Workspace } from './comparison.ts'
import { flush } from './daybook-database.ts'

interface CollectionStatistics {
  readonly count: number
  readonly size: number
  readonly storageSize: number
  readonly totalIndexSize: number
}

/** What a transfer takes, on average over the whole collection. */
export async function bytesPerTransfer({ connection }: Workspace): Promise<Round['bytes']> {
  await flush(connection)
  const statistics = await databaseOf(connection).command({ collStats: 'transfers' })
  const { count, size, storageSize, totalIndexSize } = statistics as CollectionStatistics
  return {
    document: size / count,
    storedDocument: storageSize / count,
    storedIndexes: totalIndexSize / count,
  }
}
