import { named } from '../messages.ts'
import type { NumberedTransfer } from './account-proof.ts'
import type { Books } from './books.ts'
import type { StateFile } from './kept-state/state-file.ts'
import { TransferReader } from './transfer-reader.ts'
import type { ViolationLog } from './violations.ts'

/** How many accounts are compared with the kept state at once: it is read once for all of them. */
const IDS_PER_READING = 50_000

/** Remembers a transfer if no other has a lower number in its account. */
export function addFirst(
  first: Map<string, NumberedTransfer>,
  [accountId, transfer]: readonly [string, NumberedTransfer],
): void {
  const before = first.get(accountId)
  if (!before || transfer.sequence < before.sequence) first.set(accountId, transfer)
}

/**
 * Proves that new transfers do not repeat the numbers of those that a kept state has. It is checked for an account only
 * if one of its new transfers has such a number. That is no violation by itself: if the transfer was posted while the
 * state was made, the state may have counted it for one of its two accounts only.
 */
export class KeptNumbers {
  readonly #state: StateFile
  readonly #books: Books
  readonly #log: ViolationLog
  /** The new transfer with the lowest number in each account. */
  #first = new Map<string, NumberedTransfer>()

  constructor(state: StateFile, { books, log }: { books: Books; log: ViolationLog }) {
    this.#state = state
    this.#books = books
    this.#log = log
  }

  async add(first: ReadonlyMap<string, NumberedTransfer>): Promise<void> {
    for (const entry of first) addFirst(this.#first, entry)
    if (this.#first.size >= IDS_PER_READING) await this.check()
  }

  async check(): Promise<void> {
    const first = this.#first
    if (first.size === 0) return
    this.#first = new Map()
    for await (const accounts of this.#state.accounts()) {
      for (const { id, transfers } of accounts) {
        const from = first.get(id)?.sequence
        if (from !== undefined && from <= transfers) {
          await this.#checkAccount(id, { from, to: transfers })
        }
      }
    }
  }

  /** Reads the transfers of an account with some of its numbers, and logs those whose number another one has. */
  async #checkAccount(id: string, { from, to }: { from: number; to: number }): Promise<void> {
    const seen = new Uint8Array(Math.ceil((to - from + 1) / 8))
    const reader = new TransferReader()
    for (const side of ['from', 'to'] as const) {
      const filter = { [`${side}Account`]: id, [`${side}Sequence`]: { $gte: from, $lte: to } }
      await this.#books.inSession([], (session) =>
        this.#books.each('transfers', { filter }, session, (bytes) => {
          reader.read(bytes)
          const { sequence, transferId } = reader.entry(side)
          // A number that is not whole is reported where its account's new transfers are read.
          if (sequence === undefined) return
          const [byte, bit] = [(sequence - from) >> 3, 1 << ((sequence - from) & 7)]
          if (((seen[byte] as number) & bit) !== 0) {
            const message = `account ${named(id)} has a second transfer with the sequence ${sequence}: ${named(transferId)}`
            this.#log.add({ kind: 'sequence', collection: 'accounts', id, message })
          }
          seen[byte] = (seen[byte] as number) | bit
        }),
      )
    }
  }
}
