import { LinkedTransferRefusedError } from '../../errors.ts'
import { isIdentifier } from '../../ledger/identifier.ts'
import type { IdentifiedRequest } from '../../ledger/request.ts'
import { type TransferResult, refused } from '../../ledger/transfer-result.ts'
import { quote } from '../../messages.ts'
import type { BatchRecord } from '../../models/batch.ts'
import { Decimal, toDecimal, toDecimal128 } from '../../money/money.ts'
import type { BatchRefusal } from '../reading/batch-file.ts'
import type { Row } from '../reading/row.ts'

export const requestsOf = (rows: readonly Row[]): IdentifiedRequest[] =>
  rows.flatMap(({ request }) => (request ? [request] : []))

/** The counts of a batch after some of its rows. */
export interface CountedResults {
  /** The batch's record after the rows that were counted. */
  readonly record: BatchRecord
  readonly refusals: readonly BatchRefusal[]
  /** The refusal that exceeds the limit, and the index of its row. From this row on, no row was counted. */
  readonly overLimit?: { readonly index: number; readonly refusal: BatchRefusal }
}

interface CountOptions {
  /** One result for each row that has a request, in order. */
  readonly results: readonly TransferResult[]
  /** How many refusals the batch may have in all. */
  readonly refusalLimit: number
}

/** Adds what became of rows to the counts of their batch. */
export function countResults(
  before: BatchRecord,
  rows: readonly Row[],
  { results, refusalLimit }: CountOptions,
): CountedResults {
  let [posted, existing, skipped, next] = [0, 0, 0, 0]
  const refusals: BatchRefusal[] = []
  const refusedByCode = { ...before.refusedByCode }
  const amounts = new Map(
    Object.entries(before.amountByCurrency).map(([code, sum]) => [code, toDecimal(sum)]),
  )
  let counted = rows.length
  let overLimit: CountedResults['overLimit']
  for (const [index, row] of rows.entries()) {
    if (row.skipped !== undefined) {
      skipped += 1
      continue
    }
    const result = row.request ? (results[next++] as TransferResult) : undefined
    if (result?.status === 'posted') {
      posted += 1
      const { currency } = result.transfer
      const amount = new Decimal(row.request?.amount as string)
      amounts.set(currency, amounts.get(currency)?.plus(amount) ?? amount)
    } else if (result?.status === 'existing') {
      existing += 1
    } else {
      const refusal = refusalOf(row, result)
      if (before.refused + refusals.length >= refusalLimit) {
        overLimit = { index, refusal }
        counted = index
        break
      }
      refusals.push(refusal)
      refusedByCode[refusal.code] = (refusedByCode[refusal.code] ?? 0) + 1
    }
  }
  const last = rows[counted - 1]
  skipped += before.skipped ?? 0
  const record: BatchRecord = {
    ...before,
    position: last?.position ?? before.position,
    line: last?.line ?? before.line,
    posted: before.posted + posted,
    existing: before.existing + existing,
    refused: before.refused + refusals.length,
    ...(skipped > 0 && { skipped }),
    refusedByCode,
    amountByCurrency: Object.fromEntries(
      [...amounts].map(([code, sum]) => [code, toDecimal128(sum, code)]),
    ),
  }
  if (record.position === record.records) {
    record.status = 'finished'
    record.finishedAt = new Date()
  }
  return { record, refusals, ...(overLimit && { overLimit }) }
}

function refusalOf(row: Row, result: TransferResult | undefined): BatchRefusal {
  const { line, item, text, madeId } = row
  if (!result || result.status !== 'refused') {
    const message = row.problem as string
    return { line, item, text, code: 'MALFORMED_LINE', message, transferId: madeId }
  }
  const { code, message, transferId } = result
  const id = typeof transferId === 'string' ? transferId : undefined
  return { line, item, text, code, message, transferId: id }
}

/** The results of the rows of an atomic batch: if one row is refused, the others are refused with it. */
export function linkedResults(
  rows: readonly Row[],
  results: readonly TransferResult[],
): TransferResult[] {
  const malformed = rows.find(({ problem }) => problem !== undefined)
  const refusal = results.find(({ status }) => status === 'refused')
  if (!malformed && !refusal) return [...results]
  // Each message contains this id. It comes from the file, so it may be anything, and of any length.
  const refusedTransferId = refusal
    ? isIdentifier(refusal.transferId)
      ? refusal.transferId
      : quote(refusal.transferId)
    : `line ${malformed?.line}`
  // A repeat within the file is no more posted than the line that it repeats.
  const notPosted = new Set(
    results.flatMap((result) => (result.status === 'posted' ? [result.transfer] : [])),
  )
  return results.map((result) => {
    if (result.status === 'refused' || !notPosted.has(result.transfer)) return result
    const { transferId } = result
    return refused(transferId, new LinkedTransferRefusedError({ transferId, refusedTransferId }))
  })
}
