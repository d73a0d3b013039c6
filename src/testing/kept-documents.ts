import type mongoose from 'mongoose'

type Database = mongoose.mongo.Db

/** Documents are read and written back with exactly the BSON types that are stored. */
const EXACT_TYPES = { promoteValues: false, promoteBuffers: false, bsonRegExp: true } as const

/** All documents of a database at a moment, in memory. */
export interface KeptDocuments {
  /** Empties every collection, and fills those that had documents at that moment with the same ones. */
  restore(): Promise<void>
}

export async function keepDocuments(database: Database): Promise<KeptDocuments> {
  const kept = await Promise.all(
    (await collectionNames(database)).map(async (name) => {
      const documents = await database.collection(name).find({}, EXACT_TYPES).toArray()
      return { name, documents }
    }),
  )
  return {
    async restore() {
      await emptyCollections(database)
      await Promise.all(
        kept.map(async ({ name, documents }) => {
          if (documents.length === 0) return
          const options = { bypassDocumentValidation: true, ordered: false }
          await database.collection(name).insertMany(documents, options)
        }),
      )
    },
  }
}

export async function emptyCollections(database: Database): Promise<void> {
  const names = await collectionNames(database)
  await Promise.all(names.map((name) => database.collection(name).deleteMany({})))
}

async function collectionNames(database: Database): Promise<string[]> {
  const filter = { type: { $ne: 'view' }, name: { $not: /^system\./ } }
  const collections = await database.listCollections(filter, { nameOnly: true }).toArray()
  return collections.map(({ name }) => name)
}
