import { named } from '../messages.ts'
import type { StoredHold } from './hold-check.ts'
import type { StoredTransfer } from './transfer-reader.ts'
import { showUnits } from './units.ts'

/** The transfers that captured a hold, as far as they were read. */
export interface Captures {
  readonly payer: string
  /** Undefined if they do not agree on it. */
  readonly receiver: string | undefined
  /** What they moved, in minor units. */
  readonly sum: bigint
  readonly first: Capture
  readonly last: Capture
}

type Capture = Pick<StoredTransfer, 'id' | 'fromSequence' | 'postedAt'>

/** Adds a transfer to those of its hold, if it captures one. They may come in any order. */
export function addCapture(captures: Map<string, Captures>, transfer: StoredTransfer): void {
  const { hold, fromAccount: payer = '', toAccount, amount = 0n } = transfer
  if (hold === undefined) return
  const { id, fromSequence, postedAt } = transfer
  const capture = { id, fromSequence, postedAt }
  const before = captures.get(hold)
  captures.set(hold, {
    payer,
    receiver: !before || before.receiver === toAccount ? toAccount : undefined,
    sum: (before?.sum ?? 0n) + amount,
    first: !before || isBefore(capture, before.first) ? capture : before.first,
    last: !before || isBefore(before.last, capture) ? capture : before.last,
  })
}

const isBefore = (one: Capture, other: Capture): boolean =>
  (one.fromSequence ?? 0) < (other.fromSequence ?? 0)

/**
 * How a hold contradicts the transfers that captured it, as a phrase that follows its id; undefined if it does not. With
 * `isSince`, only the latest of them were read. What is damaged in a record is reported elsewhere.
 */
export function contradiction(
  hold: StoredHold,
  captures: Captures | undefined,
  { isSince }: { isSince: boolean },
): string | undefined {
  const { captured, currency } = hold
  if (captures && captures.payer !== hold.fromAccount) {
    return `is of account ${named(hold.fromAccount)}, but a capture of it was paid by ${named(captures.payer)}`
  }
  if (captures && captures.receiver !== hold.toAccount) {
    return `is for account ${named(hold.toAccount)}, but a capture of it paid another one`
  }
  const sum = captures?.sum ?? 0n
  if (captured !== undefined && (isSince ? captured < sum : captured !== sum)) {
    const [now, right] = [captured, sum].map((units) => showUnits(units, currency as string))
    return `has captured ${now}, but its transfers add up to ${right}`
  }
  return captures && contradictionInTime(hold, captures)
}

/** A hold is placed before it is captured, and its end comes with its last capture or after it. */
function contradictionInTime(
  { status, finalCapture, createdAt = -Infinity, endedAt = Infinity }: StoredHold,
  { first, last }: Captures,
): string | undefined {
  if (first.postedAt !== undefined && first.postedAt < createdAt) {
    return `was placed at ${show(createdAt)}, after its capture ${named(first.id)}`
  }
  if (status === 'captured') {
    if (finalCapture !== undefined && finalCapture !== last.id) {
      return `has the finalCapture ${named(finalCapture)}, but its last one is ${named(last.id)}`
    }
    if (last.postedAt !== undefined && endedAt < Infinity && endedAt !== last.postedAt) {
      return `ended at ${show(endedAt)}, but its last capture ${named(last.id)} was posted at ${show(last.postedAt)}`
    }
    return undefined
  }
  return last.postedAt !== undefined && last.postedAt > endedAt
    ? `ended at ${show(endedAt)}, before its capture ${named(last.id)}`
    : undefined
}

const show = (time: number): string => new Date(time).toISOString()
