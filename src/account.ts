import mongoose, {
  type ClientSession,
  type Connection,
  type HydratedDocument,
  type Model,
  Schema,
} from 'mongoose'
import { memoryOf } from './account-memory.ts'
import { AccountConflictError, LedgerError } from './errors.ts'
import type { TransferResult } from './evaluation.ts'
import { postOne } from './group-commit.ts'
import { protectFields } from './guard.ts'
import { type Place, close, setOverdraftLimit, setStatus } from './life-cycle.ts'
import { type WithDecimals, moneyAsText, moneyPath } from './money-path.ts'
import { Decimal, type Decimal128, type MoneyInput } from './money.ts'
import { type OpeningRequest, completeOpening, openingDifferences, readOpening } from './opening.ts'
import { post, postAlone } from './posting.ts'
import { type TransferRequest, makeId, withId } from './request.ts'
import {
  type StatementEntry,
  type StatementOptions,
  type StatementRange,
  balanceAt,
  statement,
  statementEntries,
} from './statement.ts'
import { ledgerAccountOf } from './stored-ledger.ts'
import { databaseOf, joined } from './transaction.ts'
import { type TransferDocument, transferModel } from './transfer.ts'

export type AccountStatus = 'open' | 'frozen' | 'closed'

/** An account as it is stored. */
export interface AccountRecord {
  /** The account's number: the caller's own, or one that was made. */
  _id: string
  holder: string
  /** ISO 4217. */
  currency: string
  /** Only an open account sends or receives. */
  status: AccountStatus
  /** `openingBalance` + received − sent; changed by posting alone. */
  balance: Decimal128
  openingBalance: Decimal128
  /** How far below zero the balance may go: zero or more. */
  overdraftLimit: Decimal128
  /** How many transfers it sent and received; the sequence of its latest. */
  transferCount: number
  /** The ids of its latest 100 transfers, oldest first. The full list is a query. */
  transfersComplete: string[]
  createdAt: Date
  /** When its balance, status or limit last changed: never before its latest transfer. */
  updatedAt: Date
}

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

export type AccountDocument = HydratedDocument<WithDecimals<AccountRecord>, AccountMethods>

export interface AccountModel
  extends Model<AccountRecord, object, AccountMethods, object, AccountDocument>, AccountStatics {}

/** How many transfers one transaction of `transferMany` takes. */
const CHUNK = 5_000

/** The largest atomic group: others wait for its accounts while it is posted. */
export const ATOMIC_LIMIT = 50_000

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
    holder: { type: String, required: true },
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
      async open(request, { session } = {}) {
        const record = readOpening(
          { ...request, accountId: request.accountId ?? makeId() },
          new Date(),
        )
        if (record instanceof LedgerError) throw record
        const stored = await this.db.collection<AccountRecord>('accounts').findOneAndUpdate(
          { _id: record._id },
          { $setOnInsert: record },
          {
            upsert: true,
            returnDocument: 'after',
            ...(session
              ? { session: joined(this.db, session).session }
              : { writeConcern: { w: 'majority' } }),
          },
        )
        const account = stored as AccountRecord
        const fields = openingDifferences(record, account)
        if (fields.length > 0) throw new AccountConflictError({ accountId: record._id, fields })
        if (!session) memoryOf(this.db).remember(new Map([[account._id, ledgerAccountOf(account)]]))
        return this.hydrate(account)
      },
      async transfer(request, { session } = {}) {
        const identified = withId(request)
        return transferModel(this.db).hydrate(await postOne(identified, this.db, session))
      },
      async transferMany(requests, { atomic, session } = {}) {
        const identified = requests.map(withId)
        if (atomic && requests.length > ATOMIC_LIMIT) {
          throw new RangeError(
            `an atomic group of ${requests.length} transfers is too large for one transaction: ${ATOMIC_LIMIT} is the most`,
          )
        }
        if (session) return await post(identified, joined(this.db, session), { atomic })
        const results: TransferResult[] = []
        const size = atomic ? ATOMIC_LIMIT : CHUNK
        for (let start = 0; start < identified.length; start += size) {
          const chunk = identified.slice(start, start + size)
          results.push(...(await postAlone(chunk, this.db, { atomic })))
        }
        return results
      },
      async freeze(accountId, options) {
        return this.hydrate(await setStatus(accountId, 'frozen', placeOf(this.db, options)))
      },
      async unfreeze(accountId, options) {
        return this.hydrate(await setStatus(accountId, 'open', placeOf(this.db, options)))
      },
      async close(accountId, { payOutTo, ...options } = {}) {
        return this.hydrate(await close(accountId, payOutTo, placeOf(this.db, options)))
      },
      async setOverdraftLimit(accountId, limit, options) {
        return this.hydrate(await setOverdraftLimit(accountId, limit, placeOf(this.db, options)))
      },
    },
  },
)

accountSchema.pre('validate', function () {
  if (this.isNew) completeOpening(this)
})
// Once more for one that is saved without being validated, or was changed since.
accountSchema.pre('save', function () {
  if (this.isNew) completeOpening(this)
})
protectFields(accountSchema, [
  'balance',
  'transferCount',
  'transfersComplete',
  'openingBalance',
  'currency',
  'status',
  'overdraftLimit',
  'createdAt',
  'updatedAt',
])

const placeOf = (connection: Connection, { session }: InSession = {}): Place => ({
  connection,
  transaction: session && joined(connection, session),
})

/** The model of accounts on a connection. */
export const accountModel = (connection: Connection): AccountModel =>
  connection.model<AccountRecord, AccountModel>('Account', accountSchema)

/** The model of accounts on mongoose's default connection. */
export const Account = accountModel(mongoose.connection)
