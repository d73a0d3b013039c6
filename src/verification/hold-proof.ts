import type { ClientSession } from 'mongoose'
import { named } from '../messages.ts'
import { type StoredAccount, AccountReader } from './account-reader.ts'
import { NOT_A_TEXT } from './account-range.ts'
import type { BatchTallies } from './batch-tallies.ts'
import type { Books, Moment } from './books.ts'
import { type Captures, addCapture, contradiction } from './captures.ts'
import { HoldReader } from './hold-check.ts'
import { type StoredTransfer, TransferReader } from './transfer-reader.ts'
import { showUnits } from './units.ts'
import { type ViolationKind, ViolationLog } from './violations.ts'

/** How many receivers are looked up at once. */
const IDS_PER_LOOKUP = 1_000

interface HoldProofOptions {
  readonly accounts: readonly StoredAccount[]
  /** Selects the ids of the accounts, and every id between them that no account has. */
  readonly ids: object
  /** Counts the holds of each batch. */
  readonly tallies: BatchTallies
  /** Whether only the transfers after a kept state are read, so that a hold may have captured more than they say. */
  readonly isSince: boolean
}

/**
 * Proves the holds of a range of accounts: what is held of an account is what its active holds reserve, and what a hold
 * has captured is what the transfers that name it moved. Both change while others post. So what does not agree is read
 * again at one moment, with the transfers that came since, and is wrong only if it does not agree then.
 */
export class HoldProof {
  readonly #books: Books
  readonly #log: ViolationLog
  readonly #accounts: ReadonlyMap<string, StoredAccount>
  readonly #ids: object
  readonly #options: Pick<HoldProofOptions, 'isSince'>
  readonly #tallies: BatchTallies
  /** By the hold's id: of the transfers that the accounts have counted. */
  readonly #captured = new Map<string, Captures>()

  constructor(
    books: Books,
    log: ViolationLog,
    { accounts, ids, tallies, isSince }: HoldProofOptions,
  ) {
    this.#tallies = tallies
    this.#books = books
    this.#log = log
    this.#accounts = new Map(accounts.map((account) => [account.id, account]))
    this.#ids = ids
    this.#options = { isSince }
  }

