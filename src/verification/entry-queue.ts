import type { AccountProof } from './account-proof.ts'
import type { DocumentStream } from './document-stream.ts'
import type { Entry } from './transfer-reader.ts'

/** Transfers in the order of an index, as {@link DocumentStream} reads them. */
export type EntrySource = Pick<DocumentStream, 'shift' | 'fill'>

export const NO_ENTRIES: EntrySource = { shift: () => undefined, fill: async () => false }

/** Entries in the order of an index. */
export class EntryQueue {
  /** The first entry; undefined at the end. */
  head: Entry | undefined
  readonly #stream: EntrySource
  readonly #read: (bytes: Buffer) => Entry
  readonly #onEntries: (count: number) => void
  readonly #onBatch: () => Promise<void>
  #count = 0

  constructor(
    stream: EntrySource,
    read: (bytes: Buffer) => Entry,
    onEntries: (count: number) => void,
    onBatch: () => Promise<void>,
  ) {
    this.#stream = stream
    this.#read = read
    this.#onEntries = onEntries
    this.#onBatch = onBatch
  }

  /** Goes on to the next entry without waiting. Returns false if it has to be waited for. */
  step(): boolean {
    let bytes: Buffer | undefined
    while ((bytes = this.#stream.shift())) {
      this.#count += 1
      this.head = this.#read(bytes)
      // A list of texts stands in an index with each of its texts. It belongs to none of their accounts.
      if (this.head.accountId !== undefined) return true
    }
    return false
  }

  /** Waits for the next entry. */
  async advance(): Promise<void> {
    do {
      this.#onEntries(this.#count)
      this.#count = 0
      await this.#onBatch()
      this.head = undefined
      if (!(await this.#stream.fill())) return
    } while (!this.step())
  }
}

/** Adds an account's entries to its proof, from two queues in which they are at the front. */
export async function addInOrder(
  proof: AccountProof,
  id: string,
  [sent, received]: readonly [EntryQueue, EntryQueue],
): Promise<void> {
  for (;;) {
    const one = sent.head?.accountId === id ? sent.head : undefined
    const other = received.head?.accountId === id ? received.head : undefined
    if (!one && !other) return
    const isSentNext = one && (!other || (one.sequence ?? 0) <= (other.sequence ?? 0))
    const queue = isSentNext ? sent : received
    proof.add((isSentNext ? one : other) as Entry)
    if (!queue.step()) await queue.advance()
  }
}
