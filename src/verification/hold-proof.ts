import type { ClientSession } from 'mongoose'
import { named } from '../messages.ts'
import { type StoredAccount, AccountReader } from './account-reader.ts'
import { NOT_A_TEXT } from './account-range.ts'
import type { BatchTallies } from './batch-tallies.ts'
import type { Books, Moment } from './books.ts'
import { HoldReader, type StoredHold } from './hold-check.ts'
import { type StoredTransfer, TransferReader } from './transfer-reader.ts'
import { showUnits } from './units.ts'
import { ViolationLog } from './violations.ts'

/** What transfers have captured of a hold. */
interface Captured {
  readonly payer: string
  /** Undefined if they do not agree on it. */
  readonly receiver: string | undefined
  readonly sum: bigint
}

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
  readonly #isSince: boolean
  readonly #tallies: BatchTallies
  /** By the hold's id: of the transfers that the accounts have counted. */
  readonly #captured = new Map<string, Captured>()

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
    this.#isSince = isSince
  }

  /** Adds a transfer that its payer has counted, if it captures a hold. */
  add(transfer: StoredTransfer): void {
    addCapture(this.#captured, transfer)
  }

  async check(moment: Moment): Promise<void> {
    if (!(await this.#hasHolds())) return
    const reader = new HoldReader()
    const held = new Map<string, bigint>()
    const unmatched = new Map(this.#captured)
    const doubtful = new Set<string>()
    await this.#books.inSession([moment], async (session) => {
      await this.#books.each('holds', { filter: { fromAccount: this.#ids } }, session, (bytes) => {
        reader.read(bytes)
        reader.check(this.#log)
        const hold = reader.hold()
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
        if (!this.#agrees(hold, unmatched.get(hold.id))) doubtful.add(payer)
        unmatched.delete(hold.id)
      })
    })
    for (const { payer } of unmatched.values()) doubtful.add(payer)
    for (const [id, account] of this.#accounts) {
      if (account.held !== (held.get(id) ?? 0n)) doubtful.add(id)
    }
    for (const id of doubtful) await this.#checkAtOnce(id)
  }

  /** Nearly every ledger without holds is seen to have none with one look-up for all ranges. */
  async #hasHolds(): Promise<boolean> {
    if (this.#captured.size > 0) return true
    for (const { held } of this.#accounts.values()) if (held !== 0n) return true
    return await this.#books.hasHolds()
  }

  #agrees({ fromAccount, toAccount, captured }: StoredHold, found: Captured | undefined): boolean {
    if (captured === undefined) return true
    if (found && (found.payer !== fromAccount || found.receiver !== toAccount)) return false
    const sum = found?.sum ?? 0n
    return this.#isSince ? captured >= sum : captured === sum
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
        } else if (found && found.receiver !== hold.toAccount) {
          const receiver = named(hold.toAccount)
          this.#addToHold(
            hold.id,
            `is for account ${receiver}, but a capture of it paid another one`,
          )
        } else if (!this.#agrees(hold, found)) {
          const [now, right] = [hold.captured ?? 0n, found?.sum ?? 0n].map((units) =>
            showUnits(units, hold.currency as string),
          )
          this.#addToHold(hold.id, `has captured ${now}, but its transfers add up to ${right}`)
        }
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
  async #capturedNow(id: string, session: ClientSession): Promise<Map<string, Captured>> {
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

  #addToHold(id: string, problem: string): void {
    const message = `hold ${named(id)} ${problem}`
    this.#log.add({ kind: 'hold', collection: 'holds', id, message })
  }
}

function addCapture(
  captured: Map<string, Captured>,
  { hold, fromAccount: payer = '', toAccount, amount = 0n }: StoredTransfer,
): void {
  if (hold === undefined) return
  const before = captured.get(hold)
  const receiver = !before || before.receiver === toAccount ? toAccount : undefined
  captured.set(hold, { payer, receiver, sum: (before?.sum ?? 0n) + amount })
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
