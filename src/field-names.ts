import mongoose from 'mongoose'
import { quote } from './messages.ts'

/**
 * The names that Daybook has, in records, requests, statements and files, or may take. A test holds them against the
 * schemas and the roles of columns.
 */
const RESERVED = new Set(
  `account accountId accounts action amount available balance balanceAt balances batch captured
  capturedAt code counterparty createdAt credit currency debit direction effectiveAt exchange
  exchangeId exchanges expiresAt fields final from fromAccount fromBalance fromHeld fromSequence group
  groupId groups held hold holdId holder holds id isIdMade isOpen leg legs limit limits line
  linked madeId message metadata model open openedAt openingBalance overdraft overdraftLimit
  patience payOutTo pending positions postedAt postedElsewhereAt rate reason reference released
  releases request reversal reversalOf reversed reversedBy reverses rounding sequence session
  signal statement statementEntries status through to toAccount toAmount toBalance toHeld
  toSequence transfer transferCount transferId transfers transfersComplete updatedAt`.split(/\s+/),
)

/** What Mongoose gives to the documents of each model, and needs for itself. */
const OF_MODELS = new Set(
  `base collection constructor db emit errors get init isModified isNew listeners modelName on once
  populated prototype remove removeListener save schema set toObject validate`.split(/\s+/),
)

const NAME = /^[A-Za-z][A-Za-z0-9_]{0,63}$/

export function requireFreeName(name: string, where: string): void {
  if (!NAME.test(name)) {
    throw new TypeError(
      `${where} of the definition has the field ${quote(name)}: a name is 1–64 letters, digits or _ of ASCII, with a letter first`,
    )
  }
  const owner = RESERVED.has(name)
    ? 'Daybook has or may take'
    : name in mongoose.Model.prototype || OF_MODELS.has(name)
      ? 'Mongoose’s documents have'
      : undefined
  if (owner === undefined) return
  throw new TypeError(
    `${where} of the definition has the field ${quote(name)}, a name that ${owner}: choose another, such as ${quote(`own${name[0]?.toUpperCase()}${name.slice(1)}`)}`,
  )
}
