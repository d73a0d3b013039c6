import { named } from '../messages.ts'
import type { Books, Moment } from './books.ts'
import { type StoredTransfer, TransferReader } from './transfer-reader.ts'
import type { ViolationLog } from './violations.ts'

/** How many transfers are looked up at once. */
const IDS_PER_LOOKUP = 1_000

/** Proves that each reversal moves the amount of an earlier transfer in the opposite direction. */
export class Reversals {
  readonly #books: Books
  readonly #log: ViolationLog
  /** The reversals that have not been checked yet, by the id of what they reverse. */
  #unchecked = new Map<string, StoredTransfer>()

  constructor(books: Books, log: ViolationLog) {
    this.#books = books
    this.#log = log
  }

  /** Remembers a transfer if it is a reversal. */
  add(transfer: StoredTransfer): void {
    if (transfer.reverses !== undefined) this.#unchecked.set(transfer.reverses, transfer)
  }

  /** Whether there are so many reversals that they should be checked. */
  get isFull(): boolean {
    return this.#unchecked.size >= IDS_PER_LOOKUP
  }

  /** Looks up what the reversals reverse, which was posted before them. */
  async check(moment: Moment): Promise<void> {
    const unchecked = this.#unchecked
    if (unchecked.size === 0) return
    this.#unchecked = new Map()
    const reader = new TransferReader()
    await this.#books.inSession([moment], async (session) => {
      const filter = { _id: { $in: [...unchecked.keys()] } } as object
      await this.#books.each('transfers', { filter }, session, (bytes) => {
        reader.read(bytes)
        const original = reader.transfer()
        const reversal = unchecked.get(original.id)
        if (!reversal) return
        unchecked.delete(original.id)
        if (isReversalOf(reversal, original)) return
        this.#add(reversal, `does not match transfer ${named(original.id)}, which it reverses`)
      })
    })
    for (const [original, reversal] of unchecked) {
      this.#add(reversal, `reverses ${named(original)}, which does not exist`)
    }
  }

  #add({ id }: StoredTransfer, problem: string): void {
    const message = `transfer ${named(id)} ${problem}`
    this.#log.add({ kind: 'reversal', collection: 'transfers', id, message })
  }
}

const isReversalOf = (reversal: StoredTransfer, original: StoredTransfer): boolean =>
  original.reverses === undefined &&
  reversal.fromAccount === original.toAccount &&
  reversal.toAccount === original.fromAccount &&
  reversal.amount === original.amount &&
  reversal.currency === original.currency &&
  isLater(reversal.toSequence, original.fromSequence) &&
  isLater(reversal.fromSequence, original.toSequence)

/** Whether one sequence comes after the other. A damaged one is reported with its transfer. */
const isLater = (one: number | undefined, other: number | undefined): boolean =>
  one === undefined || other === undefined || one > other
