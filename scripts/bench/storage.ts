import type { mongo } from 'mongoose'
import { databaseOf } from '../../src/internal.ts'
import type { DocumentBytes, Figure, Round, Workspace } from './comparison.ts'
import { flush } from './daybook-database.ts'

interface CollectionStatistics {
  readonly count: number
  readonly size: number
  readonly storageSize: number
  readonly indexSizes: Readonly<Record<string, number>>
}

/** What a transfer and an account take, on average over their collections. */
export async function storageBytes({
  connection,
}: Workspace): Promise<Record<'transfer' | 'account', DocumentBytes>> {
  await flush(connection)
  const database = databaseOf(connection)
  return {
    transfer: await documentBytes(database, 'transfers'),
    account: await documentBytes(database, 'accounts'),
  }
}

async function documentBytes(database: mongo.Db, collection: string): Promise<DocumentBytes> {
  const statistics = await database.command({ collStats: collection })
  const { count, size, storageSize, indexSizes } = statistics as CollectionStatistics
  return {
    document: size / count,
    storedDocument: storageSize / count,
    storedIndexes: Object.fromEntries(
      Object.entries(indexSizes).map(([name, bytes]) => [name, bytes / count]),
    ),
  }
}

/** What the bytes of a transfer and an account must not exceed, and what else is known of them. */
export function storageFigures({
  transfer,
  account,
  oplog,
}: NonNullable<Round['bytes']>): Figure[] {
  return [
    { what: 'bytes of a transfer', value: transfer.document, atMost: 300 },
    { what: 'stored bytes of a transfer', value: transfer.storedDocument, atMost: 150 },
    {
      what: 'stored bytes of a transfer in indexes',
      value: totalIndexBytes(transfer),
      atMost: 130,
    },
    ...indexFigures('a transfer', transfer),
    { what: 'bytes of a transfer in the oplog', value: oplog },
    { what: 'bytes of an account', value: account.document },
    { what: 'stored bytes of an account', value: account.storedDocument },
    ...indexFigures('an account', account),
  ]
}

const indexFigures = (what: string, { storedIndexes }: DocumentBytes): Figure[] =>
  Object.entries(storedIndexes).map(([index, value]) => ({
    what: `stored bytes of ${what} in ${index}`,
    value,
  }))

const totalIndexBytes = ({ storedIndexes }: DocumentBytes): number =>
  Object.values(storedIndexes).reduce((sum, bytes) => sum + bytes, 0)
