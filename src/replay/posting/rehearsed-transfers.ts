import type { TransferRecord } from '../../ledger/records.ts'
import { Decimal128 } from '../../money/money.ts'

/** The fields of a transfer that another transfer with the same id is compared with. */
type Content = Pick<
  TransferRecord,
  | '_id'
  | 'fromAccount'
  | 'toAccount'
  | 'amount'
  | 'currency'
  | 'reference'
  | 'metadata'
  | 'effectiveAt'
  | 'group'
  | 'leg'
  | 'legs'
>

interface Page {
  /** The contents as JSON, one right after the other. */
  readonly contents: Buffer
  /** Where each content ends, in bytes. */
  readonly ends: Uint32Array
}

/** A page holds fewer transfers than this: the largest atomic batch has 50,000. */
const PAGE_SIZE = 65_536

/**
 * The transfers that a rehearsal would have posted. It takes about 150 bytes for each: the ids are in a map,
 * the contents in buffers outside of the heap. A million transfers add about 150 MiB to the process's memory
 * this way, 310 MiB as strings in a map, and 570 MiB as objects.
 */
export class RehearsedTransfers {
  /** For each id the index of its content: the page's number times {@link PAGE_SIZE}, plus the index in the page. */
  readonly #indexes = new Map<string, number>()
  readonly #pages: Page[] = []
  /** The ids of the legs of each group. */
  readonly #legs = new Map<string, string[]>()

  add(transfers: readonly TransferRecord[]): void {
    if (transfers.length === 0) return
    const firstIndex = this.#pages.length * PAGE_SIZE
    const ends = new Uint32Array(transfers.length)
    const contents = transfers.map(contentOf)
    let end = 0
    for (const [index, transfer] of transfers.entries()) {
      end += Buffer.byteLength(contents[index] as string)
      ends[index] = end
      // The id is a slice of the file's text. Without this copy it would keep all of that text in memory.
      const id = Buffer.from(transfer._id).toString()
      this.#indexes.set(id, firstIndex + index)
      if (transfer.group === undefined) continue
      const legs = this.#legs.get(transfer.group)
      if (legs) legs.push(id)
      else this.#legs.set(Buffer.from(transfer.group).toString(), [id])
    }
    this.#pages.push({ contents: Buffer.from(contents.join('')), ends })
  }

  /** The legs of a group that would have been posted. */
  legsOf(group: string): TransferRecord[] {
    return (this.#legs.get(group) ?? []).flatMap((id) => this.get(id) ?? [])
  }

  get(id: string): TransferRecord | undefined {
    const index = this.#indexes.get(id)
    if (index === undefined) return undefined
    const page = this.#pages[Math.floor(index / PAGE_SIZE)]
    if (!page) return undefined
    const inPage = index % PAGE_SIZE
    const text = page.contents.toString('utf8', page.ends[inPage - 1] ?? 0, page.ends[inPage])
    const [fromAccount, toAccount, amount, currency, reference, metadata, effectiveAt, ...leg] =
      JSON.parse(text) as [
        string,
        string,
        string,
        string,
        string | null,
        TransferRecord['metadata'] | null,
        number | null,
        group?: string,
        leg?: number,
        legs?: number,
      ]
    const [group, number, legs] = leg
    const content: Content = {
      _id: id,
      fromAccount,
      toAccount,
      amount: Decimal128.fromString(amount),
      currency,
      ...(reference === null ? {} : { reference }),
      ...(metadata ? { metadata } : {}),
      ...(effectiveAt === null ? {} : { effectiveAt: new Date(effectiveAt) }),
      ...(group !== undefined && { group }),
      ...(number !== undefined && { leg: number }),
      ...(legs !== undefined && { legs }),
    }
    return content as TransferRecord
  }
}

const contentOf = (transfer: TransferRecord): string => {
  const { fromAccount, toAccount, amount, currency, reference, metadata, effectiveAt } = transfer
  const { group, leg, legs } = transfer
  return JSON.stringify([
    fromAccount,
    toAccount,
    amount.toString(),
    currency,
    reference ?? null,
    metadata ?? null,
    effectiveAt?.getTime() ?? null,
    ...(group === undefined ? [] : [group, leg, legs]),
  ])
}
