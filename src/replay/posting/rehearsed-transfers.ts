import type { TransferRecord } from '../../ledger/records.ts'
import { Decimal128 } from '../../money/money.ts'

/** The parts of a transfer that a repeat of its id is compared with. */
type Content = Pick<
  TransferRecord,
  '_id' | 'fromAccount' | 'toAccount' | 'amount' | 'currency' | 'reference' | 'metadata'
>

/**
 * The transfers that a rehearsal would have posted, in some 150 bytes each: their ids in a map, their
 * contents as JSON in buffers outside of the heap.
 */
export class RehearsedTransfers {
  /** By id, the number of the page and of the content in it, as one number. */
  readonly #places = new Map<string, number>()
  readonly #pages: { bytes: Buffer; ends: Uint32Array }[] = []

  /** Takes the transfers that one advance posted, fewer than {@link PAGE_MOST}. */
  add(transfers: readonly TransferRecord[]): void {
    if (transfers.length === 0) return
    const page = this.#pages.length
    const ends = new Uint32Array(transfers.length)
    const contents = transfers.map(contentOf)
    let end = 0
    for (const [index, transfer] of transfers.entries()) {
      end += Buffer.byteLength(contents[index] as string)
      ends[index] = end
      // A copy: a slice of the file's text would keep all of the text in memory.
      this.#places.set(Buffer.from(transfer._id).toString(), page * PAGE_MOST + index)
    }
    this.#pages.push({ bytes: Buffer.from(contents.join('')), ends })
  }

  get(id: string): TransferRecord | undefined {
    const place = this.#places.get(id)
    if (place === undefined) return undefined
    const page = this.#pages[Math.floor(place / PAGE_MOST)]
    const index = place % PAGE_MOST
    if (!page) return undefined
    const text = page.bytes.toString('utf8', page.ends[index - 1] ?? 0, page.ends[index])
    const [fromAccount, toAccount, amount, currency, reference, metadata] = JSON.parse(text) as [
      string,
      string,
      string,
      string,
      string | null,
      TransferRecord['metadata'] | null,
    ]
    const content: Content = {
      _id: id,
      fromAccount,
      toAccount,
      amount: Decimal128.fromString(amount),
      currency,
      ...(reference === null ? {} : { reference }),
      ...(metadata ? { metadata } : {}),
    }
    return content as TransferRecord
  }
}

/** How many transfers a page holds at most. */
const PAGE_MOST = 65_536

const contentOf = (transfer: TransferRecord): string => {
  const { fromAccount, toAccount, amount, currency, reference, metadata } = transfer
  return JSON.stringify([
    fromAccount,
    toAccount,
    amount.toString(),
    currency,
    reference ?? null,
    metadata ?? null,
  ])
}
