import type { HydratedDocument } from 'mongoose'
import type { ExchangeRequest } from '../ledger/exchange.ts'
import type { GroupRequest } from '../ledger/group-request.ts'
import type { HoldRequest } from '../ledger/holds/hold-request.ts'
import type { OpeningRequest } from '../ledger/opening.ts'
import type { AccountFields, AccountRecord } from '../ledger/records.ts'
import type { TransferRequest } from '../ledger/request.ts'
import type { ReadOptions } from '../ledger/statement/account-history.ts'
import type { BalancesOptions, PeriodBalance } from '../ledger/statement/balances.ts'
import type { DateChoice, StatementOptions, StatementRange } from '../ledger/statement/statement.ts'
import type { StatementEntry } from '../ledger/statement/statement-entry.ts'
import type { TransferResult } from '../ledger/transfer-result.ts'
import type { Decimal, MoneyInput } from '../money/money.ts'
import type { CallOptions } from '../mongodb/patience.ts'
import type { HoldDocument } from './hold.ts'
import type { MoneyModel, PlainForms, WithDecimals } from './money-path.ts'
import type { TransferDocument } from './transfer.ts'

export interface AccountMethods {
  /** Whether it can send and receive. */
  isOpen(): boolean

  /**
   * Reads a page of its statement, newest first: in the order of posting, or with `by: 'effectiveAt'` in the order in
   * which the transfers happened, with the running balance of that order.
   * @throws RangeError if an option is not valid; InputError if no entry has the sequence `before`, by effective date
   * @example
   * const ada = await Account.findById('ADA').orFail()
   * for (const { sequence, transferId, balance } of await ada.statement({ limit: 10 })) {
   *   console.log(sequence, transferId, balance.toString())
   * }
   */
  statement(options?: StatementOptions): Promise<StatementEntry[]>

  /**
   * Reads its whole statement, newest first, a page at a time.
   * @throws RangeError if an option is not valid
   */
  statementEntries(
    options?: StatementRange & ReadOptions,
  ): AsyncGenerator<StatementEntry, void, undefined>

  /**
   * The balance that it had at a moment, including transfers posted in that very millisecond, or with
   * `by: 'effectiveAt'` those that happened until then.
   * @throws RangeError if the date or an option is not valid
   */
  balanceAt(date: Date, options?: DateChoice & ReadOptions): Promise<Decimal>

  /**
   * Its balances by day, week, month or year, oldest first, with what it received and sent in between. By default from
   * its first transfer to the present period.
   * @throws RangeError if an option is not valid; InputError if there are more than 10,000 periods
   */
  balances(options: BalancesOptions): Promise<PeriodBalance[]>
}

export interface AccountStatics {
  /**
   * Opens an account. If one with this id already exists and has the same holder, currency and opening
   * balance, it returns that account as it is now.
   * @throws LedgerError `INVALID_…`, or `ACCOUNT_CONFLICT`, which names the fields that differ
   * @example
   * const ada = await Account.open({ accountId: 'ADA', holder: 'Ada', currency: 'USD', openingBalance: '1000' })
   * console.log(ada.balance.toString()) // 1000
   */
  open(this: AccountModel, request: OpeningRequest, options?: CallOptions): Promise<AccountDocument>

  /**
   * Moves money from one account to another, all or nothing. A repeated id with the same content returns the
   * transfer that was posted the first time. With a `session`, the transfer is part of the caller's
   * transaction. Without one, concurrent calls share transactions.
   * @throws TransferRefusedError with its `code`. Nothing has changed, and the id can be used again
   * @throws OutcomeError if time is up. Its `outcome` says whether the transfer may be posted
   * @example
   * const transfer = await Account.transfer({ transferId: 'RENT-1', from: 'ADA', to: 'GRACE', amount: '100' })
   * console.log(transfer.fromBalance.toString()) // what ADA has left
   *
   * // Together with writes of your own, in your transaction:
   * await mongoose.connection.transaction(async (session) => {
   *   await mongoose.connection.collection('orders').insertOne({ number: 7 }, { session })
   *   await Account.transfer({ transferId: 'ORDER-7', from: 'ADA', to: 'SHOP', amount: '12.50' }, { session })
   * })
   */
  transfer(
    this: AccountModel,
    request: TransferRequest,
    options?: CallOptions,
  ): Promise<TransferDocument>

  /**
   * Reserves money of one account for another: `held` rises and what is available falls, and no balance moves. A repeated id
   * with the same content returns the hold as it is now. `Hold.capture()` moves the money, `Hold.release()` gives it back.
   * @throws TransferRefusedError with its `code`, as for a transfer. Nothing has changed, and the id can be used again
   * @throws OutcomeError if time is up. Its `outcome` says whether the hold may be placed
   * @example
   * const hold = await Account.hold({ holdId: 'ROOM-7', from: 'GUEST', to: 'HOTEL', amount: '200' })
   * await Hold.capture(hold.id, { amount: '185.50', final: true }) // the rest is free again
   */
  hold(this: AccountModel, request: HoldRequest, options?: CallOptions): Promise<HoldDocument>

