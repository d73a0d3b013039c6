import mongoose, {
  type ClientSession,
  type Connection,
  type HydratedDocument,
  type Model,
  Schema,
} from 'mongoose'
import { AccountConflictError, LedgerError } from '../errors.ts'
import { memoryOf } from '../ledger/account-memory.ts'
import type { TransferResult } from '../ledger/transfer-result.ts'
import { postOne } from '../ledger/group-commit.ts'
import {
  type Place,
  close,
  insertIfMissing,
  setOverdraftLimit,
  setStatus,
} from '../ledger/life-cycle.ts'
import {
  HOLDER_RULE,
  type OpeningRequest,
  isHolder,
  openingDifferences,
  readOpening,
} from '../ledger/opening.ts'
import { postInOwnTransaction } from '../ledger/own-transaction.ts'
import { post } from '../ledger/posting.ts'
import type { AccountRecord } from '../ledger/records.ts'
import { type TransferRequest, withIds, makeId, withId } from '../ledger/request.ts'
import {
  type StatementEntry,
  type StatementOptions,
  type StatementRange,
  balanceAt,
  statement,
  statementEntries,
} from '../ledger/statement.ts'
import { ledgerAccountOf } from '../ledger/stored-ledger.ts'
import { ATOMIC_LIMIT, splitIntoTransactions } from '../ledger/transaction-size.ts'
import { quote } from '../messages.ts'
import { Decimal, type MoneyInput } from '../money/money.ts'
import { databaseOf, modelOn, sessionOf } from '../mongodb/connection.ts'
import { joinTransaction } from '../mongodb/transaction.ts'
import { guardAccounts } from './account-guard.ts'
import { type PlainForms, type WithDecimals, moneyAsText, moneyPath } from './money-path.ts'
import { type TransferDocument, transferModel } from './transfer.ts'

interface AccountMethods {
  /** Whether it sends and receives. */
  isOpen(): boolean

  /** A page of its statement, newest first. */
  statement(options?: StatementOptions): Promise<StatementEntry[]>

  /** Its whole statement, newest first, read a page at a time. */
  statementEntries(range?: StatementRange): AsyncGenerator<StatementEntry, void, undefined>

  /** The balance that it had at a moment, transfers of that very millisecond included. */
  balanceAt(date: Date): Promise<Decimal>
}

interface AccountStatics {
  /**
   * Opens an account. With the id of one that was opened with the same holder, currency and opening
   * balance that one comes back, as it is now.
   * @throws LedgerError `INVALID_…` or `ACCOUNT_CONFLICT`, which names the fields that differ
   */
  open(this: AccountModel, request: OpeningRequest, options?: InSession): Promise<AccountDocument>

  /**
   * Moves money from one account to another, all or nothing. A repeated id with the same content
   * gives the transfer that was posted the first time. With no `session`, concurrent calls share
   * transactions; with one, the transfer is part of the caller's transaction.
   * @throws TransferRefusedError with its `code`; nothing has changed, and the id may be used again
   */
  transfer(
    this: AccountModel,
    request: TransferRequest,
    options?: { session?: ClientSession },
  ): Promise<TransferDocument>

  /**
   * Posts transfers as if one by one in their order, in large transactions. One result a request, in
   * the same order: a refusal is a result and touches no other. With `atomic` all are posted, or
   * none, in one transaction of at most {@link ATOMIC_LIMIT}. An accident in a later transaction leaves
   * the earlier ones posted: with ids of the caller's own the call can be repeated.
   */
  transferMany(
    this: AccountModel,
    requests: readonly TransferRequest[],
    options?: { atomic?: boolean; session?: ClientSession },
  ): Promise<TransferResult[]>

  /** Stops an account from sending and receiving, until it is unfrozen. */
  freeze(this: AccountModel, accountId: string, options?: InSession): Promise<AccountDocument>

  /** Lets a frozen account send and receive again. */
  unfreeze(this: AccountModel, accountId: string, options?: InSession): Promise<AccountDocument>

  /**
   * Closes an account for good. Where `payOutTo` is given its balance is transferred there first, in the
   * same transaction.
   * @throws AccountNotEmptyError where it has a balance and no account to pay it out to
   */
  close(
    this: AccountModel,
    accountId: string,
    options?: InSession & { payOutTo?: string },
  ): Promise<AccountDocument>

  /**
   * Lets an account go so far below zero: zero or more, in its currency's decimals. One that is further
   * below already stays as it is, and pays nothing until it is within the limit again.
   */
  setOverdraftLimit(
    this: AccountModel,
    accountId: string,
    limit: MoneyInput,
    options?: InSession,
  ): Promise<AccountDocument>
}

/** Where a change belongs: in the caller's transaction, or at once. */
interface InSession {
  readonly session?: ClientSession
}

