import type { Connection } from 'mongoose'
import { ledgerOf } from '../definition.ts'
import {
  AccountHasHoldsError,
  AccountNotEmptyError,
  AccountNotOpenError,
  SameAccountError,
} from '../errors.ts'
import { toDecimal } from '../money/money.ts'
import { inTransaction, type Transaction } from '../mongodb/transaction.ts'
import { releaseExpiredOnly } from './holds/expiry.ts'
import { type OperationContext, changeAccount, findAccount } from './life-cycle.ts'
import { post } from './posting.ts'
import type { AccountRecord, TransferRecord } from './records.ts'
import { makeId } from './transfer-id.ts'
import { postedOrThrow } from './transfer-result.ts'

/**
 * Closes an account for good. If it holds money, the money is transferred to `payOutTo` in the same
 * transaction.
 * @throws AccountHasHoldsError if a hold is active
 * @throws AccountNotEmptyError if it has a debt, or holds money and `payOutTo` is undefined
 */
export async function closeAccount(
  accountId: string,
  payOutTo: string | undefined,
  { connection, transaction: callerTransaction, waiting }: OperationContext,
): Promise<AccountRecord> {
  const transferId = makeId()
  const closeWithin = async (transaction: Transaction): Promise<AccountRecord> => {
    const context = { connection, transaction }
    const account = await findAccount(accountId, context)
    if (account.status === 'closed') return account
    if (account.status !== 'open') {
      throw new AccountNotOpenError({ accountId, status: account.status })
    }
    const held = await releaseExpiredOnly(account, transaction)
    if (!held.isZero()) {
      throw new AccountHasHoldsError({ accountId, held, currency: account.currency })
    }
    if (payOutTo !== undefined) await requireReceiver(accountId, payOutTo, context)
    const balance = toDecimal(account.balance)
    let payOut: TransferRecord | undefined
    if (!balance.isZero()) {
      if (payOutTo === undefined || balance.lt(0)) {
        throw new AccountNotEmptyError({ accountId, balance, currency: account.currency })
      }
      const request = {
        transferId,
        from: accountId,
        to: payOutTo,
        amount: balance,
        keepsFields: true,
      }
      const [result] = await post([request], transaction)
      payOut = postedOrThrow(result)
    }
    const closed = await changeAccount(accountId, {}, { status: 'closed' }, context)
    return {
      ...(closed ?? account),
      ...(payOut && transaction.isDryRun && afterPayOut(account, payOut, connection)),
    }
  }
  return callerTransaction
    ? await closeWithin(callerTransaction)
    : await inTransaction(connection, closeWithin, waiting)
}

/** What the account would be after a pay-out that a dry run leaves out. */
const afterPayOut = (
  { transfersComplete }: AccountRecord,
  payOut: TransferRecord,
  connection: Connection,
) => ({
  balance: payOut.fromBalance,
  transferCount: payOut.fromSequence,
  transfersComplete: [...transfersComplete, payOut._id].slice(-ledgerOf(connection).transfersKept),
})

/** Checks the account to pay out to, which must exist even if there is nothing to pay out. */
async function requireReceiver(
  accountId: string,
  payOutTo: string,
  context: OperationContext,
): Promise<void> {
  if (payOutTo === accountId) throw new SameAccountError({ accountId })
  await findAccount(payOutTo, context)
}
