import type { Connection } from 'mongoose'
import type { LedgerAccount } from './evaluation.ts'

/** How many accounts a connection remembers: those that it opened or posted to last. */
const MOST = 10_000

/** How many lone transfers read again after an account was found changed: others write here too. */
const READS_AFTER_CHANGE = 32

/**
 * Accounts as a connection opened them and its postings left them. A lone transfer presumes that they are so still,
 * which saves it a read: its update asks for them as they are presumed, and does not find those that
 * anyone else has written since.
 */
export class AccountMemory {
  /** In the order in which they were last opened or posted to. */
  readonly #accounts = new Map<string, LedgerAccount>()
  /** How many transfers read before one presumes again. */
  #reads = 0

  /** Copies of the accounts, which a posting may move; undefined unless all of them are to be presumed. */
  recall(accountIds: ReadonlySet<string>): Map<string, LedgerAccount> | undefined {
    if (this.#reads > 0) {
      this.#reads -= 1
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

  /** Keeps accounts as they are once what changed them is committed. */
  remember(accounts: ReadonlyMap<string, LedgerAccount>): void {
    for (const [accountId, account] of accounts) {
      this.#accounts.delete(accountId)
      this.#accounts.set(accountId, account)
    }
    for (const accountId of this.#accounts.keys()) {
      if (this.#accounts.size <= MOST) break
      this.#accounts.delete(accountId)
    }
  }

  /** Something was not as it was remembered: the next transfers read. */
  distrust(): void {
    this.#reads = READS_AFTER_CHANGE
  }
}

const memories = new WeakMap<Connection, AccountMemory>()

/** The memory of a connection. */
export function memoryOf(connection: Connection): AccountMemory {
  let memory = memories.get(connection)
  if (!memory) memories.set(connection, (memory = new AccountMemory()))
  return memory
}
