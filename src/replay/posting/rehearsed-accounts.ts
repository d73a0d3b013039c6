import type { LedgerAccount } from '../../ledger/ledger-state.ts'
import { type StoredAccount, openedAccountOf, storedAccountOf } from '../../ledger/stored-ledger.ts'
import { RecordFile } from './record-file.ts'

/** The most accounts in memory between two chunks. */
const MOST_IN_MEMORY = 20_000

interface Entry {
  readonly account: LedgerAccount
  /** Its place in the file; undefined if it is not there. */
  readonly place: number | undefined
  /** Whether the file has it as it is. */
  readonly isSaved: boolean
}

/** The accounts that a rehearsal would have posted to: the latest ones in memory, the others in a file. */
export class RehearsedAccounts {
  readonly #latest = new Map<string, Entry>()
  readonly #file = new RecordFile<StoredAccount>()

  /** A copy of an account. */
  get(id: string): LedgerAccount | undefined {
    const entry = this.#latest.get(id) ?? this.#read(id)
    return entry && { ...entry.account }
  }

  #read(id: string): Entry | undefined {
    const found = this.#file.get(id)
    if (!found) return undefined
    const { record, place } = found
    const entry = { account: openedAccountOf(record), place, isSaved: true }
    this.#latest.set(id, entry)
    return entry
  }

  /** Keeps accounts as they are now. Those that were kept before must have been read. */
  keep(accounts: Iterable<LedgerAccount>): void {
    for (const account of accounts) {
      const { _id: id } = account
      const place = this.#latest.get(id)?.place
      this.#latest.delete(id)
      this.#latest.set(id, { account, place, isSaved: false })
    }
    for (const [id, { account, place, isSaved }] of this.#latest) {
      if (this.#latest.size <= MOST_IN_MEMORY) return
      this.#latest.delete(id)
      if (isSaved) continue
      if (place === undefined) this.#file.add(storedAccountOf(account))
      else this.#file.replace(place, storedAccountOf(account))
    }
  }
}
