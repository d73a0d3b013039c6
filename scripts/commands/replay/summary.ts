import type { ReplaySummary } from '../../../src/index.ts'
import { recordPlace } from '../../../src/internal.ts'
import { paint } from '../../context/paint.ts'
import { paintedState } from '../../context/states.ts'
import { cell, renderPairs } from '../../context/table.ts'

const count = new Intl.NumberFormat('en')

const refusedCount = (refused: number): string => {
  const text = count.format(refused)
  return refused > 0 ? paint.bad(text) : text
}

/** Formats a summary for people: counts, refusals by code, amounts and speed. */
export function renderSummary(summary: ReplaySummary, columns?: number): string {
  const { name, source, resumedAt, seconds, rate } = summary
  const rows = [
    ['batch', name === source ? cell(name) : `${cell(name)} (${cell(source)})`],
    ['status', describeStatus(summary)],
    ['read', `${count.format(summary.read)} of ${count.format(summary.records)}`],
    ['posted', count.format(summary.posted)],
    ['existing', count.format(summary.existing)],
    ...(summary.skipped > 0 ? [['skipped', count.format(summary.skipped)]] : []),
    ['refused', refusedCount(summary.refused)],
    ...Object.entries(summary.refusedByCode)
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([code, refused]) => [`  ${code}`, refusedCount(refused)]),
    ...Object.entries(summary.amountByCurrency).map(([currency, amount]) => [
      `moved ${currency}`,
      amount,
    ]),
    ...(summary.timeZone === undefined ? [] : [['dates without a zone', `in ${summary.timeZone}`]]),
    ...(summary.accountsOpened > 0
      ? [['accounts opened', count.format(summary.accountsOpened)]]
      : []),
    ...(summary.holdsPlaced > 0 ? [['holds placed', count.format(summary.holdsPlaced)]] : []),
    ...(summary.holdsReleased > 0 ? [['holds released', count.format(summary.holdsReleased)]] : []),
    ['time', `${seconds.toFixed(2)} s, ${count.format(Math.round(rate))} a second`],
  ]
  if (summary.retry) rows.splice(3, 0, ...describeRetry(summary, summary.retry))
  else if (resumedAt > 0 && !summary.alreadyFinished) {
    rows.splice(3, 0, ['resumed after', count.format(resumedAt)])
  }
  return renderPairs(rows, columns)
}

/** What the batch was before a retry, and what the retry has done. */
function describeRetry(
  summary: ReplaySummary,
  { lines, posted, existing, refused }: NonNullable<ReplaySummary['retry']>,
): [string, string][] {
  const list = (counts: Record<string, number>) =>
    Object.entries(counts)
      .map(([name, number]) => `${count.format(number)} ${name}`)
      .join(', ')
  const before = { posted: summary.posted - posted, existing: summary.existing - existing }
  const tried = posted + existing + refused
  const part = tried < lines ? `${count.format(tried)} of ${count.format(lines)} lines: ` : ''
  return [
    ['before the retry', list({ ...before, refused: lines })],
    ['the retry', part + list({ posted, existing, 'refused again': refused })],
  ]
}

function describeStatus({ status, dryRun, alreadyFinished, stoppedAt }: ReplaySummary): string {
  if (alreadyFinished) return 'already finished by an earlier run: nothing was changed'
  const ended = stoppedAt
    ? `stopped before ${recordPlace(stoppedAt)}: ${stoppedAt.code}: ${stoppedAt.message}`
    : status === 'refused'
      ? 'refused as a whole: nothing was posted'
      : status
  const text = dryRun ? `${ended} (dry run: nothing was written)` : ended
  return paintedState(text, stoppedAt ? 'refused' : status)
}

/** What may be wrong with the options, and what a person can do next about the refused lines. */
export function adviceOn(
  summary: ReplaySummary,
  { rejects }: { rejects?: string | undefined },
): string[] {
  const { name, status, dryRun, read, refused, refusedByCode, stoppedAt, warnings = [] } = summary
  const advice = warnings.map((warning) => `${paint.warning('warning:')} ${warning}`)
  if (stoppedAt) {
    advice.push(
      `to continue past ${recordPlace(stoppedAt)}, allow more --max-errors or leave out --on-error stop`,
    )
  }
  if (refused === 0) return advice
  const isStored = !dryRun && status !== 'refused'
  if ((refusedByCode['ACCOUNT_NOT_FOUND'] ?? 0) * 2 > read) {
    advice.push(
      'most lines name accounts that do not exist: open them with daybook seed --file ACCOUNTS, or on the way with --open-missing',
    )
  }
  if ((refusedByCode['TRANSFER_CONFLICT'] ?? 0) * 2 > read) {
    advice.push(
      'most lines have the id of another transfer: if they are new, give them ids of their own with --id-prefix',
    )
  }
  const malformed = refusedByCode['MALFORMED_LINE'] ?? 0
  if (isStored && malformed * 2 > read && summary.posted + summary.existing === 0) {
    advice.push(
      'nothing is posted, so the file can be replayed with other options, or corrected: daybook formats try shows how it is read',
    )
  }
  // No account and no money that comes later makes a malformed line readable.
  if (isStored && malformed < refused) {
    advice.push('to post refused lines once their cause is gone, run the same command with --retry')
  }
  const word = /^[\w.-]+$/.test(name) ? name : 'NAME'
  advice.push(
    rejects !== undefined && dryRun
      ? `the refused lines are in ${cell(rejects)}: correct them in the original file, because nothing is posted yet`
      : rejects !== undefined
        ? `the refused lines are in ${cell(rejects)}: correct them there and replay that file`
        : isStored
          ? `to list the refused lines, run daybook batches ${word}; to correct and replay them, add --rejects FILE`
          : 'to write the refused lines to a file, add --rejects FILE',
  )
  return advice
}
