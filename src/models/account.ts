import { type Connection, Schema } from 'mongoose'
import { CALL_KEYS, requireFlag, waitOptionsOf } from '../arguments.ts'
import { AccountConflictError, LedgerError } from '../errors.ts'
import { memoryOf } from '../ledger/account-memory.ts'
import { closeAccount } from '../ledger/closing.ts'
import { exchange } from '../ledger/exchange.ts'
import { postOne, postTogether } from '../ledger/group-commit.ts'
import { groupOrThrow, legsOf } from '../ledger/group-request.ts'
import { identifiedHold } from '../ledger/holds/hold-request.ts'
import { insertIfMissing, setOverdraftLimit, setStatus } from '../ledger/life-cycle.ts'
import { metadataProblem } from '../ledger/metadata.ts'
import {
  HOLDER_RULE,
  OPENING_KEYS,
  isHolder,
  openingDifferences,
  readRepeatableOpening,
} from '../ledger/opening.ts'
import { ownFieldsOf } from '../ledger/own-fields.ts'
import { postInOwnTransaction } from '../ledger/own-transaction.ts'
import { post } from '../ledger/posting.ts'
import type { AccountRecord } from '../ledger/records.ts'
import { withId, withIds } from '../ledger/request.ts'
import { balances } from '../ledger/statement/balances.ts'
import { balanceAt, statement, statementEntries } from '../ledger/statement/statement.ts'
import { ledgerAccountOf } from '../ledger/stored-ledger.ts'
import { ATOMIC_LIMIT, splitIntoTransactions } from '../ledger/transaction-size.ts'
import { makeId } from '../ledger/transfer-id.ts'
import { type TransferResult, heldOrThrow, postedOrThrow } from '../ledger/transfer-result.ts'
import { requireRequest } from '../malformed-request.ts'
import { quote } from '../messages.ts'
import { storedMoney } from '../money/json.ts'
import { Decimal, type Decimal128 } from '../money/money.ts'
import { sessionOf } from '../mongodb/connection.ts'
import { explainFailure, reportAbout } from '../mongodb/outcome.ts'
import { joinTransaction } from '../mongodb/transaction.ts'
import { changed, withContext } from './account-change.ts'
import { guardAccounts } from './account-guard.ts'
import type {
  AccountDocument,
  AccountMethods,
  AccountModel,
  AccountStatics,
} from './account-interface.ts'
import { holdModel } from './hold.ts'
import { declareModel, onDefaultConnection } from './model-registry.ts'
import { decimalPath, moneyAsText, moneyPath } from './money-path.ts'
import { isLeftOut, requireSelected } from './selected-paths.ts'
import { transferModel } from './transfer.ts'

