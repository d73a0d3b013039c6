import type { Connection } from 'mongoose'
import { type Keys, requireObject, optionsOf } from '../../arguments.ts'
import { quote } from '../../messages.ts'
import type { Decimal } from '../../money/money.ts'
import { isTimeZone } from '../../time-zones.ts'
import { EFFECTIVE_AT_RULE, isEffectiveAt } from '../effective-at.ts'
import { type ReadOptions, accountIn, readHistory } from './account-history.ts'
import { EffectiveOrder } from './effective-order.ts'
import { type DatedOrder, flowsBetween } from './flows.ts'
import { PERIOD_LENGTHS, type PeriodLength, Periods } from './periods.ts'
import { PostedOrder } from './posted-order.ts'
import { type StatementRange, requireDateChoice } from './statement.ts'

export interface BalancesOptions extends StatementRange, ReadOptions {
  /** How long a period is. A week starts on Monday. */
  readonly every: PeriodLength
  /** The zone in whose days the periods begin, such as `Europe/Berlin` or `+02:00`. Default: UTC. */
  readonly timeZone?: string | undefined
}

/** What became of an account's balance in one period. */
export interface PeriodBalance {
  readonly from: Date
  /** When the next period begins. */
  readonly to: Date
  readonly opening: Decimal
  readonly received: Decimal
  readonly sent: Decimal
  /** `opening` + `received` − `sent`. */
  readonly closing: Decimal
  /** How many transfers it received and sent. */
  readonly count: number
}

/**
 * The balances of an account by day, week, month or year, oldest first, with periods in which nothing happened. The
 * first and the last period are cut where the range begins and ends. The opening balance counts from the start,
 * whenever the account was opened.
 * @throws RangeError if an option is not valid; InputError if there are more than 10,000 periods
 */
export async function balances(
  connection: Connection,
  accountId: string,
  options: BalancesOptions,
): Promise<PeriodBalance[]> {
  requireObject(options, 'the options argument of balances()', 'an object with every')
  const { every, timeZone = 'UTC', by, session, ...range } = optionsOf(options, 'balances()', KEYS)
  if (!PERIOD_LENGTHS.includes(every as PeriodLength)) {
    throw new RangeError(`every ${quote(every)} is not one of ${PERIOD_LENGTHS.join(', ')}`)
  }
  if (typeof timeZone !== 'string' || !isTimeZone(timeZone)) {
    throw new RangeError(
      `timeZone ${quote(timeZone)} is not a time zone such as Europe/Berlin or +02:00`,
    )
  }
  for (const [name, date] of Object.entries(range)) {
    if (date !== undefined && !isEffectiveAt(date)) {
      throw new RangeError(`${name} ${quote(date)} is not ${EFFECTIVE_AT_RULE}`)
    }
  }
  requireDateChoice(by)
  const periods = new Periods({ every: every as PeriodLength, timeZone })
  const account = accountIn(connection, accountId, session)
  return await readHistory(account, async () => {
    const Order = by === 'effectiveAt' ? EffectiveOrder : PostedOrder
    return await balancesOf(await Order.of(account), periods, range)
  })
}

const KEYS: Keys<BalancesOptions> = {
  every: true,
  timeZone: true,
  from: true,
  to: true,
  by: true,
  session: true,
}

async function balancesOf(
  order: DatedOrder | undefined,
  periods: Periods,
  range: Pick<StatementRange, 'from' | 'to'>,
): Promise<PeriodBalance[]> {
  const dates = await order?.dates()
  if (!order || !dates) return []
  const [first, last] = dates
  const from = new Date(range.from ?? periods.startOf(first))
  const latest = new Date(Math.max(last.getTime(), Date.now()))
  const to = new Date(range.to ?? periods.startOf(latest, 1))
  if (from >= to) return []
  const borders = periods.between({ from, to })
  const selections = await order.selectionsIn({ from, to })
  const flows = await flowsBetween(borders, order.history, selections)
  let closing = await order.balanceBefore(from)
  return flows.map(({ received, sent, count }, index) => {
    const opening = closing
    closing = opening.plus(received).minus(sent)
    const [start, end] = borders.slice(index, index + 2) as [Date, Date]
    return {
      from: start,
      to: end,
      opening: order.inCurrency(opening),
      received: order.inCurrency(received),
      sent: order.inCurrency(sent),
      closing: order.inCurrency(closing),
      count,
    }
  })
}
