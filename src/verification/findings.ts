import { createHash } from 'node:crypto'
import { BatchTallies } from './batch-tallies.ts'
import type { NumberedTransfer } from './account-proof.ts'
import type { ViolationLog } from './violations.ts'

/** What was found in some accounts and in the transfers that they sent. */
export interface Findings {
  readonly accounts: number
  /** How many transfers of these accounts were read, of those that they sent. */
  readonly transfers: number
  /** How many holds of these accounts were read. */
  readonly holds: number
  readonly log: ViolationLog
  /** What the transfers add up to for each batch. */
  readonly tallies: BatchTallies
  /** The sums of the opening balances in minor units, by currency. */
  readonly openings: ReadonlyMap<string, bigint>
  /** The states of the accounts as lines of a kept state. Empty if something is wrong. */
  readonly lines: string
  /** What the transfers claim of accounts whose kept transfers were not read again. */
  readonly counterparts: ReadonlyMap<string, NumberedTransfer>
}

export const noFindings = (log: ViolationLog): Findings => ({
  accounts: 0,
  transfers: 0,
  holds: 0,
  log,
  tallies: new BatchTallies(),
  openings: new Map(),
  lines: '',
  counterparts: new Map(),
})

/** The sum of findings. They are added in the order of the accounts. */
export class FindingsSum {
  accounts = 0
  transfers = 0
  holds = 0
  readonly log: ViolationLog
  readonly tallies = new BatchTallies()
  readonly openings = new Map<string, bigint>()
  /** Of the lines. */
  readonly #digest = createHash('sha256')

  constructor(log: ViolationLog) {
    this.log = log
  }

  add({ accounts, transfers, holds, log, tallies, openings, lines }: Findings): void {
    this.accounts += accounts
    this.transfers += transfers
    this.holds += holds
    this.log.append(log)
    this.tallies.append(tallies)
    for (const [currency, opening] of openings) {
      this.openings.set(currency, (this.openings.get(currency) ?? 0n) + opening)
    }
    this.#digest.update(lines)
  }

  /** The digest of the books: the SHA-256 of the lines of all accounts, in hex. */
  digest(): string {
    return this.#digest.copy().digest('hex')
  }
}
