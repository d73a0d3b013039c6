import { type Hash, createHash } from 'node:crypto'
import mongoose, { type mongo } from 'mongoose'
import type { NotebookCollections } from './collections.ts'
import type { DocumentId } from './documents.ts'

/** The order in which documents were inserted. */
const INSERTION_ORDER = { sort: { $natural: 1 } } as const

/** A collection's documents in the order of their insertion. Adds their bytes to the hash, if given. */
export async function* documentsOf<Document extends object>(
  collection: mongo.Collection<Document>,
  { hash, signal }: { hash?: Hash; signal: AbortSignal },
): AsyncGenerator<Document> {
  for await (const bytes of bytesOf(collection, signal)) {
    hash?.update(bytes)
    yield mongoose.mongo.BSON.deserialize(bytes) as Document
  }
}

/** SHA-256 of all documents of a notebook in the order of their insertion, accounts first, in hex. */
export async function digestOf(
  { accounts, transfers }: NotebookCollections,
  signal: AbortSignal,
): Promise<string> {
  const hash = createHash('sha256')
  for await (const bytes of bytesOf(accounts, signal)) hash.update(bytes)
  for await (const bytes of bytesOf(transfers, signal)) hash.update(bytes)
  return hash.digest('hex')
}

async function* bytesOf<Document extends object>(
  collection: mongo.Collection<Document>,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const documents = collection.find({}, { ...INSERTION_ORDER, raw: true, batchSize: 5_000 })
  // With `raw` the driver returns buffers, which its types do not say.
  for await (const bytes of documents as AsyncIterable<unknown> as AsyncIterable<Buffer>) {
    signal.throwIfAborted()
    yield bytes
  }
}

/** A document's `_id` as text, in MongoDB's extended JSON. */
export const documentIdText = (id: DocumentId): string => mongoose.mongo.BSON.EJSON.stringify(id)
