import { InputError } from '../../errors.ts'
import { named } from '../../messages.ts'
import { inCurrency } from '../../money/json.ts'
import { Decimal, toDecimal } from '../../money/money.ts'
import type { AccountRecord } from '../records.ts'
import {
  type AccountHistory,
  type ReadAccount,
  primaryHistoryOf,
  readEach,
} from './account-history.ts'
import { DatedTransfers, type EffectiveRange } from './dated-transfers.ts'
import type { DateRange, DatedOrder, TransferSelection } from './flows.ts'
import { FIRST_DATE, LAST_DATE, type Place, dateOf, newestOf, placeOf, startOf } from './place.ts'
import { entriesBetween } from './entries-between.ts'
import type { StatementEntry } from './statement-entry.ts'
import { searchTransfersBefore } from './transfers-before.ts'

/**
 * The entries of an account in the order of their effective dates. A transfer with a date of its own is found
 * in an index of those, and any other one along the sequences, because its date is when it was posted.
 *
 * It knows the transfers up to the number that the account had counted when it was opened. They never change,
 * so all that it reads belongs together, whatever is posted in the meantime.
 */
export class EffectiveOrder implements DatedOrder {
  readonly history: AccountHistory
  readonly #count: number
  readonly #openingBalance: Decimal
  readonly #currency: string | undefined
  readonly #createdAt: Date | undefined
  readonly #dated: DatedTransfers

  private constructor(history: AccountHistory, account: AccountRecord | null) {
    this.history = history
    this.#count = account?.transferCount ?? 0
    this.#openingBalance = account ? toDecimal(account.openingBalance) : new Decimal(0)
    this.#currency = account?.currency
    this.#createdAt = account?.createdAt
    this.#dated = new DatedTransfers(history, this.#count)
  }

  static async of(account: ReadAccount): Promise<EffectiveOrder> {
    const history = primaryHistoryOf(account)
    const projection = { transferCount: 1, openingBalance: 1, currency: 1, createdAt: 1 }
    const options = { ...history.within, projection }
    const stored = await history.accounts.findOne({ _id: account.accountId }, options)
    return new EffectiveOrder(history, stored)
  }

  inCurrency(value: Decimal): Decimal {
    return this.#currency === undefined ? value : inCurrency(value, this.#currency)
  }

  /** The place after all entries of a date. */
  endOf(date: Date): Place {
    return { date, sequence: this.#count + 1 }
  }

  /**
   * The place before the entry with a sequence.
   * @throws InputError if the account has no such entry
   */
  async placeOf(sequence: number): Promise<Place> {
    const entry = sequence <= this.#count ? await this.#entryAt(sequence) : undefined
    if (entry) return placeOf(entry)
    throw new InputError(
      `before ${sequence} is not the sequence of a transfer of account ${named(this.history.accountId)}`,
    )
  }

  /**
   * The newest entries in a range, newest first, with the running balance of this order.
   * @param following the entry right after the range, if it was read before: its balance saves a look-up
   */
  async page(
    range: EffectiveRange,
    limit: number,
    following?: StatementEntry,
  ): Promise<StatementEntry[]> {
    const entries = await this.#newestIn(range, limit)
    if (entries.length === 0) return entries
    let balance = following?.balance.minus(following.amount) ?? (await this.balanceAt(range.to))
    return entries.map((entry) => {
      const shown = { ...entry, balance: this.inCurrency(balance) }
      balance = balance.minus(entry.amount)
      return shown
    })
  }

  /**
   * The balance after all entries before a place. The balance after the transfers that were posted by then is
   * stored. Those that happened before they were posted, or after, make the difference.
   */
  async balanceAt(place: Place): Promise<Decimal> {
    const { date, sequence } = place
    const posted = await this.#postedBefore(place)
    const stored = posted === 0 ? undefined : await this.#entryAt(posted)
    const balance = stored?.balance ?? this.#openingBalance
    const differences = [
      { sign: 1, at: { $lt: date }, after: posted, before: Infinity },
      { sign: 1, at: date, after: posted, before: sequence },
      { sign: -1, at: { $gt: date }, after: 0, before: posted + 1 },
      { sign: -1, at: date, after: sequence - 1, before: posted + 1 },
    ]
    const sums = await readEach(this.history, differences, async ({ sign, at, ...range }) =>
      (await this.#dated.sum(at, range)).times(sign),
    )
    return this.inCurrency(sums.reduce((sum, difference) => sum.plus(difference), balance))
  }

  /** When its account was opened or its first transfer happened, and its last one; undefined if it has no account. */
  async dates(): Promise<readonly [first: Date, last: Date] | undefined> {
    if (!this.#createdAt) return undefined
    const [first, last] = (await this.#dated.dates()) ?? [this.#createdAt, this.#createdAt]
    return [first < this.#createdAt ? first : this.#createdAt, last]
  }

  balanceBefore(date: Date): Promise<Decimal> {
    return this.balanceAt(startOf(date))
  }

  /** The transfers that happened in a range of time. */
  async selectionsIn({ from, to }: DateRange): Promise<TransferSelection[]> {
    const after = await this.#postedBefore(startOf(from))
    const last = await this.#postedBefore(startOf(to))
    const undated: TransferSelection = {
      date: 'postedAt',
      filterOf: ({ sequence }) => ({ [sequence]: { $gt: after, $lte: last }, effectiveAt: null }),
    }
    return [undated, this.#dated.selectionIn({ from, to })]
  }

  async #newestIn({ from, to }: EffectiveRange, limit: number): Promise<StatementEntry[]> {
    const dated = await this.#dated.newestIn({ from, to }, limit)
    // Undated entries before the last one of a full page are not on it.
    const last = dated.length === limit ? dated.at(-1) : undefined
    const posted = await this.#postedBefore(to)
    const postedBefore = await this.#postedBefore(startOf(last ? dateOf(last) : from))
    if (postedBefore >= posted) return dated
    const undated = await entriesBetween(this.history, {
      after: postedBefore,
      before: posted + 1,
      limit,
      filter: { effectiveAt: null },
    })
    return newestOf([...dated, ...undated], limit)
  }

  /**
   * How many transfers would come before a place if none had a date of its own. Since `postedAt` never goes back
   * along the sequences, the undated ones among them are those that do come before it.
   */
  async #postedBefore({ date, sequence, posted }: Place): Promise<number> {
    if (posted !== undefined) return posted
    if (date <= FIRST_DATE) return 0
    if (date >= LAST_DATE) return this.#count
    const earlier = await this.#search(date, { atLeast: 0, atMost: this.#count })
    const atMost = Math.min(sequence - 1, this.#count)
    if (atMost <= earlier) return earlier
    return await this.#search(new Date(date.getTime() + 1), { atLeast: earlier, atMost })
  }

  #search(date: Date, bounds: { atLeast: number; atMost: number }): Promise<number> {
    return searchTransfersBefore(this.history, { date, ...bounds })
  }

  async #entryAt(sequence: number): Promise<StatementEntry | undefined> {
    const range = { after: sequence - 1, before: sequence + 1, limit: 1 }
    return (await entriesBetween(this.history, range))[0]
  }
}
