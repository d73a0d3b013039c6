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
  { from, to, what }: { from: LedgerAccount; to: LedgerAccount; what: 'transfer' | 'hold' },
): TransferRefusedError | undefined {
  const { postedElsewhereAt } = request
  if (postedElsewhereAt) {
    const refusal = notOpenedBefore('from', from, postedElsewhereAt)
    if (refusal) return refusal
    // The receiver of a hold may have been opened by a program whose clock is ahead: nothing puts these two times in order.
    const other = what === 'hold' ? undefined : notOpenedBefore('to', to, postedElsewhereAt)
    if (other) return other
  } else {
    if (from.status !== 'open' && request.hold === undefined) return notOpen('from', from)
    if (to.status !== 'open') return notOpen('to', to)
  }
  const expected = request.currency ?? from.currency
  for (const [side, { _id: accountId, currency }] of [
    ['from', from],
    ['to', to],
  ] as const) {
    if (currency === expected) continue
    return new CurrencyMismatchError({ side, accountId, currency, expected, what })
  }
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

/** The refusal of an account that was opened only after something was posted to it. */
function notOpenedBefore(
  side: Side,
  { _id: accountId, createdAt }: LedgerAccount,
  postedAt: Date,
): AccountNotOpenError | undefined {
  if (!createdAt || createdAt <= postedAt) return undefined
  const [opened, posted] = [createdAt, postedAt].map((date) => date.toISOString())
  const status = `not open before ${opened}, which is after the postedAt ${posted}`
  return new AccountNotOpenError({ side, accountId, status })
}

const notOpen = (side: Side, { _id: accountId, status }: LedgerAccount) =>
  new AccountNotOpenError({ side, accountId, status })
