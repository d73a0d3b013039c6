import type { ClientSession, mongo } from 'mongoose'
import { DocumentReader } from '../ledger/documents/document-reader.ts'

/** How many documents the server sends at once. More take more memory, and are not read faster. */
const DOCUMENTS_AT_ONCE = 1_000

/** A part of the documents of a cursor, as the server sends it. */
interface Batch {
  /** The bytes of the documents, one behind the other, each as an element of an array. */
  readonly documents: Buffer
  /** The server's id of the cursor; 0 at its end. */
  readonly cursorId: bigint
}

interface Source {
  readonly database: mongo.Db
  readonly session: ClientSession
}

/**
 * Reads the documents that a `find` command selects, undecoded and in its order. While one batch of them is used, the
 * server prepares the next one. A cursor of the driver takes twice the time, because it decodes each document in part.
 */
export class DocumentStream {
  readonly #source: Source
  readonly #collection: string
  #batch: Buffer = NO_DOCUMENTS
  /** Where the next document of the batch is. */
  #at = FIRST_ELEMENT
  #cursorId: bigint | undefined
  #next: Promise<Batch> | undefined

  /** @param find a command `find` */
  constructor(find: mongo.Document & { readonly find: string }, source: Source) {
    this.#source = source
    this.#collection = find.find
    this.#prefetch({ ...find, batchSize: DOCUMENTS_AT_ONCE })
  }

  /** The next document, without waiting; undefined if the batch is used up. */
  shift(): Buffer | undefined {
    const batch = this.#batch
    if (batch[this.#at] === 0) return undefined
    // An element is its type, its index as a text that ends in a zero, and the document.
    let start = this.#at + 1
    while (batch[start] !== 0) start += 1
    start += 1
    this.#at = start + batch.readInt32LE(start)
    return batch.subarray(start, this.#at)
  }

  /** Waits for the next batch. Returns false at the end. */
  async fill(): Promise<boolean> {
    this.#batch = NO_DOCUMENTS
    this.#at = FIRST_ELEMENT
    while (this.#next) {
      const { documents, cursorId } = await this.#next
      this.#next = undefined
      this.#cursorId = cursorId === 0n ? undefined : cursorId
      if (this.#cursorId !== undefined) {
        this.#prefetch({
          getMore: this.#cursorId,
          collection: this.#collection,
          batchSize: DOCUMENTS_AT_ONCE,
        })
      }
      this.#batch = documents
      // A server may send an empty batch before the end.
      if (documents[FIRST_ELEMENT] !== 0) return true
    }
    return false
  }

  /** Ends the reading before its end. */
  async close(): Promise<void> {
    const last = await this.#next?.catch(() => undefined)
    const cursorId = last ? last.cursorId : this.#cursorId
    this.#next = undefined
    if (cursorId === undefined || cursorId === 0n) return
    const { database, session } = this.#source
    const kill = { killCursors: this.#collection, cursors: [cursorId] }
    // If it fails, the server ends the cursor by itself after ten minutes.
    await database.command(kill, { session }).catch(() => undefined)
  }

  #prefetch(command: mongo.Document): void {
    this.#next = this.#send(command)
    // It is awaited later, if at all.
    this.#next.catch(() => undefined)
  }

  async #send(command: mongo.Document): Promise<Batch> {
    const { database, session } = this.#source
    const reply = await database.command(command, { session, raw: true })
    const reader = new DocumentReader(['firstBatch', 'nextBatch', 'id', 'ns'])
    reader.read(reply['cursor'] as Buffer)
    const documents = reader.array('firstBatch') ?? reader.array('nextBatch') ?? NO_DOCUMENTS
    return { documents, cursorId: reader.int64('id') ?? 0n }
  }
}

/** An array without elements. */
const NO_DOCUMENTS = Buffer.from([5, 0, 0, 0, 0])

/** Where the first element of an array is: behind its length. */
const FIRST_ELEMENT = 4
