import { InputError } from '../errors.ts'
import type { AccountRecord } from '../ledger/records.ts'
import type { BatchRefusalCode } from '../models/batch.ts'
import { drawCardReference, drawReference } from './amounts-and-references.ts'
import { type DayRange, daysOf } from './days.ts'
import { type Occasion, fakeHistory } from './fake-history.ts'
import { FakeHolds } from './fake-holds.ts'
import { FakeMovements } from './fake-movements.ts'
import { type LineFields, REFUSAL_REASONS, type TransferFields } from './fake-refusals.ts'
import { formatMinorUnits } from './minor-units.ts'
import { Random } from './random.ts'
import { type CurrencyPool, type Movement, SimulatedAccounts } from './simulated-accounts.ts'

/** What becomes of a line when the batch is posted, in order, to accounts that have just been seeded. */
export type Outcome = 'posted' | 'existing' | BatchRefusalCode

export interface FakeTransfer {
  readonly outcome: Outcome
  readonly fields: LineFields
}

export interface FakeTransfersOptions {
  readonly transfers: number
  /** A whole number from 0 to 4,294,967,295. Another seed makes other transfers, with other ids. Default: 1. */
  readonly seed?: number | undefined
  /**
   * The share of transfers, from 0 to 1, with a hot account on one side. Hot are the richest accounts of each
   * currency, at most three. Default: 0.2. Not used in a history.
   */
  readonly hot?: number | undefined
  /**
   * The share of lines, from 0 to 1, that are refused. They go through the reasons in turn, leaving out those
   * for which there is no suitable account. Default: 0.02.
   */
  readonly refusals?: number | undefined
  /** The share of lines, from 0 to 1, that repeat an earlier transfer in every field. Default: 0.001. */
  readonly repeats?: number | undefined
  /**
   * The share of lines, from 0 to 1, that place, capture or release a hold. Some holds are captured in parts, and some
   * are left as they are. Default: 0.
   */
  readonly holds?: number | undefined
  /**
   * Makes a history: each transfer has an `effectiveAt` in these days, and they are in chronological order, apart from
   * repeats. Persons get salaries from the hot accounts each month, pay rents and subscriptions, and shop on every day.
   */
  readonly history?: DayRange | undefined
}

/** Another seed than that of seeds/transfers.csv, so that a database can have both: ids depend on the seed. */
export const DEFAULT_TRANSFERS_SEED = 1

/** The number of transfers in a block. As many of the latest posted transfers are kept for later lines. */
const BLOCK = 1_000

/**
 * Makes transfers that fit these accounts, in blocks. It follows the balances, so that each transfer has the
 * outcome that it comes with, and each refused one has no other reason to be refused. Memory grows with the
 * number of accounts, not of transfers.
 * @throws InputError if money cannot move between any two accounts
 */
export async function* fakeTransfers(
  accounts: AsyncIterable<readonly AccountRecord[]>,
  options: FakeTransfersOptions,
): AsyncGenerator<FakeTransfer[]> {
  const { transfers, history, seed = DEFAULT_TRANSFERS_SEED } = options
  const days = history && daysOf(history)
  const simulated = await SimulatedAccounts.of(accounts)
  const maker = new TransferMaker(simulated, options)
  const random = new Random(seed, HISTORY_SEED)
  const occasions = days && fakeHistory(simulated, { transfers, days, random })
  for (let number = 1; number <= transfers;) {
    const block: FakeTransfer[] = []
    while (block.length < BLOCK && number <= transfers) {
      block.push(maker.make(number++, occasions?.next().value ?? undefined))
    }
    yield block
  }
}

/**
 * The notebook's transfer. It comes first if its accounts exist and it can be posted. A history does not have it: with the
 * date of one, it would be in conflict with the same transfer without.
 */
const NOTEBOOK = {
  transferId: 'TR218721873',
  from: 'MDB574189300',
  to: 'MDB343652528',
  amount: 100,
}

/** An additional seed, so that transfers are not drawn from the same numbers as accounts. */
const TRANSFER_SEED = 0x7472

/** An additional seed for the times of a history. */
const HISTORY_SEED = 0x6869

/** An additional seed for holds, so that a file without them has the same transfers. */
const HOLD_SEED = 0x686f

/** A transfer that can be posted. */
interface Draft extends Movement {
  readonly pool: CurrencyPool
  readonly fields: TransferFields
}

class TransferMaker {
  readonly #accounts: SimulatedAccounts
  readonly #random: Random
  readonly #options: Record<'seed' | 'refusals' | 'repeats', number>
  readonly #movements: FakeMovements
  readonly #holds: FakeHolds
  /** The latest transfers that are posted, in no order. */
  readonly #latest: TransferFields[] = []
  #posted = 0
  #refused = 0