/** Absent is zero, so that an account without holds pays nothing for them. */
const heldPath = {
  ...decimalPath,
  type: Schema.Types.Decimal128,
  above: new Decimal(0),
  get(this: unknown, stored: Decimal128 | undefined) {
    if (!stored && isLeftOut(this, 'held')) return undefined as never
    return (stored ? storedMoney(stored) : new Decimal(0)) as unknown as Decimal128
  },
}

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
    overdraftLimit: moneyPath({ atLeast: new Decimal(0) }),
    held: heldPath,
    transferCount: { type: Number, required: true },
    transfersComplete: { type: [{ type: String, ref: 'Transfer' }], required: true },
    metadata: {
      type: Schema.Types.Mixed,
      validate: {
        validator: (value: unknown) =>
          (value ?? undefined) === undefined || metadataProblem(value) === undefined,
        message: ({ value }: { value: unknown }) => `metadata ${metadataProblem(value)}`,
      },
    },
    createdAt: { type: Date, required: true },
    updatedAt: { type: Date, required: true },
  },
  {
    collection: 'accounts',
    versionKey: false,
    strict: 'throw',
    toJSON: moneyAsText('balance', 'openingBalance', 'overdraftLimit', 'held', 'available'),
    virtuals: {
      available: {
        get(this: AccountDocument): Decimal {
          // The document may have been read without them.
          const { balance, held, overdraftLimit }: Partial<AccountDocument> = this
          return balance && held && overdraftLimit
            ? balance.minus(held).plus(overdraftLimit)
            : (undefined as never)
        },
      },
    },
    methods: {
      isOpen() {
        requireSelected(this, 'account', ['status'])
        return this.status === 'open'
      },
      async statement(options) {
        return await statement(this.db, idOf(this), options)
      },
      statementEntries(options) {
        return statementEntries(this.db, idOf(this), options)
      },
      async balanceAt(date, options) {
        return await balanceAt(this.db, idOf(this), date, options)
      },
      async balances(options) {
        return await balances(this.db, idOf(this), options)
      },
    },
    statics: {
      async open(request, options) {
        const { account: fields } = ownFieldsOf(this.db)
        requireRequest<object>(request, fields?.keysWith(OPENING_KEYS) ?? OPENING_KEYS, {
          expected: 'an object with holder and currency',
        })
        const reading = readRepeatableOpening(
          { ...request, accountId: request.accountId ?? makeId() },
          new Date(),
          { fields },
        )
        if (reading instanceof LedgerError) throw reading
        const { record } = reading
        const account = await withContext(
          this.db,
          { caller: 'Account.open()', accountId: record._id, options },
          (context) => insertIfMissing(reading, context),
        )
        const different = openingDifferences(record, account, fields)
        if (different.length > 0)
          throw new AccountConflictError({ accountId: record._id, fields: different })
        if (!sessionOf(this.db, options?.session))
          memoryOf(this.db).remember(new Map([[account._id, ledgerAccountOf(account)]]))
        return this.hydrate(account)
      },
      async transfer(request, options) {
        const identified = withId(request, ownFieldsOf(this.db).transfer)
        const posted = postOne(identified, this.db, { caller: 'Account.transfer()', options })
        const subject = { what: 'transfer', id: identified.transferId } as const
        return transferModel(this.db).hydrate(
          await reportAbout(subject, posted.then(postedOrThrow)),
        )
      },
      async hold(request, options) {
        const identified = identifiedHold(request)
        const placed = postOne(identified, this.db, { caller: 'Account.hold()', options })
        const subject = { what: 'hold', id: identified.holdId } as const
        return holdModel(this.db).hydrate(await reportAbout(subject, placed.then(heldOrThrow)))
      },
      async transferMany(requests, callOptions) {
        const keys = { ...CALL_KEYS, atomic: true } as const
        const call = waitOptionsOf(callOptions, 'Account.transferMany()', keys)
        const { atomic, session: callerSession, ...waiting } = call
        requireFlag(atomic, 'atomic')
        const session = sessionOf(this.db, callerSession)
        const identified = withIds(requests, ownFieldsOf(this.db).transfer)
        if (atomic && requests.length > ATOMIC_LIMIT) {
          throw new RangeError(
            `an atomic group of ${requests.length} transfers is too large for one transaction: at most ${ATOMIC_LIMIT} are allowed`,
          )
        }
        if (session) {
          return await joinTransaction(this.db, session, (transaction) =>
            post(identified, transaction, { atomic }),
          )
        }
        const [lone] = identified.length === 1 ? identified : []
        const subject = lone && ({ what: 'transfer', id: lone.transferId } as const)
        const results: TransferResult[] = []
        for (const part of atomic ? [identified] : splitIntoTransactions(identified)) {
          const posting = postInOwnTransaction(part, this.db, { atomic, ...waiting })
          results.push(...(await reportAbout(subject, posting.catch(explainFailure(this.db)))))
        }
        return results
      },
      async transferGroup(request, options) {
        const call = waitOptionsOf(options, 'Account.transferGroup()', CALL_KEYS)
        const legs = legsOf(request, ownFieldsOf(this.db).transfer)
        const posted = postTogether(legs, this.db, call).then((results) => groupOrThrow(results))
        const subject = { what: 'group', id: request.groupId } as const
        const Transfer = transferModel(this.db)
        return (await reportAbout(subject, posted)).map((leg) => Transfer.hydrate(leg))
      },
      async exchange(request, options) {
        const call = waitOptionsOf(options, 'Account.exchange()', CALL_KEYS)
        const posted = exchange(request, this.db, call)
        const subject = { what: 'exchange', id: request.exchangeId } as const
        const Transfer = transferModel(this.db)
        return (await reportAbout(subject, posted)).map((leg) => Transfer.hydrate(leg))
      },
      freeze(accountId, options) {
        return changed(this, { caller: 'Account.freeze()', accountId, options }, (context) =>
          setStatus(accountId, 'frozen', context),
        )
      },
      unfreeze(accountId, options) {
        return changed(this, { caller: 'Account.unfreeze()', accountId, options }, (context) =>
          setStatus(accountId, 'open', context),
        )
      },
      async close(accountId, callOptions) {
        const keys = { ...CALL_KEYS, payOutTo: true } as const
        const caller = 'Account.close()'
        const { payOutTo, ...options } = waitOptionsOf(callOptions, caller, keys)
        return await changed(this, { caller, accountId, options }, (context) =>
          closeAccount(accountId, payOutTo, context),
        )
      },
      setOverdraftLimit(accountId, limit, options) {
        const caller = 'Account.setOverdraftLimit()'
        return changed(this, { caller, accountId, options }, (context) =>
          setOverdraftLimit(accountId, limit, context),
        )
      },
    },
  },
)

guardAccounts(accountSchema)

function idOf(account: AccountDocument): string {
  requireSelected(account, 'account', ['_id'])
  return account._id
}

/**
 * The `Account` model on a connection.
 * @example
 * const Account = accountModel(connection)
 * const ada = await Account.findById('ADA').orFail()
 */
export const accountModel = declareModel('account', accountSchema) as (
  connection: Connection,
) => AccountModel

/** The `Account` model on Mongoose's default connection. */
export const Account = onDefaultConnection(accountModel)
