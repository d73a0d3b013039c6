import { InputError, type RefusalCode } from '../errors.ts'
import type { AccountRecord } from '../ledger/records.ts'
import { DEFAULT_SEED, perDollar } from './fake-accounts.ts'
import { FakeBook, type Movement, type Pool } from './fake-book.ts'
import { REASONS, type TransferFields } from './fake-refusals.ts'
import { textOfMinor } from './minor-units.ts'
import { Random } from './random.ts'

/** What becomes of a line when the batch is posted, in its order, to accounts just seeded. */
export type Outcome = 'posted' | 'existing' | RefusalCode | 'MALFORMED_LINE'

export interface FakeTransfer {
  readonly outcome: Outcome
  readonly fields: TransferFields
}

export interface FakeTransfersOptions {
  /** How many lines. */
  readonly transfers: number
  readonly seed?: number | undefined
  /** The share of transfers that a hot account sends or receives: 0.2 unless given. */
  readonly hot?: number | undefined
  /** The share that must be refused, for each reason in turn: 0.02 unless given. */
  readonly refusals?: number | undefined
  /** The share that repeats an earlier transfer in every field: 0.001 unless given. */
  readonly repeats?: number | undefined
}

/** The share that is drawn for one of the first accounts: people look at them, so they have more to show. */
const FIRST = 0.025

/** How many are made at once; as many of the latest are remembered, to be repeated or contradicted. */
const BLOCK = 1_000

/**
 * Makes transfers that fit accounts, many at once: it follows the balances as they move, so that each that
 * is meant to be posted can be, and each that is not is refused for the one reason that is told. Memory
 * grows with the number of accounts, not of transfers.
 * @throws InputError where there are no two accounts between which money can move
 */
export async function* fakeTransfers(
  accounts: AsyncIterable<readonly AccountRecord[]>,
  options: FakeTransfersOptions,
): AsyncGenerator<FakeTransfer[]> {
  const maker = new TransferMaker(await FakeBook.of(accounts), options)
  for (let number = 1; number <= options.transfers;) {
    const block: FakeTransfer[] = []
    while (block.length < BLOCK && number <= options.transfers) block.push(maker.make(number++))
    yield block
  }
}

/** The notebook's transfer: the first where its accounts are there and it can be posted. */
const NOTEBOOK = {
  transferId: 'TR218721873',
  from: 'MDB574189300',
  to: 'MDB343652528',
  amount: 100,
}

/**
 * The 0th, 5th … 100th percentile of amounts in dollars, with the median 40. A table, because the last
 * digit of `Math.exp` is the engine's own.
 */
const AMOUNTS = [
  0.5, 2.5, 4.2, 6, 8.5, 11, 14, 18, 23, 30, 40, 52, 68, 90, 120, 165, 235, 350, 620, 1_400, 20_000,
]

const REFERENCES = [
  'invoice #',
  'order #',
  'rent, flat #',
  'salary #',
  'refund of order #',
  'thank you',
  'savings',
]

/** Those in use with one currency. */
const LOCAL_REFERENCES: Readonly<Record<string, readonly string[]>> = {
  EUR: ['Rückzahlung #', 'café, table #'],
  JPY: ['振込 #', '家賃 #'],
}

/** Keeps the draws for transfers apart from those for accounts. */
const STREAM = 0x7472

/** A transfer that can be posted. */
interface Draft extends Movement {
  readonly pool: Pool
  readonly fields: TransferFields
}

class TransferMaker {
  readonly #book: FakeBook
  readonly #random: Random
  readonly #options: Required<{ [Name in keyof FakeTransfersOptions]: number }>
  /** The latest that were posted, in no order. */
  readonly #remembered: TransferFields[] = []
  #posted = 0
  #refused = 0

  constructor(book: FakeBook, options: FakeTransfersOptions) {
    const { transfers, seed = DEFAULT_SEED, hot = 0.2, refusals = 0.02, repeats = 0.001 } = options
    if (transfers > 0 && book.pools.length === 0) {
      throw new InputError(
        'no transfer can be made: no two open accounts are in the same currency; add some with --accounts',
      )
    }
    this.#book = book
    this.#options = { transfers, seed, hot, refusals, repeats }
    this.#random = new Random(seed, STREAM)
  }

