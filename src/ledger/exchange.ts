import type { Connection } from 'mongoose'
import type { Keys } from '../arguments.ts'
import { AccountNotFoundError, InvalidAmountError, InvalidExchangeError } from '../errors.ts'
import { MalformedRequestError, requireRequest } from '../malformed-request.ts'
import { named, quote } from '../messages.ts'
import { scaleOf } from '../money/currency.ts'
import { type Decimal, type MoneyInput, formatMoney, readDecimal } from '../money/money.ts'
import { ROUNDINGS, type Rounding, rounded } from '../money/rounding.ts'
import { primaryDatabaseOf, sessionOf, waitUntilOpen } from '../mongodb/connection.ts'
import { explainFailure } from '../mongodb/outcome.ts'
import type { CallOptions } from '../mongodb/patience.ts'
import { repeatUntilAnswered } from '../mongodb/repeated-operation.ts'
import { joinTransaction } from '../mongodb/transaction.ts'
import { copyOfDate } from './effective-at.ts'
import { postTogether } from './group-commit.ts'
import { type GroupRequest, groupOrThrow, legsOf } from './group-request.ts'
import { couldBeId } from './identifier.ts'
import type { LedgerAccount } from './ledger-state.ts'
import { isPlainObject } from './metadata.ts'
import { type FieldValues, type OwnFields, ownFieldsOf } from './own-fields.ts'
import { post } from './posting.ts'
import type { FieldInputs, Metadata, TransferFields, TransferRecord } from './records.ts'
import { readAccounts } from './stored-ledger.ts'

/** An exchange of money of one currency for money of another: what `to` receives is an amount, or follows from a rate. */
export type ExchangeRequest = ExchangeParts & (ReceivedAmount | ReceivedAtRate)

interface ExchangeParts extends FieldInputs<TransferFields> {
  /** The id of the exchange, which makes a repeated request safe: that of the group of its two legs. */
  readonly exchangeId: string
  /** The id of the account that pays `amount`. */
  readonly from: string
  /** The id of the account that receives, in another currency. */
  readonly to: string
  /** What `from` pays, in its currency. */
  readonly amount: MoneyInput
  /** The id of the position account of each currency, by the currency's code. */
  readonly through: Readonly<Record<string, string>>
  /** The text of both transfers. */
  readonly reference?: string | undefined
  /** Facts of both transfers. */
  readonly metadata?: Metadata | undefined
  /** When the exchange happened, if that is not when it is posted. */
  readonly effectiveAt?: Date | undefined
}

interface ReceivedAmount {
  /** What `to` receives, in its currency. Given if there is no `rate`. */
  readonly toAmount: MoneyInput
  readonly rate?: undefined
  readonly rounding?: undefined
}

interface ReceivedAtRate {
  readonly toAmount?: undefined
  /** How much of the currency of `to` is paid for 1 of that of `from`. Given if there is no `toAmount`. */
  readonly rate: MoneyInput
  /** How `amount` × `rate` is rounded to the decimals of the currency of `to`. */
  readonly rounding: Rounding
}

/** A request as it is within Daybook, which knows no names of own fields. */
type WithoutFields = Omit<ExchangeRequest, keyof TransferFields>

interface CopiedRequest extends WithoutFields {
  /** The values of the own fields of both transfers. */
  readonly own?: FieldValues | undefined
}

const EXCHANGE_KEYS: Keys<WithoutFields> = {
  exchangeId: true,
  from: true,
  to: true,
  amount: true,
  toAmount: true,
  rate: true,
  rounding: true,
  through: true,
  reference: true,
  metadata: true,
  effectiveAt: true,
}

/**
 * Posts an exchange: in the caller's transaction if there is a session, else in one that it shares with concurrent calls.
 * Returns its two transfers.
 * @throws TransferRefusedError of a leg, InvalidExchangeError, InvalidGroupIdError; MalformedRequestError
 */
export async function exchange(
  request: ExchangeRequest,
  connection: Connection,
  { session: callerSession, ...waiting }: CallOptions,
): Promise<TransferRecord[]> {
  const { transfer: fields } = ownFieldsOf(connection)
  const copy = copyOf(request, fields)
  const session = sessionOf(connection, callerSession)
  if (session) {
    return await joinTransaction(connection, session, async (transaction) => {
      const group = groupOf(copy, await readAccounts(accountsOf(copy), transaction))
      return groupOrThrow(await post(legsOf(group, fields), transaction))
    })
  }
  await waitUntilOpen(connection)
  // Which currency an account has never changes, so it can be read first.
  const stored = { connection, database: primaryDatabaseOf(connection) }
  const accounts = await repeatUntilAnswered(
    'read',
    () => readAccounts(accountsOf(copy), stored),
    waiting,
  ).catch(explainFailure(connection))
  const legs = legsOf(groupOf(copy, accounts), fields)
  return groupOrThrow(await postTogether(legs, connection, waiting))
}

