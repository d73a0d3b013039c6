import { renderTable } from '../context/table.ts'
import type { AskedLedger } from './asked-ledger.ts'
import { type Audit, OFFENCES } from './audit.ts'
import type { Reading } from './reader.ts'
import type { FaultKind } from './schedule.ts'

/** The result of a soak. */
export interface SoakReport {
  readonly seed: number
  readonly minutes: number
  readonly faults: ReadonlyMap<FaultKind, number>
  /** How often a member has undone writes that no majority had. */
  readonly rollbacks: number
  readonly lostReplies: number
  readonly lateCommits: number
  readonly asked: AskedLedger
  readonly audit: Audit
  readonly reading: Reading
  /** What clients that ended by themselves had to say. */
  readonly crashes: readonly string[]
  /** What `daybook verify` says, and whether the books balance. */
  readonly verification: { readonly isSound: boolean; readonly text: string }
}

/** Whether nothing happened that must not happen. */
export const isSound = ({ audit, reading, crashes, verification }: SoakReport): boolean =>
  verification.isSound &&
  crashes.length === 0 &&
  reading.moved.length === 0 &&
  reading.misheld.length === 0 &&
  OFFENCES.every((offence) => audit.offences[offence].length === 0)

/** The most offenders of a kind that are named. */
const MOST_NAMED = 10

/** The most verbs whose longest waits are named. */
const MOST_WAITS = 3

/** The most errors that are named. */
const MOST_ERRORS = 15

/** The report as tables, and the offenders by name. */
export function renderSoak(report: SoakReport): string {
  const { asked, audit, reading } = report
  const { outcomes } = asked
  const happened: (readonly [string, number | string])[] = [
    ['transfers posted', audit.transfers],
    ['transfers acknowledged', audit.acknowledged],
    ['holds placed', audit.holds.placed],
    ['captures of holds', audit.holds.captures],
    ['holds captured to the end', audit.holds.captured],
    ['holds released', audit.holds.released],
    ['holds expired', audit.holds.expired],
    ['calls answered', outcomes.done],
    ['calls refused', outcomes.refused],
    ['calls that failed: not posted', outcomes['not posted']],
    ['calls that failed: unknown', outcomes.unknown],
    ['calls cut off with their client', outcomes.died],
    ['transfers in doubt: posted', audit.inDoubt.posted],
    ['transfers in doubt: not posted', audit.inDoubt.notPosted],
    ['snapshots read', reading.snapshots],
    ...report.faults,
    ['members that undid writes', report.rollbacks],
    ['replies lost by a proxy', report.lostReplies],
    ['commits delivered late', report.lateCommits],
    ...largest(asked.longestWaits, MOST_WAITS).map(
      ([verb, milliseconds]) =>
        [`longest wait: ${verb}`, `${(milliseconds / 1_000).toFixed(1)} s`] as const,
    ),
  ]
  const mustBeZero: (readonly [string, number])[] = [
    ...OFFENCES.map((offence) => [offence, audit.offences[offence].length] as const),
    ['totals that moved', reading.moved.length],
    ['sums held that are off', reading.misheld.length],
    ['clients that crashed', report.crashes.length],
    ['books that do not balance', report.verification.isSound ? 0 : 1],
  ]
  const errors = largest(asked.errors, MOST_ERRORS)
  const sections = [
    table(`soak of ${report.minutes} min, seed ${report.seed}`, happened),
    ...(errors.length > 0 ? [table('errors that callers got', errors)] : []),
    table('what must be 0', mustBeZero),
    report.verification.text,
    ...OFFENCES.flatMap((offence) => named(offence, audit.offences[offence])),
    ...named('totals that moved', reading.moved),
    ...named('sums held that are off', reading.misheld),
    ...named('clients that crashed', report.crashes),
  ]
  return sections.join('\n\n')
}

/** The entries of a map with the largest numbers, the largest first. */
const largest = (entries: ReadonlyMap<string, number>, most: number) =>
  [...entries].toSorted(([, one], [, other]) => other - one).slice(0, most)

const table = (title: string, rows: readonly (readonly [string, number | string])[]): string =>
  renderTable(
    [title, ''],
    rows.map(([what, value]) => [what, String(value)]),
    ['left', 'right'],
  )

const named = (title: string, offenders: readonly string[]): string[] =>
  offenders.length === 0
    ? []
    : [
        [`${title}:`, ...offenders.slice(0, MOST_NAMED).map((offender) => `  ${offender}`)].join(
          '\n',
        ),
      ]
