import type { AskedLedger, KnownRecord } from './asked-ledger.ts'
import { type StoredCapture, type StoredHold, problemsOfHolds } from './audit-holds.ts'
import { RELEASED, holdKey, releaseKey } from './hold-requests.ts'
import type { AskedRecord } from './journal.ts'

/** A transfer in the books, as far as the audit looks at it. */
export interface StoredTransfer {
  readonly transferId: string
  /** The key of a transfer that a client asked for. Only what `close` pays out has none. */
  readonly reference: string | undefined
  readonly content: string
  readonly from: string
  readonly amount: string
  /** The hold that it captures. */
  readonly hold: string | undefined
  readonly batch: string | undefined
}

/** What the database holds at the end of a soak. */
export interface StoredBooks {
  readonly transfers: AsyncIterable<StoredTransfer> | Iterable<StoredTransfer>
  readonly holds: readonly StoredHold[]
  /** What accounts say is held of their money, by account. */
  readonly held: ReadonlyMap<string, string>
  /** The value of each field that clients change, by account and field, as `ID field`. */
  readonly fields: ReadonlyMap<string, string>
  readonly orders: ReadonlySet<string>
  /** The keys of the refused lines of each batch. */
  readonly refusals: ReadonlyMap<string, ReadonlySet<string>>
}

/** What must not happen. */
export const OFFENCES = [
  /** Acknowledged, and not there. */
  'lost',
  /** There more than once, or posted by more than one call. */
  'doubled',
  /** There, and not as it was asked for. */
  'changed',
  /** There, although its last caller was refused and nobody called again. */
  'refused but posted',
  /** There, although every caller was told that it was not posted. */
  'posted but reported failed',
  /** There, although nobody asked for it. */
  'never asked for',
  /** A part of an atomic group, or of a caller's own transaction. */
  'torn',
  /** A hold that does not fit its captures, or an account that does not fit its holds. */
  'holds that do not add up',
  /** A call that was made for a hold after its expiry, and was not refused. */
  'captured after expiry',
] as const
export type Offence = (typeof OFFENCES)[number]

/** The result of an audit. */
export interface Audit {
  readonly transfers: number
  readonly acknowledged: number
  /** How many holds there are, and how many were captured to the end, released or expired. */
  readonly holds: {
    readonly placed: number
    readonly captures: number
    readonly captured: number
    readonly released: number
    readonly expired: number
  }
  /** Transfers whose callers do not know whether they are posted. */
  readonly inDoubt: { readonly posted: number; readonly notPosted: number }
  readonly offences: Readonly<Record<Offence, readonly string[]>>
}