  constructor(accounts: SimulatedAccounts, options: FakeTransfersOptions) {
    const {
      transfers,
      seed = DEFAULT_TRANSFERS_SEED,
      hot = 0.2,
      refusals = 0.02,
      repeats = 0.001,
    } = options
    const { holds = 0 } = options
    if (transfers > 0 && accounts.pools.length === 0) {
      throw new InputError(
        'no transfer can be made: no two open accounts have the same currency; add some with the option accounts',
      )
    }
    this.#accounts = accounts
    this.#options = { seed, refusals, repeats }
    this.#random = new Random(seed, TRANSFER_SEED)
    this.#movements = new FakeMovements(accounts, { random: this.#random, hot })
    this.#holds = new FakeHolds(accounts, { random: new Random(seed, HOLD_SEED), share: holds })
  }

  /** The transfer with a number from 1; in a history, on its occasion. */
  make(number: number, occasion?: Occasion): FakeTransfer {
    const notebook = number === 1 && !occasion ? this.#notebook() : undefined
    if (notebook) return this.#post(notebook)
    const { seed, refusals, repeats } = this.#options
    const transferId = `TR${seed}-${String(number).padStart(9, '0')}`
    const recurring = occasion?.recurring
    if (recurring && this.#accounts.canMove(recurring.movement)) {
      return this.#post(datedDraft(this.#draftOf(transferId, recurring), occasion))
    }
    const draft = () => {
      const movement = occasion ? this.#movements.payment() : this.#movements.any()
      const { currency } = this.#accounts.poolOf(movement.from)
      const reference = occasion
        ? drawCardReference(this.#random)
        : drawReference(this.#random, currency)
      return datedDraft(this.#draftOf(transferId, { movement, reference }), occasion)
    }
    if (this.#holds.isNext()) return this.#aboutHold(draft, { transferId, occasion })
    const drawn = this.#random.next()
    if (drawn < refusals) return this.#refuse(draft())
    const earlier = drawn < refusals + repeats ? this.#earlier() : undefined
    return earlier ? { outcome: 'existing', fields: earlier } : this.#post(draft())
  }

  #aboutHold(
    draft: () => Draft,
    { transferId, occasion }: { transferId: string; occasion: Occasion | undefined },
  ): FakeTransfer {
    if (!this.#holds.isPlacing()) {
      const effectiveAt = occasion && inIsoFormat(occasion.at)
      return { outcome: 'posted', fields: this.#holds.end(transferId, effectiveAt) }
    }
    const { fields, ...movement } = draft()
    return { outcome: 'posted', fields: this.#holds.place(movement, fields) }
  }

  #notebook(): Draft | undefined {
    const from = this.#accounts.find(NOTEBOOK.from)
    const to = this.#accounts.find(NOTEBOOK.to)
    if (from === undefined || to === undefined) return undefined
    const pool = this.#accounts.poolOf(from)
    const minorUnits = NOTEBOOK.amount * 10 ** pool.scale
    if (!this.#accounts.canMove({ from, to, minorUnits })) return undefined
    const fields = { currency: pool.currency, reference: '', ...NOTEBOOK }
    return { from, to, minorUnits, pool, fields: { ...fields, amount: String(NOTEBOOK.amount) } }
  }

  #post(draft: Draft): FakeTransfer {
    this.#accounts.move(draft)
    this.#latest[this.#posted % BLOCK] = draft.fields
    this.#posted += 1
    return { outcome: 'posted', fields: draft.fields }
  }

  #earlier(): TransferFields | undefined {
    return this.#random.pick<TransferFields | undefined>(this.#latest)
  }

  /** Refuses for the next reason that these accounts allow. */
  #refuse({ fields, from, pool }: Draft): FakeTransfer {
    const context = {
      fields,
      scale: pool.scale,
      available: this.#accounts.available(from),
      accounts: this.#accounts,
      random: this.#random,
      earlier: this.#earlier(),
    }
    while (true) {
      const round = Math.floor(this.#refused / REFUSAL_REASONS.length)
      const index = this.#refused % REFUSAL_REASONS.length
      const [outcome, changes] = REFUSAL_REASONS[index] as (typeof REFUSAL_REASONS)[number]
      this.#refused += 1
      const changed = changes[round % changes.length]?.(context)
      if (changed) return { outcome, fields: { ...fields, ...changed } }
    }
  }

  #draftOf(
    transferId: string,
    { movement, reference }: { movement: Movement; reference: string },
  ): Draft {
    const pool = this.#accounts.poolOf(movement.from)
    return {
      ...movement,
      pool,
      fields: {
        transferId,
        from: this.#accounts.idOf(movement.from),
        to: this.#accounts.idOf(movement.to),
        amount: formatMinorUnits(movement.minorUnits, pool.scale),
        currency: pool.currency,
        reference,
      },
    }
  }
}

const datedDraft = (draft: Draft, occasion: Occasion | undefined): Draft =>
  occasion
    ? { ...draft, fields: { ...draft.fields, effectiveAt: inIsoFormat(occasion.at) } }
    : draft

/** A moment to the second, in UTC. */
const inIsoFormat = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}Z`
