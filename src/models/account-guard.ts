import type { HydratedDocument, Model, Schema } from 'mongoose'
import { LedgerError, ProtectedFieldError } from '../errors.ts'
import { readOpening } from '../ledger/opening.ts'
import type { AccountRecord } from '../ledger/records.ts'
import { toDecimal } from '../money/money.ts'
import { protectFields } from './write-guard.ts'
import type { WithDecimals } from './money-path.ts'

/** What changes by Daybook's own verbs alone. */
const PROTECTED = [
  'balance',
  'transferCount',
  'transfersComplete',
  'openingBalance',
  'currency',
  'status',
  'overdraftLimit',
  'createdAt',
  'updatedAt',
] as const

/** A document that may become a new account. What its type says may still be missing. */
type AccountToOpen = HydratedDocument<WithDecimals<AccountRecord>>

/**
 * Sees to it that an account that is made other than by `Account.open()` begins as one that was, and that
 * none is changed or deleted other than by Daybook's own verbs.
 */
export function guardAccounts(guarded: object): void {
  // Mongoose's type of one record's schema is not assignable to that of another's.
  const schema = guarded as Schema
  schema.pre<AccountToOpen>('validate', completeNew)
  // Once more for one that is saved without being validated, or was changed since.
  schema.pre<AccountToOpen>('save', completeNew)
  // Before Mongoose does with them what its options say: a lean insert would store them as they are.
  schema.pre('insertMany', function (documents: unknown) {
    const Account = this as unknown as Model<object, object, object, object, AccountToOpen>
    for (const given of [documents].flat()) {
      if (typeof given !== 'object' || given === null) continue
      const document = given instanceof Account ? given : new Account(given)
      if (!document.isNew) throw new ProtectedFieldError({ fields: PROTECTED })
      completeOpening(document)
    }
  })
  for (const update of ['updateOne', 'updateMany', 'findOneAndUpdate'] as const) {
    schema.pre(update, function () {
      void this.setOptions({ runValidators: true })
    })
  }
  protectFields(schema, PROTECTED)
}

function completeNew(this: AccountToOpen): void {
  if (this.isNew) completeOpening(this)
}

/** Completes a document of a new account that was not made by `Account.open()`, or throws why it cannot be opened. */
function completeOpening(document: AccountToOpen): void {
  const { _id: accountId, holder, currency, openingBalance, overdraftLimit } = document
  const record = readOpening(
    { accountId, holder, currency, openingBalance, overdraftLimit },
    new Date(),
  )
  if (record instanceof LedgerError) throw record
  const { balance, transferCount, transfersComplete, status }: Partial<AccountToOpen> = document
  const moved = [
    ...(balance && !balance.eq(toDecimal(record.balance)) ? ['balance'] : []),
    ...(transferCount ? ['transferCount'] : []),
    ...(transfersComplete?.length ? ['transfersComplete'] : []),
    ...(status && status !== 'open' ? ['status'] : []),
  ]
  if (moved.length > 0) throw new ProtectedFieldError({ fields: moved })
  for (const [path, value] of Object.entries(record)) {
    // A value that could not be read is reported by Mongoose itself, unless another is set.
    if (path !== '_id' && document.$isValid(path)) document.set(path, value)
  }
}
