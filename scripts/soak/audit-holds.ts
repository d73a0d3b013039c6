import { Decimal } from '../../src/index.ts'
import { endBy } from './hold-requests.ts'

/** A hold in the books, as far as the audit looks at it. */
export interface StoredHold {
  readonly holdId: string
  readonly content: string
  /** The account whose money it reserves. */
  readonly from: string
  readonly amount: string
  readonly captured: string
  readonly status: string
  readonly expiresAt: Date | undefined
  readonly endedAt: Date | undefined
  readonly finalCapture: string | undefined
  /** The batch that placed it. */
  readonly batch: string | undefined
}

/** A transfer that captured a part of a hold, or all of it. */
export interface StoredCapture {
  readonly transferId: string
  readonly holdId: string
  readonly amount: string
}

/** What is wrong with the holds in the books, whatever clients were told. `held` is what each account says. */
export function problemsOfHolds(
  holds: readonly StoredHold[],
  captures: readonly StoredCapture[],
  held: ReadonlyMap<string, string>,
): string[] {
  const byHold = new Map(holds.map(({ holdId }): [string, StoredCapture[]] => [holdId, []]))
  for (const capture of captures) byHold.get(capture.holdId)?.push(capture)
  return [
    ...captures
      .filter(({ holdId }) => !byHold.has(holdId))
      .map(({ transferId }) => `${transferId} captures a hold that is not there`),
    ...holds.flatMap((hold) =>
      problemsOfHold(hold, byHold.get(hold.holdId) ?? []).map(
        (problem) => `${hold.holdId} ${problem}`,
      ),
    ),
    ...problemsOfHeld(holds, held),
  ]
}

function problemsOfHold(hold: StoredHold, captures: readonly StoredCapture[]): string[] {
  const { amount, captured, status, finalCapture, expiresAt, endedAt } = hold
  const sum = captures.reduce((total, capture) => total.plus(capture.amount), new Decimal(0))
  const ids = captures.map(({ transferId }) => transferId)
  const isCaptured = status === 'captured'
  const ends = ids.filter((id) => endBy(id) !== undefined)
  const hasRest = ids.some((id) => endBy(id) === 'rest')
  const rules: readonly (readonly [isBroken: boolean, problem: string])[] = [
    [!sum.eq(captured), `says ${captured} captured, and its captures took ${sum.toFixed(2)}`],
    [sum.gt(amount), `holds ${amount}, and its captures took ${sum.toFixed(2)}`],
    [isCaptured !== (finalCapture !== undefined), `is ${status} with the end ${finalCapture}`],
    [isCaptured && !ids.includes(finalCapture ?? ''), `has no capture ${finalCapture}`],
    [ends.some((id) => id !== finalCapture), `is ${status} after ${ends.join(', ')}`],
    [hasRest && !sum.eq(amount), `was captured whole, and its captures took ${sum.toFixed(2)}`],
    [(status === 'active') !== (endedAt === undefined), `is ${status}, ended ${String(endedAt)}`],
    [status === 'expired' && !(expiresAt && endedAt && expiresAt <= endedAt), 'expired early'],
  ]
  return rules.filter(([isBroken]) => isBroken).map(([, problem]) => problem)
}

/** What accounts say is held must be what their active holds have left. */
function problemsOfHeld(holds: readonly StoredHold[], held: ReadonlyMap<string, string>): string[] {
  const left = new Map<string, Decimal>()
  for (const { from, amount, captured, status } of holds) {
    if (status !== 'active') continue
    const sum = left.get(from) ?? new Decimal(0)
    left.set(from, sum.plus(amount).minus(captured))
  }
  return [...new Set([...left.keys(), ...held.keys()])].flatMap((account) => {
    const says = held.get(account) ?? '0'
    const sum = left.get(account) ?? new Decimal(0)
    return sum.eq(says)
      ? []
      : [`${account} says ${says} held, and its active holds have ${sum.toFixed(2)} left`]
  })
}
