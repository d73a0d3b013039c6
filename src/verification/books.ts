import type { ClientSession, Connection, mongo } from 'mongoose'
import { type CollectionNames, collectionsOf } from '../definition.ts'
import { ownFieldsOf } from '../ledger/own-fields.ts'
import { databaseOf, primaryDatabaseOf } from '../mongodb/connection.ts'
import { DocumentReader } from '../ledger/documents/document-reader.ts'
import { DocumentStream } from './document-stream.ts'
import type { CollectionName } from './violations.ts'

/** Which documents to read, and how. */
interface Reading {
  readonly filter: mongo.Filter<mongo.Document>
  readonly sort?: mongo.Sort
  readonly projection?: mongo.Document
  readonly limit?: number
  /** The keys of the index to use. The server chooses one if it is missing. */
  readonly hint?: Readonly<Record<string, 1>> | undefined
}

/** A moment of a session: what was read up to it is visible in every session that starts after it. */
export type Moment = Pick<ClientSession, 'clusterTime' | 'operationTime'>

/**
 * Reads Daybook's collections for a proof: from the primary, and only what a majority of the members has, so that
 * nothing that it reads is rolled back later.
 */
export class Books {
  readonly connection: Connection
  readonly ownFields: ReturnType<typeof ownFieldsOf>
  readonly #database: mongo.Db
  readonly #names: CollectionNames

  constructor(connection: Connection) {
    this.connection = connection
    this.ownFields = ownFieldsOf(connection)
    this.#database = primaryDatabaseOf(connection)
    this.#names = collectionsOf(connection)
  }

  /**
   * Does some work with a session. What it reads is at least as new as all that was read in the earlier sessions,
   * even if another member has become the primary in between.
   */
  async inSession<Result>(
    earlier: readonly Moment[],
    work: (session: ClientSession) => Promise<Result>,
  ): Promise<Result> {
    // Not `connection.startSession()`: Mongoose would hold it back for ten seconds while the connection is closed.
    const session = this.connection.getClient().startSession({ causalConsistency: true })
    try {
      for (const { clusterTime, operationTime } of earlier) {
        if (clusterTime) session.advanceClusterTime(clusterTime)
        if (operationTime) session.advanceOperationTime(operationTime)
      }
      return await work(session)
    } finally {
      await session.endSession()
    }
  }

  /** Does some work with a session in which everything is read as it was at one moment. It must take less than five minutes. */
  async inSnapshot(work: (session: ClientSession) => Promise<void>): Promise<void> {
    const session = this.connection.getClient().startSession({ snapshot: true })
    try {
      await work(session)
    } finally {
      await session.endSession()
    }
  }

  #hasHolds: Promise<boolean> | undefined

  /** Whether there was any hold when it was first asked. */
  hasHolds(): Promise<boolean> {
    const holds = this.#database.collection(this.#names.holds)
    this.#hasHolds ??= holds.findOne({}, { projection: { _id: 1 } }).then((found) => !!found)
    return this.#hasHolds
  }

  /** Starts to read documents, undecoded. */
  stream(
    collection: CollectionName,
    { filter, hint, ...reading }: Reading,
    session: ClientSession,
  ): DocumentStream {
    const find = {
      find: this.#names[collection],
      filter,
      ...reading,
      ...(hint && { hint }),
      ...(!isSnapshot(session) && { readConcern: { level: 'majority' } }),
      // Without an index the server sorts on its disk.
      allowDiskUse: true,
    }
    return new DocumentStream(find, { database: this.#database, session })
  }

  /** Calls `visit` with each document, undecoded. */
  async each(
    collection: CollectionName,
    reading: Reading,
    session: ClientSession,
    visit: (bytes: Buffer) => void,
  ): Promise<void> {
    const stream = this.stream(collection, reading, session)
    try {
      while (await stream.fill()) {
        let bytes: Buffer | undefined
        while ((bytes = stream.shift())) visit(bytes)
      }
    } finally {
      await stream.close()
    }
  }

  /** Which of these ids have a document. */
  async existing(
    collection: CollectionName,
    ids: readonly string[],
    moments: readonly Moment[],
  ): Promise<Set<string>> {
    const existing = new Set<string>()
    const reader = new DocumentReader(['_id'])
    await this.inSession(moments, async (session) => {
      const reading = { filter: { _id: { $in: ids } } as object, projection: { _id: 1 } }
      await this.each(collection, reading, session, (bytes) => {
        reader.read(bytes)
        existing.add(reader.text('_id') as string)
      })
    })
    return existing
  }

  /** About how many documents a collection has. */
  estimate(collection: CollectionName): Promise<number> {
    return databaseOf(this.connection).collection(this.#names[collection]).estimatedDocumentCount()
  }
}

/** The driver adds the read concern of a snapshot by itself. */
const isSnapshot = (session: ClientSession): boolean => session.snapshotEnabled
