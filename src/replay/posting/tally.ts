import { LinkedTransferRefusedError } from '../../errors.ts'
import type { TransferResult } from '../../ledger/transfer-result.ts'
import { type IdentifiedRequest, isIdentifier } from '../../ledger/request.ts'
import { quote } from '../../messages.ts'
import type { BatchRecord } from '../../models/batch.ts'
import { Decimal, toDecimal, toDecimal128 } from '../../money/money.ts'
import type { BatchRefusal } from '../reading/batch-file.ts'
import type { Row } from '../reading/row.ts'

/** The requests of the rows that have one. */
export const requestsOf = (rows: readonly Row[]): IdentifiedRequest[] =>
  rows.flatMap(({ request }) => (request ? [request] : []))

/** What is to be counted of a run of rows. */
export interface Tally {
  /** The batch as it is after the rows that were counted. */
  readonly record: BatchRecord
  readonly refusals: readonly BatchRefusal[]
  /** The refusal that is one too many: it and the rows after it are not counted. */
  readonly beyond?: { readonly index: number; readonly refusal: BatchRefusal }
}

/**
 * Counts what became of rows. `results` has one for each row that has a request, in order; `most` is how
 * many refusals the batch may have in all.
 */
export function tally(
  before: BatchRecord,
  rows: readonly Row[],
  { results, most }: { results: readonly TransferResult[]; most: number },
): Tally {
  let [posted, existing, next] = [0, 0, 0]
  const refusals: BatchRefusal[] = []
  const refusedByCode = { ...before.refusedByCode }
  const amounts = new Map(
    Object.entries(before.amountByCurrency).map(([code, sum]) => [code, toDecimal(sum)]),
  )
  let counted = rows.length
  let beyond: Tally['beyond']
  for (const [index, row] of rows.entries()) {
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
      if (before.refused + refusals.length >= most) {
        beyond = { index, refusal }
        counted = index
        break
      }
      refusals.push(refusal)
      refusedByCode[refusal.code] = (refusedByCode[refusal.code] ?? 0) + 1
    }
  }
  const last = rows[counted - 1]
  const record: BatchRecord = {
    ...before,
    position: last?.position ?? before.position,
    line: last?.line ?? before.line,
    posted: before.posted + posted,
    existing: before.existing + existing,
    refused: before.refused + refusals.length,
    refusedByCode,
    amountByCurrency: Object.fromEntries(
      [...amounts].map(([code, sum]) => [code, toDecimal128(sum, code)]),
    ),
  }
  if (record.position === record.records) {
    record.status = 'finished'
    record.finishedAt = new Date()
  }
  return { record, refusals, ...(beyond && { beyond }) }
}

function refusalOf(row: Row, result: TransferResult | undefined): BatchRefusal {
  const { line, item, text, madeId } = row
  if (!result || result.status !== 'refused') {
    const message = row.problem ?? 'the line could not be read'
    return { line, item, text, code: 'MALFORMED_LINE', message, transferId: madeId }
  }
  const { code, message, transferId } = result
  const id = typeof transferId === 'string' ? transferId : undefined
  return { line, item, text, code, message, transferId: id }
}

/** The same results for rows that are posted all or none: with one refused, no other is posted. */
export function linkedResults(
  rows: readonly Row[],
  results: readonly TransferResult[],
): TransferResult[] {
  const malformed = rows.find(({ request }) => !request)
  const refused = results.find(({ status }) => status === 'refused')
  if (!malformed && !refused) return [...results]
  // It stands in the message of each of them, and may be anything.
  const refusedTransferId = refused
    ? isIdentifier(refused.transferId)
      ? refused.transferId
      : quote(refused.transferId)
    : `line ${malformed?.line}`
  return results.map((result) => {
    if (result.status !== 'posted') return result
    const { transferId } = result
    const error = new LinkedTransferRefusedError({ transferId, refusedTransferId })
    return { status: 'refused', transferId, code: error.code, message: error.message, error }
  })
}
