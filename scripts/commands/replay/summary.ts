import type { ReplaySummary } from '../../../src/index.ts'
import { cell, renderPairs } from '../../terminal/table.ts'

const count = new Intl.NumberFormat('en')

/** A summary for people: counts, refusals by code, what was moved, and how fast. */
export function renderSummary(summary: ReplaySummary): string {
  const { name, source, resumedAt, seconds, rate } = summary
  const rows = [
    ['batch', name === source ? name : `${name} (${cell(source)})`],
    ['status', describeStatus(summary)],
    ['read', `${count.format(summary.read)} of ${count.format(summary.records)}`],
    ['posted', count.format(summary.posted)],
    ['existing', count.format(summary.existing)],
    ['refused', count.format(summary.refused)],
    ...Object.entries(summary.refusedByCode)
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([code, refused]) => [`  ${code}`, count.format(refused)]),
    ...Object.entries(summary.amountByCurrency).map(([currency, amount]) => [
      `moved ${currency}`,
      amount,
    ]),
    ['time', `${seconds.toFixed(2)} s, ${count.format(Math.round(rate))} a second`],
  ]
  if (resumedAt > 0 && !summary.alreadyFinished) {
    rows.splice(3, 0, ['resumed after', count.format(resumedAt)])
  }
  return renderPairs(rows)
}

function describeStatus({ status, dryRun, alreadyFinished, stoppedAt }: ReplaySummary): string {
  if (alreadyFinished) return 'finished before: all is posted already, nothing was changed'
  const ended = stoppedAt
    ? `stopped before line ${stoppedAt.line}: ${stoppedAt.code}: ${stoppedAt.message}`
    : status === 'refused'
      ? 'refused whole: nothing of it was posted'
      : status
  return dryRun ? `${ended} (rehearsal: nothing was written)` : ended
}

/** What a person may do next about the lines that were refused. */
export function adviceOn(
  { name, status, dryRun, refused, stoppedAt }: ReplaySummary,
  { rejects }: { rejects?: string | undefined },
): string[] {
  const advice = []
  if (stoppedAt) {
    const { line } = stoppedAt
    advice.push(`to go on past line ${line}: with more --max-errors, or without --on-error stop`)
  }
  if (refused === 0) return advice
  const isStored = !dryRun && status !== 'refused'
  const word = /^[\w.-]+$/.test(name) ? name : 'NAME'
  advice.push(
    rejects !== undefined && dryRun
      ? `the refused lines are in ${cell(rejects)}: mend them in the file itself, for nothing of it is posted yet`
      : rejects !== undefined
        ? `the refused lines are in ${cell(rejects)}: mend them there, and replay that file`
        : isStored
          ? `the refused lines: daybook batches ${word}; --rejects FILE writes them, to be mended`
          : '--rejects FILE writes the refused lines, to be mended',
  )
  return advice
}