  /** Adds a transfer that its payer has counted, if it captures a hold. */
  add(transfer: StoredTransfer): void {
    addCapture(this.#captured, transfer)
  }

  /** Returns how many holds there are. */
  async check(moment: Moment): Promise<number> {
    if (!(await this.#hasHolds())) return 0
    let count = 0
    const receivers = new Map<string, string>()
    const reader = new HoldReader()
    const held = new Map<string, bigint>()
    const unmatched = new Map(this.#captured)
    const doubtful = new Set<string>()
    await this.#books.inSession([moment], async (session) => {
      await this.#books.each('holds', { filter: { fromAccount: this.#ids } }, session, (bytes) => {
        reader.read(bytes)
        reader.check(this.#log)
        const hold = reader.hold()
        count += 1
        const { toAccount } = hold
        if (toAccount !== undefined && !this.#accounts.has(toAccount)) {
          receivers.set(toAccount, hold.id)
        }
        if (hold.batch !== undefined) this.#tallies.addHold(hold.batch)
        const payer = hold.fromAccount as string
        held.set(payer, (held.get(payer) ?? 0n) + (hold.reserved ?? 0n))
        const account = this.#accounts.get(payer)
        if (!account) doubtful.add(payer)
        else if (hold.currency !== account.currency) {
          this.#addToHold(
            hold.id,
            `is in ${named(hold.currency)}, but its account is in ${account.currency}`,
          )
        }
        // A hold changes its payer, so it has no earlier time. Its receiver may be from a program whose clock is ahead.
        if (Number(hold.createdAt) < Number(account?.createdAt)) {
          this.#addToHold(hold.id, 'was placed before its account was opened', 'time')
        }
        const found = unmatched.get(hold.id)
        if (contradiction(hold, found, this.#options) !== undefined) doubtful.add(payer)
        unmatched.delete(hold.id)
      })
      await this.#checkReceivers(receivers, session)
    })
    for (const { payer } of unmatched.values()) doubtful.add(payer)
    for (const [id, account] of this.#accounts) {
      if (account.held !== (held.get(id) ?? 0n)) doubtful.add(id)
    }
    for (const id of doubtful) await this.#checkAtOnce(id)
    return count
  }

  /** Checks that accounts exist. A hold of each, which was placed after its account was opened, is known. */
  async #checkReceivers(receivers: ReadonlyMap<string, string>, moment: Moment): Promise<void> {
    const ids = [...receivers.keys()]
    for (let start = 0; start < ids.length; start += IDS_PER_LOOKUP) {
      const some = ids.slice(start, start + IDS_PER_LOOKUP)
      const existing = await this.#books.existing('accounts', some, [moment])
      for (const accountId of some) {
        if (existing.has(accountId)) continue
        const id = receivers.get(accountId) as string
        const message = `hold ${named(id)} is for account ${named(accountId)}, which does not exist`
        this.#log.add({ kind: 'missing-account', collection: 'holds', id, message })
      }
    }
  }

  /** Nearly every ledger without holds is seen to have none with one look-up for all ranges. */
  async #hasHolds(): Promise<boolean> {
    if (this.#captured.size > 0) return true
    for (const { held } of this.#accounts.values()) if (held !== 0n) return true
    return await this.#books.hasHolds()
  }

  /** Reads an account, its holds and its later captures at one moment, and logs what does not agree. */
  async #checkAtOnce(id: string): Promise<void> {
    await this.#books.inSnapshot(async (session) => {
      const account = await this.#readAccount(id, session)
      const captured = await this.#capturedNow(id, session)
      const reader = new HoldReader()
      let held = 0n
      await this.#books.each('holds', { filter: { fromAccount: id } }, session, (bytes) => {
        reader.read(bytes)
        const hold = reader.hold()
        held += hold.reserved ?? 0n
        const found = captured.get(hold.id)
        captured.delete(hold.id)
        if (!account) {
          this.#addToHold(hold.id, `is of account ${named(id)}, which does not exist`)
          return
        }
        const problem = contradiction(hold, found, this.#options)
        if (problem !== undefined) this.#addToHold(hold.id, problem)
      })
      for (const hold of captured.keys()) {
        const message = `hold ${named(hold)} is captured by transfers of account ${named(id)}, which has no such hold`
        this.#log.add({ kind: 'hold', collection: 'holds', id: hold, message })
      }
      if (!account || account.held === undefined || account.held === held) return
      const [now, right] = [account.held, held].map((units) =>
        showUnits(units, account.currency as string),
      )
      const message = `account ${named(id)} has ${now} held, but its active holds reserve ${right}`
      this.#log.add({ kind: 'hold', collection: 'accounts', id, message })
    })
  }

  async #readAccount(id: string, session: ClientSession): Promise<StoredAccount | undefined> {
    const reader = new AccountReader(this.#books.ownFields.account)
    let account: StoredAccount | undefined
    await this.#books.each('accounts', { filter: { _id: id } as object }, session, (bytes) => {
      reader.read(bytes)
      account = reader.account()
    })
    return account
  }

  /** What the transfers of an account have captured up to now: those that were counted before, and those since. */
  async #capturedNow(id: string, session: ClientSession): Promise<Map<string, Captures>> {
    const captured = new Map([...this.#captured].filter(([, { payer }]) => payer === id))
    const transferCount = this.#accounts.get(id)?.transferCount ?? 0
    const filter = {
      fromAccount: id,
      fromSequence: { $gt: transferCount },
      hold: { $exists: true },
    }
    const reader = new TransferReader(this.#books.ownFields.transfer)
    await this.#books.each('transfers', { filter }, session, (bytes) => {
      reader.read(bytes)
      addCapture(captured, reader.transfer())
    })
    return captured
  }

  #addToHold(id: string, problem: string, kind: ViolationKind = 'hold'): void {
    const message = `hold ${named(id)} ${problem}`
    this.#log.add({ kind, collection: 'holds', id, message })
  }
}

/** Checks the holds whose payer is not a text, which are in no range. */
export const oddHolds = (books: Books, { limit }: { limit: number }): Promise<ViolationLog> =>
  books.inSession([], async (session) => {
    const log = new ViolationLog(limit)
    const reader = new HoldReader()
    await books.each('holds', { filter: { fromAccount: NOT_A_TEXT } }, session, (bytes) => {
      reader.read(bytes)
      reader.check(log)
    })
    return log
  })
