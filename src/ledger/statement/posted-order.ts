import { inCurrency } from '../../money/json.ts'
import { type Decimal, toDecimal } from '../../money/money.ts'
import type { AccountRecord } from '../records.ts'
import { type AccountHistory, type ReadAccount, primaryHistoryOf } from './account-history.ts'
import { entriesBetween } from './entries-between.ts'
import type { DatedOrder, DateRange, TransferSelection } from './flows.ts'
import { searchTransfersBefore } from './transfers-before.ts'

/** The transfers of an account in the order of posting, up to the number that it had counted when it was opened. */
export class PostedOrder implements DatedOrder {
  readonly history: AccountHistory
  readonly #account: AccountRecord

  private constructor(history: AccountHistory, account: AccountRecord) {
    this.history = history
    this.#account = account
  }

  /** Undefined if there is no such account. */
  static async of(account: ReadAccount): Promise<PostedOrder | undefined> {
    const history = primaryHistoryOf(account)
    const stored = await history.accounts.findOne({ _id: account.accountId }, history.within)
    return stored ? new PostedOrder(history, stored) : undefined
  }

  inCurrency(value: Decimal): Decimal {
    return inCurrency(value, this.#account.currency)
  }

  dates(): Promise<readonly [first: Date, last: Date]> {
    return Promise.resolve([this.#account.createdAt, this.#account.updatedAt])
  }

  async balanceBefore(date: Date): Promise<Decimal> {
    const count = await this.#countBefore(date)
    const range = { after: count - 1, before: count + 1, limit: 1 }
    const [entry] = count === 0 ? [] : await entriesBetween(this.history, range)
    return entry?.balance ?? toDecimal(this.#account.openingBalance)
  }

  async selectionsIn({ from, to }: DateRange): Promise<TransferSelection[]> {
    const after = await this.#countBefore(from)
    const last = await this.#countBefore(to)
    const filterOf: TransferSelection['filterOf'] = ({ sequence }) => ({
      [sequence]: { $gt: after, $lte: last },
    })
    return [{ date: 'postedAt', filterOf }]
  }

  #countBefore(date: Date): Promise<number> {
    const { transferCount } = this.#account
    return searchTransfersBefore(this.history, { date, atLeast: 0, atMost: transferCount })
  }
}
