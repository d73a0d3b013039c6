import { named } from '../messages.ts'
import type { NumberedTransfer } from './account-proof.ts'
import type { Books, Moment } from './books.ts'
import { DocumentReader } from '../ledger/documents/document-reader.ts'
import { addFirst } from './kept-numbers.ts'
import type { ViolationLog } from './violations.ts'

/** How many accounts are looked up at once. */
const IDS_PER_LOOKUP = 1_000

/**
 * The other accounts of transfers that were read, if not all transfers of those accounts are read. Each must count the
 * transfer. {@link KeptNumbers} checks the numbers that the transfers have there.
 */
export class Counterparts {
  readonly #books: Books
  readonly #log: ViolationLog
  /** The transfer with the highest number in each account, if it was not looked up yet. */
  #latest = new Map<string, NumberedTransfer>()
  /** The transfer with the lowest number in each account. */
  readonly first = new Map<string, NumberedTransfer>()

  constructor(books: Books, log: ViolationLog) {
    this.#books = books
    this.#log = log
  }

  add(accountId: string, transfer: NumberedTransfer): void {
    const latest = this.#latest.get(accountId)
    if (!latest || transfer.sequence > latest.sequence) this.#latest.set(accountId, transfer)
    addFirst(this.first, [accountId, transfer])
  }

  /** Whether there are so many accounts that they should be checked. */
  get isFull(): boolean {
    return this.#latest.size >= IDS_PER_LOOKUP
  }

  /** Looks up how many transfers the accounts count, after `moment`, before which the transfers were read. */
  async check(moment: Moment): Promise<void> {
    const latest = this.#latest
    this.#latest = new Map()
    await checkCounts(latest, { books: this.#books, log: this.#log, moment })
    for (const [accountId, { transferId: id }] of latest) {
      const message = `transfer ${named(id)} names account ${named(accountId)}, which does not exist`
      this.#log.add({ kind: 'missing-account', collection: 'transfers', id, message })
    }
  }
}

/**
 * Checks that accounts count these transfers, and leaves in the map the accounts that do not exist. They are read after
 * `moment`, before which the transfers were read.
 */
export async function checkCounts(
  transfers: Map<string, NumberedTransfer>,
  { books, log, moment }: { books: Books; log: ViolationLog; moment: Moment },
): Promise<void> {
  if (transfers.size === 0) return
  const reader = new DocumentReader(['_id', 'transferCount'])
  await books.inSession([moment], async (session) => {
    const filter = { _id: { $in: [...transfers.keys()] } } as object
    const projection = { transferCount: 1 }
    await books.each('accounts', { filter, projection }, session, (bytes) => {
      reader.read(bytes)
      const id = reader.text('_id') as string
      const { transferId, sequence } = transfers.get(id) as NumberedTransfer
      transfers.delete(id)
      const transferCount = reader.whole('transferCount')
      if (transferCount === undefined || transferCount >= sequence) return
      const message = `account ${named(id)} has transfer ${named(transferId)} with the sequence ${sequence}, but its transferCount is ${transferCount}`
      log.add({ kind: 'sequence', collection: 'accounts', id, message })
    })
  })
}
