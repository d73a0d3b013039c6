import type { LedgerRequest, LedgerResult } from '../../ledger/ledger-request.ts'
import type { BatchRecord, BatchRetry } from '../../models/batch.ts'
import { countResults } from '../posting/row-results.ts'
import type { BatchRefusal } from '../reading/batch-file.ts'
import { requestsOfRow } from '../reading/row.ts'
import { type RefusedRow, partOf } from './refused-rows.ts'

/** The record of a batch with a retry that goes on. */
export type BatchInRetry = BatchRecord & { readonly retry: BatchRetry }

/**
 * The record of a finished batch whose retry is at its start, or goes on. A retry that has ended is followed by the next
 * one.
 */
export function withRetry(stored: BatchRecord): BatchInRetry {
  const { retry, refused } = stored
  if (retry && !retry.finishedAt) return { ...stored, retry }
  const fresh: BatchRetry = {
    number: (retry?.number ?? 0) + 1,
    lines: refused,
    position: 0,
    posted: 0,
    existing: 0,
    refused: 0,
    startedAt: new Date(),
  }
  return { ...stored, retry: fresh }
}

/** The requests of rows that are refused. Of a record that asks for several transfers, some may be posted. */
export const refusedRequestsOf = (rows: readonly RefusedRow[]): LedgerRequest[] =>
  rows.flatMap((row) => {
    const requests = requestsOfRow(row)
    return row.refusals.flatMap((refusal) => requests[partOf(refusal) - 1] ?? [])
  })

/** Moves the transfers of rows within the counts of their batch, from the refused ones to what they are now. */
export function countRetry(
  before: BatchInRetry,
  rows: readonly RefusedRow[],
  results: readonly LedgerResult[],
): { readonly record: BatchInRetry; readonly refusals: readonly BatchRefusal[] } {
  const { retry, position, line, status, finishedAt, additional } = before
  const all = resultsOfRows(rows, results)
  const counted = countResults(withoutRefusals(before, rows), rows, {
    results: all,
    refusalLimit: Infinity,
  })
  const { posted } = counted.record
  const existing = counted.record.existing - (all.length - results.length)
  return {
    refusals: counted.refusals,
    record: {
      ...counted.record,
      existing,
      position,
      line,
      status,
      ...(finishedAt && { finishedAt }),
      ...(additional !== undefined && { additional }),
      retry: {
        ...retry,
        position: rows.at(-1)?.position ?? retry.position,
        posted: retry.posted + posted - before.posted,
        existing: retry.existing + existing - before.existing,
        refused: retry.refused + counted.refusals.length,
      },
    },
  }
}

/** The results of all requests of rows: those that are not refused stay what they are, which changes no count. */
function resultsOfRows(
  rows: readonly RefusedRow[],
  results: readonly LedgerResult[],
): LedgerResult[] {
  let next = 0
  return rows.flatMap((row) => {
    const refused = new Set(row.refusals.map(partOf))
    return requestsOfRow(row).map((_, index) =>
      refused.has(index + 1) ? (results[next++] as LedgerResult) : SETTLED,
    )
  })
}

const SETTLED = { status: 'existing' } as LedgerResult

function withoutRefusals(record: BatchRecord, rows: readonly RefusedRow[]): BatchRecord {
  const refusedByCode = { ...record.refusedByCode }
  const refusals = rows.flatMap((row) => row.refusals)
  for (const { code } of refusals) {
    const rest = (refusedByCode[code] ?? 0) - 1
    if (rest > 0) refusedByCode[code] = rest
    else delete refusedByCode[code]
  }
  return { ...record, refused: record.refused - refusals.length, refusedByCode }
}