/** Compares what clients were told with what the books hold. */
export async function audit(asked: AskedLedger, books: StoredBooks): Promise<Audit> {
  const offences: Record<Offence, string[]> = {
    lost: [],
    doubled: [],
    changed: [],
    'refused but posted': [],
    'posted but reported failed': [],
    'never asked for': [],
    torn: [],
    'holds that do not add up': [],
    'captured after expiry': [...asked.latePosted],
  }
  const stored = new Set<string>()
  const payouts = new Set<string>()
  const captures: StoredCapture[] = []
  let transfers = 0
  for await (const transfer of books.transfers) {
    const { transferId, reference, content, from, batch, amount, hold } = transfer
    transfers += 1
    if (hold !== undefined) captures.push({ transferId, holdId: hold, amount })
    if (reference === undefined) {
      if (payouts.has(from)) offences.doubled.push(`the payout of ${from}`)
      if (!asked.fields.has(`${from} status`)) offences['never asked for'].push(transferId)
      payouts.add(from)
      continue
    }
    if (stored.has(reference)) offences.doubled.push(reference)
    stored.add(reference)
    compare({ key: reference, content }, asked.transfers, offences)
    accuseBatch(transferId, batch, books, offences)
  }
  for (const { holdId, content, status, batch } of books.holds) {
    for (const record of [
      { key: holdKey(holdId), content },
      ...(status === RELEASED ? [{ key: releaseKey(holdId), content: status }] : []),
    ]) {
      stored.add(record.key)
      compare(record, asked.holds, offences)
      accuseBatch(record.key, batch, books, offences)
    }
  }
  for (const [key, { isAcknowledged }] of asked.holds) {
    if (isAcknowledged && !stored.has(key)) offences.lost.push(key)
  }
  offences['holds that do not add up'].push(...problemsOfHolds(books.holds, captures, books.held))
  const holds = countHolds(books.holds, captures)
  if (asked.expiries > holds.expired) {
    offences.doubled.push(`${asked.expiries} expiries were reported of ${holds.expired}`)
  }
  const inDoubt = { posted: 0, notPosted: 0 }
  let acknowledged = 0
  for (const [key, known] of asked.transfers) {
    if (known.isAcknowledged) acknowledged += 1
    else if (known.isInDoubt) inDoubt[stored.has(key) ? 'posted' : 'notPosted'] += 1
    if (known.isAcknowledged && !stored.has(key)) offences.lost.push(key)
  }
  for (const [batch, keys] of asked.finishedBatches) {
    const refusals = books.refusals.get(batch)
    const lost = keys.filter((key) => !stored.has(key) && !refusals?.has(key))
    offences.lost.push(...lost.map((key) => `${key} of ${batch}`))
  }
  for (const { keys, order } of asked.groups) {
    const count = keys.filter((key) => stored.has(key)).length
    const isWhole = count === 0 || count === keys.length
    const hasOrder = order === undefined || books.orders.has(order) === count > 0
    if (!isWhole || !hasOrder) offences.torn.push(order ?? `the group of ${keys[0]}`)
  }
  auditFields(asked, books, offences)
  if (asked.conflictsPosted > 0) {
    offences.changed.push(`${asked.conflictsPosted} ids were posted again as other transfers`)
  }
  return { transfers, acknowledged, holds, inDoubt, offences }
}

const countHolds = (
  holds: readonly StoredHold[],
  captures: readonly StoredCapture[],
): Audit['holds'] => {
  const count = (ended: string) => holds.filter(({ status }) => status === ended).length
  return {
    placed: holds.length,
    captures: captures.length,
    captured: count('captured'),
    released: count('released'),
    expired: count('expired'),
  }
}

/** Compares a transfer or hold in the books with what clients asked for. */
function compare(
  { key, content }: AskedRecord,
  known: ReadonlyMap<string, KnownRecord>,
  offences: Record<Offence, string[]>,
): void {
  const asked = known.get(key)
  if (!asked) offences['never asked for'].push(key)
  else if (asked.content !== content) offences.changed.push(`${key}: ${content}`)
  else accuse(key, asked, offences)
}

/** Checks that callers were told the truth about a transfer or hold that is in the books. */
function accuse(key: string, known: KnownRecord, offences: Record<Offence, string[]>): void {
  // A call that had ended before the refused one began cannot have posted it after that.
  if (known.refusalBegin > known.writerEnd) offences['refused but posted'].push(key)
  else if (known.isFailed && known.writerEnd === -Infinity) {
    offences['posted but reported failed'].push(key)
  }
}

/** Checks that a batch did not refuse what it has posted. */
function accuseBatch(
  key: string,
  batch: string | undefined,
  { refusals }: StoredBooks,
  offences: Record<Offence, string[]>,
): void {
  if (batch === undefined || !refusals.get(batch)?.has(key)) return
  offences['refused but posted'].push(`${key} of ${batch}`)
}

/** The value of a field that nobody has changed yet. */
const INITIAL: Readonly<Record<string, string>> = { status: 'open', overdraftLimit: '0.00' }

function auditFields(
  asked: AskedLedger,
  books: StoredBooks,
  offences: Record<Offence, string[]>,
): void {
  for (const [name, { acknowledged, inDoubt, failed }] of asked.fields) {
    const value = books.fields.get(name)
    const expected = acknowledged ?? INITIAL[name.slice(name.lastIndexOf(' ') + 1)]
    if (value === expected || (value !== undefined && inDoubt.has(value))) continue
    const found = `${name} is ${value}`
    if (value !== undefined && failed.has(value)) offences['posted but reported failed'].push(found)
    else if (acknowledged !== undefined) offences.lost.push(`${found}, and not ${acknowledged}`)
  }
}
