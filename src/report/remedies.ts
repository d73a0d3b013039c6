import type { BatchRefusalCode } from '../models/batch.ts'

/** What to do about each refusal: the remedies of docs/refusals.md, without links. A test compares them. */
export const REMEDIES: Readonly<Record<BatchRefusalCode, string>> = {
  INVALID_TRANSFER_ID:
    'trim the id, or shorten it. Leave `transferId` out only if a repeated call may post a second transfer.',
  INVALID_HOLD_ID: 'trim the id, or shorten it.',
  INVALID_ACCOUNT_ID:
    'check where the id comes from. In a file, it is often a column that was mapped wrongly.',
  INVALID_REFERENCE: 'replace line ends by spaces, shorten the text, or leave the reference out.',
  INVALID_METADATA:
    'flatten the object (`orderId: 7`), or keep it in a collection of your own and store its id here.',
  INVALID_EFFECTIVE_AT:
    "pass a `Date`. `new Date('2026-01-31')` is midnight in UTC, and `new Date('2026-01-31T09:30:00+01:00')` a time in another zone. Leave it out if the transfer happens when it is posted.",
  INVALID_EXPIRES_AT:
    'pass a moment that is to come, in milliseconds and not in seconds. Leave it out if the hold never expires.',
  INVALID_FIELD: 'give a value that the definition allows, or change the definition.',
  INVALID_AMOUNT:
    "pass money as a string (`'0.10'`), a bigint, a decimal.js value or a Decimal128. Round before you call, by the rule of your business.",
  SAME_ACCOUNT: 'check how the two ids were chosen.',
  TRANSFER_CONFLICT:
    "use a new id for a new transfer. To correct the first one, reverse it with `Transfer.reverse('RENT-1')` and post the right one.",
  HOLD_CONFLICT: 'use a new id for a new hold. To change a hold, release it and place another one.',
  HOLD_NOT_FOUND:
    'check the id with `Hold.findById()`. In a file the line that places the hold must come before, and must not be refused: correct that one first, and then post this one with `--retry`.',
  HOLD_NOT_ACTIVE:
    'if it has expired or was released, place a new hold, or post a transfer. A capture can be reversed with `Transfer.reverse()`.',
  HOLD_EXCEEDED: 'capture what is left, and post a transfer for the rest.',
  ACCOUNT_NOT_FOUND:
    'open the account with `Account.open()` or `daybook account open`, or correct the id. The same request can then be posted.',
  ACCOUNT_NOT_OPEN:
    '`Account.unfreeze()` lets a frozen account send and receive again. A closed account stays closed.',
  CURRENCY_MISMATCH:
    'move money between accounts of one currency, or exchange it with `Account.exchange()`.',
  INSUFFICIENT_FUNDS:
    'post what brings the money first, or raise the limit with `Account.setOverdraftLimit()`.',
  BALANCE_OUT_OF_RANGE:
    'amounts of this size are nearly always a mistake in a file, such as a column of ids read as amounts.',
  LINKED_TRANSFER_REFUSED: 'correct the transfer that is named, and post the whole group again.',
  MALFORMED_LINE:
    'write the refused lines to a file with `--rejects FILE`, correct them there, and replay that file with the same options. Before you open such a file in a spreadsheet, add `--spreadsheet`: it puts an apostrophe before each cell that looks like a formula (it starts with `=`, `+`, `-`, `@`, a tab or a CR, and is not a plain number). By default each record is written as it was read, so that it can be replayed.',
}