  /**
   * Posts transfers in large transactions, as if one by one in their order. Returns one result for each
   * request, in the same order. A refusal is a result too, and does not affect the others. With `atomic`,
   * either all are posted or none, in one transaction of at most `ATOMIC_LIMIT` transfers.
   *
   * If a later transaction fails, the earlier ones stay posted. Requests that have ids can be sent again.
   * @example
   * const results = await Account.transferMany([
   *   { transferId: 'PAY-1', from: 'EMPLOYER', to: 'ADA', amount: '4200' },
   *   { transferId: 'PAY-2', from: 'EMPLOYER', to: 'GRACE', amount: '4200' },
   * ])
   * for (const result of results) {
   *   if (result.status === 'refused') console.log(`${result.transferId}: ${result.message}`)
   * }
   */
  transferMany(
    this: AccountModel,
    requests: readonly TransferRequest[],
    options?: CallOptions & { atomic?: boolean | undefined },
  ): Promise<TransferResult[]>

  /**
   * Posts the transfers of one business event, its legs: all or none, in one transaction, in their order. Each has the
   * group's id in `group` and its number in `leg`. A repeated group with the same legs returns the transfers that were
   * posted the first time. A leg that is new or differs, and legs that are missing, are refused as `TRANSFER_CONFLICT`.
   * @throws TransferRefusedError with the reason of the first leg that cannot be posted, and its number in `leg`. Nothing
   * has changed, and the id can be used again
   * @throws LedgerError `INVALID_GROUP_ID`; RangeError if there is no leg, or more than `ATOMIC_LIMIT`
   * @throws OutcomeError if time is up. Its `outcome` says whether the group may be posted
   * @example
   * await Account.transferGroup({
   *   groupId: 'ORDER-7',
   *   legs: [
   *     { from: 'BUYER', to: 'SELLER', amount: '80.00' },
   *     { from: 'SELLER', to: 'FEES', amount: '4.80' },
   *   ],
   * })
   */
  transferGroup(
    this: AccountModel,
    request: GroupRequest,
    options?: CallOptions,
  ): Promise<TransferDocument[]>

  /**
   * Exchanges money of one currency for money of another, as a group of two transfers: `from` pays `amount` to the position
   * account of its currency in `through`, and that of the other currency pays `toAmount` to `to`. Instead of `toAmount` it
   * takes a `rate` and how to round. Returns both transfers in this order. Reverse it with `Transfer.reverseGroup()`.
   * @throws TransferRefusedError with the reason of the leg that cannot be posted, and its number in `leg`: 2 if the position
   * account has too little
   * @throws LedgerError `INVALID_EXCHANGE`, `INVALID_GROUP_ID`; MalformedRequestError
   * @throws OutcomeError if time is up. Its `outcome` says whether the exchange may be posted
   * @example
   * const [paid, received] = await Account.exchange({
   *   exchangeId: 'FX-1',
   *   from: 'EVA', // in EUR
   *   to: 'BUYER', // in USD
   *   amount: '100.00',
   *   rate: '1.08445',
   *   rounding: 'half-even',
   *   through: { EUR: 'FX-EUR', USD: 'FX-USD' },
   * })
   */
  exchange(
    this: AccountModel,
    request: ExchangeRequest,
    options?: CallOptions,
  ): Promise<TransferDocument[]>

  /**
   * Stops an account from sending and receiving until it is unfrozen.
   * @throws AccountNotOpenError if it is closed
   */
  freeze(this: AccountModel, accountId: string, options?: CallOptions): Promise<AccountDocument>

  /**
   * Lets a frozen account send and receive again.
   * @throws AccountNotOpenError if it is closed
   */
  unfreeze(this: AccountModel, accountId: string, options?: CallOptions): Promise<AccountDocument>

  /**
   * Closes an account for good. If it holds money, the money is transferred to the account `payOutTo` in the
   * same transaction.
   * @throws AccountHasHoldsError if it has an active hold
   * @throws AccountNotEmptyError if it has a debt, or holds money and `payOutTo` is missing
   * @throws AccountNotOpenError if it is frozen
   */
  close(
    this: AccountModel,
    accountId: string,
    options?: CallOptions & { payOutTo?: string | undefined },
  ): Promise<AccountDocument>

  /**
   * Sets how far below zero an account's balance may go: zero or more, with no more decimals than its
   * currency has. An account that is already further below keeps its balance, but cannot pay until it is
   * within the limit again.
   * @throws AccountNotOpenError if it is closed
   */
  setOverdraftLimit(
    this: AccountModel,
    accountId: string,
    limit: MoneyInput,
    options?: CallOptions,
  ): Promise<AccountDocument>
}

type Hydrated = PlainForms<AccountRecord> &
  HydratedDocument<
    Readonly<Omit<WithDecimals<AccountRecord>, 'holder' | 'metadata' | 'held'>> &
      Pick<AccountRecord, 'holder' | 'metadata'> &
      WithDecimals<AccountFields> &
      AvailableMoney,
    AccountMethods
  >

/** What an account can spend, as its document says. */
interface AvailableMoney {
  /** What its holds reserve: zero if it has none. */
  readonly held: Decimal
  /**
   * What a transfer or a hold could take of it: its balance less what is held, plus its overdraft limit. Holds that have
   * expired in the meantime still count here, but a transfer or a hold that needs their money gets it.
   */
  readonly available: Decimal
}

// An interface, because a type would lose its name in `orFail()`, and editors would show what it consists of.
/** An account as it is read. Only its holder, its metadata and the fields of one's own can be written directly. */
export interface AccountDocument extends Hydrated {}

export interface AccountModel
  extends MoneyModel<AccountRecord, AccountDocument, AccountMethods>, AccountStatics {}
