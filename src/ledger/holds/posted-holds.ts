import type { Decimal } from '../../money/money.ts'
import type { Transaction } from '../../mongodb/transaction.ts'
import type { PreparedWrite } from '../account-updates.ts'
import { couldBeId } from '../identifier.ts'
import { type LedgerRequest, type Reading, areTakenOver } from '../ledger-request.ts'
import type { LedgerAccount } from '../ledger-state.ts'
import type { HoldRecord, TransferRecord } from '../records.ts'
import { type ReadContext, readAccounts } from '../stored-ledger.ts'
import type { HoldBook } from './hold-book.ts'
import { giveBack } from './hold-evaluation.ts'
import type { HoldAction } from './hold-request.ts'
import {
  type StoredHolds,
  prepareHoldInsert,
  prepareHoldUpdates,
  readExpiredHolds,
  readHolds,
  readServerTime,
} from './stored-holds.ts'

type Accounts = Map<string, LedgerAccount>

/** Where holds and their accounts are read: in the database, and by a rehearsal also among those that it would have placed. */
export interface HoldReads {
  readonly holds: (holdIds: readonly string[]) => Promise<StoredHolds>
  /** The active holds of accounts that have expired. */
  readonly expired: (accountIds: readonly string[]) => Promise<readonly HoldRecord[]>
  /** `withOpening` also asks when they were opened. */
  readonly accounts: (
    accountIds: ReadonlySet<string>,
    options: { withOpening: boolean },
  ) => Promise<Accounts>
  /** `accountIds` say whose server's. */
  readonly serverTime: (accountIds: readonly string[]) => Promise<Date>
}

/** Reads what the database has. */
export const storedHoldReads = (context: ReadContext): HoldReads => ({
  holds: (holdIds) => readHolds(holdIds, context),
  expired: (accountIds) => readExpiredHolds(accountIds, context),
  accounts: (accountIds, options) => readAccounts(accountIds, context, options),
  serverTime: (accountIds) => readServerTime(accountIds, context),
})

interface ReadingOptions {
  readonly accounts: Accounts
  /** Presumes that the holds to place do not exist, which saves reading them. */
  readonly presumeNew: boolean
}

/**
 * The holds of one posting. A posting without actions on holds, to accounts of which nothing is held, has none and pays
 * nothing for them.
 */
export class PostedHolds {
  readonly book: HoldBook
  readonly #accounts: Accounts
  readonly #reads: HoldReads
  /** The holds as they were read. */
  readonly #stored: Map<string, HoldRecord>
  /** The payers whose expired holds were looked for. */
  readonly #asked = new Set<string>()
  /** The expired holds that were released to make room. */
  readonly #released = new Set<string>()

  private constructor(
    { book, accounts }: { book: HoldBook; accounts: Accounts },
    reads: HoldReads,
  ) {
    this.book = book
    this.#accounts = accounts
    this.#reads = reads
    this.#stored = new Map(book.records)
  }

  /**
   * Reads the holds that requests name, and adds the accounts of those to `accounts`. Undefined if the posting has nothing to
   * do with holds.
   */
  static async read(
    requests: readonly LedgerRequest[],
    { accounts, presumeNew }: ReadingOptions,
    reads: HoldReads,
  ): Promise<PostedHolds | undefined> {
    const actions = requests.filter((request) => request.kind !== undefined)
    if (actions.length === 0 && !hasHeld(accounts)) return undefined
    const holdIds = actions
      .filter(({ kind }) => kind !== 'hold' || !presumeNew)
      .map(({ holdId }) => holdId)
      .filter(couldBeId)
    const { holds, expired } = await reads.holds(holdIds)
    const unread = holds.flatMap(({ fromAccount, toAccount }) => [fromAccount, toAccount])
    const missing = new Set(unread.filter((id) => !accounts.has(id)))
    if (missing.size > 0) {
      const read = await reads.accounts(missing, { withOpening: areTakenOver(actions) })
      for (const [id, account] of read) accounts.set(id, account)
    }
    const records = new Map(holds.map((hold) => [hold._id, hold]))
    const payers = expiringPayersOf(actions)
    const serverTime = payers.length === 0 ? undefined : await reads.serverTime(payers)
    return new PostedHolds({ book: { records, expired, serverTime }, accounts }, reads)
  }

  /**
   * Releases the expired holds of those payers who may have too little without that. Only then does it matter that they
   * have expired, so only then is the server asked.
   */
  async releaseExpired(readings: readonly Reading[], now: Date): Promise<void> {
    const payers = payersInNeed(readings, this.#accounts).filter((id) => !this.#asked.has(id))
    if (payers.length === 0) return
    for (const id of payers) this.#asked.add(id)
    for (const hold of await this.#reads.expired(payers)) {
      const account = this.#accounts.get(hold.fromAccount) as LedgerAccount
      this.#stored.set(hold._id, hold)
      this.#released.add(hold._id)
      giveBack({ hold, account, status: 'expired' }, this.book, now)
    }
  }

  /** The holds that were placed or have changed. */
  changed(): HoldRecord[] {
    return [...this.book.records.values()].filter((hold) => hold !== this.#stored.get(hold._id))
  }

  /**
   * Prepares the writes of the holds that have changed. Returns them with the accounts of which more or less is held now. An
   * expired hold is written only together with its account, because a refusal changes nothing.
   */
  prepareWrites(
    posted: readonly TransferRecord[],
    transaction: Transaction,
  ): {
    readonly write: PreparedWrite
    readonly accountIds: ReadonlySet<string>
  } {
    const changed = this.changed()
    const accountIds = new Set(
      changed.filter(({ _id }) => !this.#released.has(_id)).map(({ fromAccount }) => fromAccount),
    )
    const written = new Set(accountIds)
    for (const { fromAccount, toAccount } of posted) written.add(fromAccount).add(toAccount)
    const toWrite = changed.filter(({ fromAccount }) => written.has(fromAccount))
    for (const { fromAccount } of changed) {
      // It is not what is stored, so nobody may remember it.
      if (!written.has(fromAccount)) this.#accounts.delete(fromAccount)
    }
    const isNew = ({ _id }: HoldRecord) => !this.#stored.has(_id)
    const insert = prepareHoldInsert(toWrite.filter(isNew), transaction)
    const update = prepareHoldUpdates(
      toWrite.filter((hold) => !isNew(hold)),
      transaction,
    )
    const write = async () => {
      await insert()
      await update()
    }
    return { write, accountIds }
  }
}

function hasHeld(accounts: Accounts): boolean {
  for (const { held } of accounts.values()) if (held) return true
  return false
}

/** The payers of holds to place that have an expiry, which must be in the future. */
const expiringPayersOf = (actions: readonly HoldAction[]): string[] =>
  actions
    .filter((action) => action.kind === 'hold')
    .filter(({ expiresAt, postedElsewhereAt }) => expiresAt && !postedElsewhereAt)
    .map(({ from }) => from)
    .filter(couldBeId)

/** The payers with holds for whom the requests together may be too much, if nothing comes in. */
function payersInNeed(readings: readonly Reading[], accounts: Accounts): string[] {
  const left = new Map<string, Decimal>()
  for (const reading of readings) {
    if (!('from' in reading) || reading.postedElsewhereAt) continue
    const account = accounts.get(reading.from)
    if (!account?.held || account.held.isZero()) continue
    const before =
      left.get(reading.from) ?? account.balance.minus(account.held).minus(account.lowestBalance)
    left.set(reading.from, before.minus(reading.amount))
  }
  return [...left].filter(([, amount]) => amount.isNeg()).map(([id]) => id)
}
