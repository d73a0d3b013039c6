import {
  AccountNotFoundError,
  AccountNotOpenError,
  CurrencyMismatchError,
  InsufficientFundsError,
  InvalidAccountIdError,
  type Side,
  type TransferRefusedError,
} from '../errors.ts'
import type { Decimal } from '../money/money.ts'
import { newIdentifierProblem } from './identifier.ts'
import type { LedgerAccount } from './ledger-state.ts'
import type { WellFormedRequest } from './request.ts'

/** Why accounts cannot send and receive. The payer of a hold can, even if it was frozen since. */
export function refusalByAccounts(
  request: Pick<WellFormedRequest, 'currency' | 'hold' | 'postedElsewhereAt'>,
  from: LedgerAccount,
  to: LedgerAccount,
): TransferRefusedError | undefined {
  if (!request.postedElsewhereAt) {
    if (from.status !== 'open' && request.hold === undefined) return notOpen('from', from)
    if (to.status !== 'open') return notOpen('to', to)
  }
  const expected = request.currency ?? from.currency
  if (from.currency !== expected) return mismatch('from', from, expected)
  if (to.currency !== expected) return mismatch('to', to, expected)
  return undefined
}

/**
 * The refusal of an account that has less available than is needed: its balance and overdraft, less what is held. `after` is
 * its balance less what is needed.
 */
export function refusalByFunds(
  { _id: accountId, held, lowestBalance, currency }: LedgerAccount,
  { after, needed, what }: { after: Decimal; needed: Decimal; what: 'transfer' | 'hold' },
): InsufficientFundsError | undefined {
  const left = held ? after.minus(held) : after
  if (!left.isNeg() || left.gte(lowestBalance)) return undefined
  const available = left.plus(needed).minus(lowestBalance)
  const hasHolds = held && !held.isZero()
  return new InsufficientFundsError({
    accountId,
    available,
    ...(hasHolds && { held }),
    needed,
    currency,
    what,
  })
}

/** The refusal of an account that does not exist, whose id may be the reason. */
export function missing(side: Side, accountId: string): TransferRefusedError {
  const expected = newIdentifierProblem(accountId)
  return expected === undefined
    ? new AccountNotFoundError({ side, accountId })
    : new InvalidAccountIdError({ side, accountId, expected })
}

const notOpen = (side: Side, { _id: accountId, status }: LedgerAccount) =>
  new AccountNotOpenError({ side, accountId, status })

const mismatch = (side: Side, { _id: accountId, currency }: LedgerAccount, expected: unknown) =>
  new CurrencyMismatchError({ side, accountId, currency, expected })