/** An account as it is read. Only its holder is written directly. */
export type AccountDocument = PlainForms<AccountRecord> &
  HydratedDocument<
    Readonly<Omit<WithDecimals<AccountRecord>, 'holder'>> & Pick<AccountRecord, 'holder'>,
    AccountMethods
  >

export interface AccountModel
  extends Model<AccountRecord, object, AccountMethods, object, AccountDocument>, AccountStatics {}

const accountSchema = new Schema<
  AccountRecord,
  AccountModel,
  AccountMethods,
  object,
  object,
  AccountStatics,
  object,
  AccountRecord,
  AccountDocument
>(
  {
    _id: { type: String, required: true },
    holder: {
      type: String,
      required: true,
      validate: {
        validator: isHolder,
        message: ({ value }: { value: unknown }) => `holder ${quote(value)} is not ${HOLDER_RULE}`,
      },
    },
    currency: { type: String, required: true },
    status: { type: String, enum: ['open', 'frozen', 'closed'], required: true },
    balance: moneyPath(),
    openingBalance: moneyPath(),
    overdraftLimit: moneyPath({ least: new Decimal(0) }),
    transferCount: { type: Number, required: true },
    transfersComplete: { type: [{ type: String, ref: 'Transfer' }], required: true },
    createdAt: { type: Date, required: true },
    updatedAt: { type: Date, required: true },
  },
  {
    collection: 'accounts',
    versionKey: false,
    strict: 'throw',
    toJSON: moneyAsText('balance', 'openingBalance', 'overdraftLimit'),
    methods: {
      isOpen() {
        return this.status === 'open'
      },
      statement(options) {
        return statement(databaseOf(this.db), this._id, options)
      },
      statementEntries(range) {
        return statementEntries(databaseOf(this.db), this._id, range)
      },
      balanceAt(date) {
        return balanceAt(databaseOf(this.db), this._id, date)
      },
    },
    statics: {
      async open(request, options) {
        const record = readOpening(
          { ...request, accountId: request.accountId ?? makeId() },
          new Date(),
        )
        if (record instanceof LedgerError) throw record
        const account = await inPlace(this.db, options, (place) => insertIfMissing(record, place))
        const fields = openingDifferences(record, account)
        if (fields.length > 0) throw new AccountConflictError({ accountId: record._id, fields })
        if (!sessionOf(this.db, options?.session))
          memoryOf(this.db).remember(new Map([[account._id, ledgerAccountOf(account)]]))
        return this.hydrate(account)
      },
      async transfer(request, { session } = {}) {
        const identified = withId(request)
        return transferModel(this.db).hydrate(await postOne(identified, this.db, session))
      },
      async transferMany(requests, { atomic, session: given } = {}) {
        const session = sessionOf(this.db, given)
        const identified = withIds(requests)
        if (atomic && requests.length > ATOMIC_LIMIT) {
          throw new RangeError(
            `an atomic group of ${requests.length} transfers is too large for one transaction: ${ATOMIC_LIMIT} is the most`,
          )
        }
        if (session) {
          return await joinTransaction(this.db, session, (transaction) =>
            post(identified, transaction, { atomic }),
          )
        }
        if (atomic) return await postInOwnTransaction(identified, this.db, { atomic })
        const results: TransferResult[] = []
        for (const chunk of splitIntoTransactions(identified)) {
          results.push(...(await postInOwnTransaction(chunk, this.db)))
        }
        return results
      },
      async freeze(accountId, options) {
        return this.hydrate(
          await inPlace(this.db, options, (place) => setStatus(accountId, 'frozen', place)),
        )
      },
      async unfreeze(accountId, options) {
        return this.hydrate(
          await inPlace(this.db, options, (place) => setStatus(accountId, 'open', place)),
        )
      },
      async close(accountId, { payOutTo, ...options } = {}) {
        return this.hydrate(
          await inPlace(this.db, options, (place) => close(accountId, payOutTo, place)),
        )
      },
      async setOverdraftLimit(accountId, limit, options) {
        return this.hydrate(
          await inPlace(this.db, options, (place) => setOverdraftLimit(accountId, limit, place)),
        )
      },
    },
  },
)

guardAccounts(accountSchema)

/** Does some work in the caller's transaction, where there is one. */
const inPlace = <Result>(
  connection: Connection,
  options: InSession | undefined,
  work: (place: Place) => Promise<Result>,
): Promise<Result> => {
  const session = sessionOf(connection, options?.session)
  return session
    ? joinTransaction(connection, session, (transaction) => work({ connection, transaction }))
    : work({ connection })
}

/** The model of accounts on a connection. */
export const accountModel = (connection: Connection): AccountModel =>
  modelOn(connection, 'Account', accountSchema) as AccountModel

/** The model of accounts on mongoose's default connection. */
export const Account = accountModel(mongoose.connection)