const accountsOf = ({ from, to }: CopiedRequest): Set<string> =>
  new Set([from, to].filter(couldBeId))

/**
 * A copy of a request as it is now, because the caller may change the object.
 * @throws MalformedRequestError, also if it has both amounts or neither, or a rate without a rounding
 */
function copyOf(request: ExchangeRequest, fields: OwnFields | undefined): CopiedRequest {
  const keys = fields ? fields.keysWith(EXCHANGE_KEYS) : EXCHANGE_KEYS
  const expected = 'an object with exchangeId, from, to, amount and through'
  requireRequest(request, keys, { what: 'the exchange', expected })
  const { toAmount, rate, rounding, through, metadata, effectiveAt } = request
  const example = 'an object such as { EUR: "FX-EUR", USD: "FX-USD" }'
  requireRequest(through, undefined, { what: 'through', expected: example })
  const hasAmount = isGiven(toAmount)
  if (hasAmount === isGiven(rate)) {
    throw new MalformedRequestError(
      `an exchange has a toAmount, or a rate with its rounding: this one has ${hasAmount ? 'both' : 'neither'}`,
    )
  }
  if (hasAmount === isGiven(rounding) || !(hasAmount || ROUNDINGS.includes(rounding as Rounding))) {
    throw new MalformedRequestError(
      hasAmount
        ? 'rounding belongs to a rate: leave it out with a toAmount'
        : `rounding is ${quote(rounding)}, not one of ${ROUNDINGS.join(', ')}`,
    )
  }
  return {
    ...request,
    through: { ...through },
    metadata: isPlainObject(metadata) ? { ...metadata } : metadata,
    effectiveAt: copyOfDate(effectiveAt),
    own: fields?.of(request),
  }
}

const isGiven = (value: unknown): boolean => value !== undefined && value !== null

/**
 * The group of two transfers that an exchange is: `from` pays to the position account of its currency, and that of the
 * other currency pays to `to`.
 * @throws AccountNotFoundError, InvalidExchangeError, InvalidAmountError
 */
function groupOf(
  request: CopiedRequest,
  accounts: ReadonlyMap<string, LedgerAccount>,
): GroupRequest {
  const { exchangeId, from, to, amount, reference, metadata, effectiveAt, own } = request
  const currencyOf = (side: 'from' | 'to'): string => {
    const account = accounts.get(request[side])
    if (!account) throw new AccountNotFoundError({ side, accountId: request[side] })
    return account.currency
  }
  const [paid, received] = [currencyOf('from'), currencyOf('to')]
  if (paid === received) {
    throw new InvalidExchangeError({
      problem: `from account ${named(from)} and to account ${named(to)} are both in ${paid}: post a transfer`,
    })
  }
  const parts = { reference, metadata, effectiveAt, ...own }
  return {
    groupId: exchangeId,
    legs: [
      { from, to: positionOf(request, paid), amount, currency: paid, ...parts },
      {
        from: positionOf(request, received),
        to,
        amount: receivedAmount(request, received),
        currency: received,
        ...parts,
      },
    ],
  }
}

function positionOf({ through }: CopiedRequest, currency: string): string {
  const accountId: unknown = Object.hasOwn(through, currency) ? through[currency] : undefined
  if (typeof accountId === 'string') return accountId
  throw new InvalidExchangeError({ problem: `through names no account for ${currency}` })
}

function receivedAmount(
  { amount, toAmount, rate, rounding }: CopiedRequest,
  currency: string,
): MoneyInput {
  if (!rounding) return toAmount as MoneyInput
  const paid = readDecimal(amount)
  if ('problem' in paid) throw new InvalidAmountError({ amount, problem: paid.problem })
  const product = paid.times(readRate(rate))
  const exact = rounded(product, scaleOf(currency), rounding)
  if (exact.gt(0)) return formatMoney(exact, currency)
  throw new InvalidExchangeError({
    problem: `${paid.toString()} at the rate ${String(rate)} is ${formatMoney(exact, currency)} ${currency} with the rounding ${rounding}, which is not above zero`,
  })
}

/** With more digits, a product with an amount of any size could not be exact. */
const MOST_DIGITS = 32

function readRate(rate: unknown): Decimal {
  const value = readDecimal(rate)
  const problem =
    'problem' in value
      ? value.problem
      : !value.gt(0)
        ? 'is not above zero'
        : value.precision() > MOST_DIGITS
          ? `has more than ${MOST_DIGITS} digits`
          : undefined
  if (problem === undefined) return value as Decimal
  throw new InvalidExchangeError({ problem: `rate ${quote(rate)} ${problem}` })
}
