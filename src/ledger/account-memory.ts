import type { Connection } from 'mongoose'
import type { LedgerAccount } from './ledger-state.ts'

/** How many accounts a connection remembers: the ones that it opened or posted to last. */
const CAPACITY = 10_000

/** How many lone transfers read after one found a changed account: others write to the accounts, too. */
const READS_AFTER_CHANGE = 32

/**
 * Accounts as this connection last opened or posted to them. A lone transfer presumes that they are
 * unchanged, which saves it a read. That is safe, because its update finds an account only if it is as
 * presumed: an account that somebody else has changed is not found.
 */
export class AccountMemory {
  /** In the order in which they were last opened or posted to. */
  readonly #accounts = new Map<string, LedgerAccount>()
  /** How many of the next transfers must read their accounts. */
  #readsLeft = 0

  /** Copies of the accounts, for a posting to change. Undefined if the accounts must be read. */
  recall(accountIds: ReadonlySet<string>): Map<string, LedgerAccount> | undefined {
    if (this.#readsLeft > 0) {
      this.#readsLeft -= 1
      return undefined
    }
    const recalled = new Map<string, LedgerAccount>()
    for (const accountId of accountIds) {
      const account = this.#accounts.get(accountId)
      if (!account) return undefined
      recalled.set(accountId, { ...account })
    }
    return recalled
  }

  remember(accounts: ReadonlyMap<string, LedgerAccount>): void {
    for (const [accountId, account] of accounts) {
      this.#accounts.delete(accountId)
      this.#accounts.set(accountId, account)
    }
    for (const accountId of this.#accounts.keys()) {
      if (this.#accounts.size <= CAPACITY) break
      this.#accounts.delete(accountId)
    }
  }

  /** Makes the next transfers read, because an account was not as remembered. */
  distrust(): void {
    this.#readsLeft = READS_AFTER_CHANGE
  }
}

const memories = new WeakMap<Connection, AccountMemory>()

export function memoryOf(connection: Connection): AccountMemory {
  let memory = memories.get(connection)
  if (!memory) memories.set(connection, (memory = new AccountMemory()))
  return memory
}
