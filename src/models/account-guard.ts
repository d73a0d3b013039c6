import type { HydratedDocument, Model, Schema } from 'mongoose'
import { LedgerError, ProtectedFieldError } from '../errors.ts'
import { readOpening, requireNewAccountId } from '../ledger/opening.ts'
import { ownFieldsOf } from '../ledger/own-fields.ts'
import type { AccountRecord } from '../ledger/records.ts'
import { toDecimal } from '../money/money.ts'
import type { WithDecimals } from './money-path.ts'
import { protectFields } from './write-guard.ts'

/** The fields that only Daybook's own methods change. */
const PROTECTED_FIELDS = [
  'balance',
  'held',
  'transferCount',
  'transfersComplete',
  'openingBalance',
  'currency',
  'status',
  'overdraftLimit',
  'createdAt',
  'updatedAt',
] as const

/** A document that is to become a new account. Fields that its type requires may still be missing. */
type AccountToOpen = HydratedDocument<WithDecimals<AccountRecord>>

/**
 * Makes an account that was created without `Account.open()`, such as by `Account.create()`, start like one
 * that was opened with it. Refuses every deletion, and every change that does not go through Daybook's own
 * methods.
 */
export function guardAccounts(accountSchema: object): void {
  // Mongoose's schema type of one record is not assignable to that of another.
  const schema = accountSchema as Schema
  schema.pre<AccountToOpen>('validate', completeNew)
  // Again on save, because it may have been changed after validation, or not be validated at all.
  schema.pre<AccountToOpen>('save', completeNew)
  // This runs before Mongoose applies the options. A lean insert would store the documents as they are.
  schema.pre('insertMany', function (documents: unknown) {
    const Account = this as unknown as Model<object, object, object, object, AccountToOpen>
    for (const each of [documents].flat()) {
      if (typeof each !== 'object' || each === null) continue
      const document = each instanceof Account ? each : new Account(each)
      if (!document.isNew) {
        throw new ProtectedFieldError({ fields: PROTECTED_FIELDS, operation: 'insertMany' })
      }
      completeOpening(document)
    }
  })
  for (const update of ['updateOne', 'updateMany', 'findOneAndUpdate'] as const) {
    schema.pre(update, function () {
      void this.setOptions({ runValidators: true })
    })
  }
  protectFields(schema, PROTECTED_FIELDS)
}

function completeNew(this: AccountToOpen): void {
  if (this.isNew) completeOpening(this)
}

/**
 * Completes the document of a new account that was not made by `Account.open()`.
 * @throws LedgerError if the account cannot be opened like this
 */
function completeOpening(document: AccountToOpen): void {
  const { _id: accountId, holder, currency, openingBalance, overdraftLimit } = document
  const { account: own } = ownFieldsOf(document.db)
  // Mongoose reports a value that it could not read.
  const fields = own?.names.every((name) => document.$isValid(name)) ? own : undefined
  const record = readOpening(
    { accountId, holder, currency, openingBalance, overdraftLimit, ...fields?.of(document) },
    new Date(),
    { fields },
  )
  if (record instanceof LedgerError) throw record
  requireNewAccountId(accountId)
  const { balance, held, transferCount, transfersComplete, status }: Partial<AccountToOpen> =
    document
  const changed = [
    ...(balance && !balance.eq(toDecimal(record.balance)) ? ['balance'] : []),
    ...(held?.isZero() === false ? ['held'] : []),
    ...(transferCount ? ['transferCount'] : []),
    ...(transfersComplete?.length ? ['transfersComplete'] : []),
    ...(status && status !== 'open' ? ['status'] : []),
  ]
  if (changed.length > 0) throw new ProtectedFieldError({ fields: changed })
  for (const [path, value] of Object.entries(record)) {
    // Mongoose reports a value that it could not read, so such a path must not be overwritten here.
    if (path !== '_id' && document.$isValid(path)) document.set(path, value)
  }
}