  make(number: number): FakeTransfer {
    const notebook = number === 1 ? this.#notebook() : undefined
    if (notebook) return this.#post(notebook)
    const { seed, refusals, repeats } = this.#options
    const transferId = `TR${seed}-${String(number).padStart(9, '0')}`
    const place = this.#random.next()
    if (place < refusals) return this.#refuse(this.#draft(transferId))
    const earlier = place < refusals + repeats ? this.#earlier() : undefined
    return earlier ? { outcome: 'existing', fields: earlier } : this.#post(this.#draft(transferId))
  }

  #notebook(): Draft | undefined {
    const from = this.#book.find(NOTEBOOK.from)
    const to = this.#book.find(NOTEBOOK.to)
    if (from === undefined || to === undefined) return undefined
    const pool = this.#book.poolOf(from)
    const minor = NOTEBOOK.amount * 10 ** pool.scale
    if (!this.#book.canMove({ from, to, minor })) return undefined
    const fields = { currency: pool.currency, reference: '', ...NOTEBOOK }
    return { from, to, minor, pool, fields: { ...fields, amount: String(NOTEBOOK.amount) } }
  }

  #post(draft: Draft): FakeTransfer {
    this.#book.move(draft)
    this.#remembered[this.#posted % BLOCK] = draft.fields
    this.#posted += 1
    return { outcome: 'posted', fields: draft.fields }
  }

  #earlier(): TransferFields | undefined {
    return this.#random.pick<TransferFields | undefined>(this.#remembered)
  }

  /** Each reason in turn; those that these accounts cannot give are left out. */
  #refuse({ fields, from, pool }: Draft): FakeTransfer {
    const scene = {
      fields,
      scale: pool.scale,
      available: this.#book.available(from),
      book: this.#book,
      random: this.#random,
      earlier: this.#earlier(),
    }
    while (true) {
      const round = Math.floor(this.#refused / REASONS.length)
      const [outcome, ways] = REASONS[this.#refused % REASONS.length] as (typeof REASONS)[number]
      this.#refused += 1
      const spoiled = ways[round % ways.length]?.(scene)
      if (spoiled) return { outcome, fields: { ...fields, ...spoiled } }
    }
  }

  #draft(transferId: string): Draft {
    const movement = this.#movement()
    const pool = this.#book.poolOf(movement.from)
    return {
      ...movement,
      pool,
      fields: {
        transferId,
        from: this.#book.id(movement.from),
        to: this.#book.id(movement.to),
        amount: textOfMinor(movement.minor, pool.scale),
        currency: pool.currency,
        reference: this.#reference(pool),
      },
    }
  }

  /** A likely one that can be posted now, or where luck does not find one the first that there is. */
  #movement(): Movement {
    const random = this.#random
    for (let trial = 0; trial < 20; trial++) {
      const isHot = random.isLikely(this.#options.hot)
      const isFirst = random.isLikely(FIRST)
      const { hot, first, members } = this.#book
      const one = random.pick(isHot ? hot : isFirst ? first : members)
      const pool = this.#book.poolOf(one)
      const other = random.pick(pool.members)
      const [from, to] = isHot && random.isLikely(0.5) ? [other, one] : [one, other]
      const movement = { from, to, minor: this.#amount(pool, this.#book.available(from)) }
      if (movement.minor > 0 && this.#book.canMove(movement)) return movement
    }
    for (const { currency, members } of this.#book.pools) {
      const from = this.#book.payer({ currency, minor: 1 })
      const to = members.find((member) => member !== from)
      if (from === undefined || to === undefined) continue
      const movement = { from, to, minor: 1 }
      if (this.#book.canMove(movement)) return movement
    }
    throw new InputError(
      'no transfer can be made: no open account has anything to send; give one an openingBalance or an overdraftLimit',
    )
  }

  /** At most half of what there is to send, so that no account soon runs dry. */
  #amount(pool: Pool, available: number): number {
    const unit = 10 ** pool.scale
    const drawn = Math.floor(this.#random.tailed(AMOUNTS) * perDollar(pool.currency) * unit)
    const isRound = this.#random.isLikely(0.4) && drawn > unit
    const amount = Math.max(isRound ? drawn - (drawn % unit) : drawn, 1)
    return Math.min(amount, Math.ceil(available / 2))
  }

  #reference({ currency }: Pool): string {
    const random = this.#random
    if (random.isLikely(0.4)) return ''
    const texts = [...REFERENCES, ...(LOCAL_REFERENCES[currency] ?? [])]
    return random.pick(texts).replace('#', String(random.whole({ least: 1, most: 99_999 })))
  }
}
