import type { FindingsSum } from './findings.ts'
import type { AccountLine } from './kept-state/account-state.ts'
import type { KeptBooks, StateFile } from './kept-state/state-file.ts'
import { showUnits } from './units.ts'
import type { Violation, ViolationKind, ViolationLog } from './violations.ts'

/** The result of `verify`. It is plain data, as JSON has it. */
export interface Verification {
  /** Whether nothing is wrong. */
  readonly balanced: boolean
  /** How many records were checked. With `since`, transfers and refusals that it already has were not read. */
  readonly accounts: number
  readonly transfers: number
  /** How many groups were proven whole. With `since`, those posted from a day before that state. */
  readonly groups: number
  /** How many holds were checked, whatever became of them. */
  readonly holds: number
  readonly batches: number
  readonly refusals: number
  /**
   * The sum of all opening balances, by currency, with the currency's decimals. If the books balance, it is also the
   * sum of all balances at any one moment. Empty if they do not.
   */
  readonly totals: Readonly<Record<string, string>>
  /** How many things are wrong, and how many of each kind. */
  readonly violationCount: number
  readonly violationsByKind: Readonly<Partial<Record<ViolationKind, number>>>
  /** The first of them, in the order of the accounts: see `limit`. */
  readonly violations: readonly Violation[]
  /** The message of the first of them. Absent if the books balance. */
  readonly violation?: string
  /** The digest of the books: a SHA-256 in hex. Absent if they do not balance, or if only one account was proven. */
  readonly digest?: string
  /** The account with `accountId`, and its digest. Absent if something is wrong. */
  readonly account?: AccountLine
  /** The kept state that the books were compared with. */
  readonly against?: KeptBooks
  /** The kept state that the books were proven from. */
  readonly since?: KeptBooks
  /** An interrupted verification that was continued: when it began, and how many accounts it had proven. */
  readonly resumed?: { readonly startedAt: string; readonly accounts: number }
  /** Whether the state of the books was kept. Absent without `save`. */
  readonly saved?: boolean
}

/** The parts of a {@link Verification} that say what was asked for and how it was done. */
export type VerificationContext = Pick<
  Verification,
  'digest' | 'account' | 'against' | 'since' | 'resumed' | 'saved'
>

export function verificationOf(
  { accounts, transfers, holds, log, openings }: FoundSums,
  { groups, batches, refusals, ...context }: RecordCounts & VerificationContext,
): Verification {
  const [first] = log.first
  const balanced = log.count === 0
  const totals = balanced
    ? Array.from(openings, ([currency, sum]) => [currency, showUnits(sum, currency)])
    : []
  return {
    balanced,
    accounts,
    transfers,
    groups,
    holds,
    batches,
    refusals,
    totals: Object.fromEntries(totals) as Record<string, string>,
    violationCount: log.count,
    violationsByKind: Object.fromEntries(log.counts),
    violations: log.first,
    ...(first && { violation: first.message }),
    ...context,
  }
}

type RecordCounts = Pick<Verification, 'groups' | 'batches' | 'refusals'>

type FoundSums = Pick<FindingsSum, 'accounts' | 'transfers' | 'holds' | 'openings'> & {
  readonly log: ViolationLog
}

/** What a result says of a kept state that was used. */
export function keptBooks({ books }: StateFile): KeptBooks {
  const { database, startedAt, finishedAt, accounts, transfers, batches, digest } = books
  return { database, startedAt, finishedAt, accounts, transfers, batches, digest }
}
