import { named } from '../messages.ts'
import type { Books, Moment } from './books.ts'
import type { Entry } from './transfer-reader.ts'
import type { ViolationLog } from './violations.ts'

/** How many accounts are looked up at once. */
const IDS_PER_LOOKUP = 1_000

/** Transfers of accounts that were not read: either the account was opened since, or it does not exist. */
export class MissingAccounts {
  readonly #books: Books
  readonly #log: ViolationLog
  #entries = new Map<string, { transferId: string; count: number }>()

  constructor(books: Books, log: ViolationLog) {
    this.#books = books
    this.#log = log
  }

  add({ accountId, transferId }: Entry): void {
    const before = this.#entries.get(accountId as string)
    if (before) before.count += 1
    else this.#entries.set(accountId as string, { transferId, count: 1 })
  }

  /** Whether there are so many accounts that they should be checked. */
  get isFull(): boolean {
    return this.#entries.size >= IDS_PER_LOOKUP
  }

  /** Looks up the accounts, whose transfers were read before `moment`. */
  async check(moment: Moment): Promise<void> {
    const entries = this.#entries
    if (entries.size === 0) return
    this.#entries = new Map()
    const existing = await this.#books.existing('accounts', [...entries.keys()], [moment])
    for (const [accountId, { transferId: id, count }] of entries) {
      if (existing.has(accountId)) continue
      const others = count === 1 ? '' : ` and ${count - 1} more`
      const verb = count === 1 ? 'names' : 'name'
      const message = `transfer ${named(id)}${others} ${verb} account ${named(accountId)}, which does not exist`
      this.#log.add({ kind: 'missing-account', collection: 'transfers', id, message })
    }
  }
}
