import { LinkedTransferRefusedError, TransferConflictError } from '../../errors.ts'
import { isIdentifier } from '../../ledger/identifier.ts'
import { type LedgerRequest, type LedgerResult, isRefused } from '../../ledger/ledger-request.ts'
import {
  type RefusedHold,
  type RefusedTransfer,
  refused,
  refusedHold,
} from '../../ledger/transfer-result.ts'
import { quote } from '../../messages.ts'
import type { BatchRecord } from '../../models/batch.ts'
import { scaleOf } from '../../money/currency.ts'
import { decimal128OfUnits, unitsOf } from '../../money/decimal128.ts'
import type { BatchRefusal } from '../reading/batch-file.ts'
import { MADE_ID_COLUMN } from '../reading/reject-columns.ts'
import { type Row, requestsOfRow } from '../reading/row.ts'
import { recordPlace } from '../record-place.ts'
import { nextSplit, previousSplit } from './row-groups.ts'

export const requestsOf = (rows: readonly Row[]): LedgerRequest[] =>
  rows.flatMap((row) => (row.moreRequests ? requestsOfRow(row) : row.request ? [row.request] : []))

/** The counts of a batch after some of its rows. */
export interface CountedResults {
  /** The batch's record after the rows that were counted. */
  readonly record: BatchRecord
  readonly refusals: readonly BatchRefusal[]
  /** The refusal that exceeds the limit, and the index of its row. From this row on, no row was counted. */
  readonly overLimit?: { readonly index: number; readonly refusal: BatchRefusal }
}

interface CountOptions {
  /** One result for each request of the rows, in order. */
  readonly results: readonly LedgerResult[]
  /** How many refusals the batch may have in all. */
  readonly refusalLimit: number
}

/** Adds what became of rows to the counts of their batch. */
export function countResults(
  before: BatchRecord,
  rows: readonly Row[],
  { results, refusalLimit }: CountOptions,
): CountedResults {
  let [posted, existing, skipped, additional, accountsOpened, next] = [0, 0, 0, 0, 0, 0]
  let [holdsPlaced, holdsReleased] = [0, 0]
  const refusals: BatchRefusal[] = []
  const refusedByCode = { ...before.refusedByCode }
  const amounts = new Map(
    Object.entries(before.amountByCurrency).map(([code, sum]) => [code, unitsOf(sum)]),
  )
  for (const [index, row] of rows.entries()) {
    if (row.skipped !== undefined) {
      skipped += 1
      continue
    }
    const { length: more } = row.moreRequests ?? NONE
    additional += more
    for (let part = 1; part <= 1 + more; part++) {
      const result = row.request ? (results[next++] as LedgerResult) : undefined
      if (result?.status === 'posted') {
        posted += 1
        accountsOpened += result.opened?.length ?? 0
        if ('hold' in result) {
          if (result.hold.status === 'active') holdsPlaced += 1
          else holdsReleased += 1
          continue
        }
        const { currency, amount } = result.transfer
        amounts.set(currency, (amounts.get(currency) ?? 0n) + unitsOf(amount))
      } else if (result?.status === 'existing') {
        existing += 1
      } else {
        const refusal = refusalOf(row, part, result)
        if (before.refused + refusals.length >= refusalLimit) {
          return countUntil(previousSplit(rows, index), before, rows, results)
        }
        refusals.push(refusal)
        refusedByCode[refusal.code] = (refusedByCode[refusal.code] ?? 0) + 1
      }
    }
  }
  const last = rows.at(-1)
  skipped += before.skipped ?? 0
  additional += before.additional ?? 0
  accountsOpened += before.accountsOpened ?? 0
  holdsPlaced += before.holdsPlaced ?? 0
  holdsReleased += before.holdsReleased ?? 0
  const record: BatchRecord = {
    ...before,
    position: last?.position ?? before.position,
    line: last?.line ?? before.line,
    posted: before.posted + posted,
    existing: before.existing + existing,
    refused: before.refused + refusals.length,
    ...(skipped > 0 && { skipped }),
    ...(additional > 0 && { additional }),
    ...(accountsOpened > 0 && { accountsOpened }),
    ...(holdsPlaced > 0 && { holdsPlaced }),
    ...(holdsReleased > 0 && { holdsReleased }),
    refusedByCode,
    amountByCurrency: Object.fromEntries(
      [...amounts].map(([code, sum]) => [code, decimal128OfUnits(sum, scaleOf(code))]),
    ),
  }
  if (record.position === record.records) {
    record.status = 'finished'
    record.finishedAt = new Date()
  }
  return { record, refusals }
}

/** Counts the rows before the group, or the single row, at an index, which exceeds the limit of refusals. */
function countUntil(
  index: number,
  before: BatchRecord,
  rows: readonly Row[],
  results: readonly LedgerResult[],
): CountedResults {
  const refusalLimit = Infinity
  const counted = countResults(before, rows.slice(0, index), { results, refusalLimit })
  const start = requestsOf(rows.slice(0, index)).length
  const group = rows.slice(index, nextSplit(rows, index + 1))
  const { refusals } = countResults(before, group, { results: results.slice(start), refusalLimit })
  const cause = refusals.find(({ code }) => code !== 'LINKED_TRANSFER_REFUSED') ?? refusals[0]
  return { ...counted, overLimit: { index, refusal: cause as BatchRefusal } }
}

const NONE: readonly LedgerRequest[] = []

function refusalOf(row: Row, part: number, result: LedgerResult | undefined): BatchRefusal {
  const { line, item, text, moreRequests } = row
  // An id that may be another transfer's is not kept: replayed with it, the line would count as that one.
  const madeId = mustBeNew(row) ? undefined : row.madeId
  if (!result || result.status !== 'refused') {
    const message = row.problem as string
    return { line, item, part, text, code: 'MALFORMED_LINE', message, transferId: madeId, madeId }
  }
  const request = requestsOfRow(row)[part - 1]
  const { code } = result
  const transferId =
    mustBeNew(row) || !('transferId' in result) ? undefined : textOf(result.transferId)
  const holdId = request?.kind === undefined ? undefined : textOf(request.holdId)
  const message = moreRequests
    ? `${request?.kind ?? 'transfer'} ${part} of ${1 + moreRequests.length}: ${result.message}`
    : result.message + remedyOf(row, result)
  return { line, item, part, text, code, message, transferId, holdId, madeId }
}

const textOf = (id: unknown): string | undefined => (typeof id === 'string' ? id : undefined)

/** Whether a row has an id that may be that of another transfer. */
const mustBeNew = ({ request }: Row): boolean =>
  request?.kind === undefined && (request?.mustBeNew ?? false)

/** What to do about an id that was made of a line's content and is another transfer's. It ends the message. */
function remedyOf(row: Row, { error }: RefusedTransfer | RefusedHold): string {
  if (!(error instanceof TransferConflictError) || error.group !== undefined) return ''
  if (mustBeNew(row)) {
    return `: this line of rejects has no id of its own, so one was made of its content. If it is another payment, write an id of its own as its ${MADE_ID_COLUMN}; if not, delete the line`
  }
  return row.isIdOfContent
    ? ': --id-from made this id of the content of the line. If they are two payments, add account or another column in which they differ to --id-from, or keep the ids of this file apart with --id-prefix'
    : ''
}

/** The results of the rows of an atomic batch: if one row is refused, the others are refused with it. */
export function linkedResults(
  rows: readonly Row[],
  results: readonly LedgerResult[],
): LedgerResult[] {
  const malformed = rows.find(({ problem }) => problem !== undefined)
  const refusals = results.filter(isRefused)
  const refusal = refusals.find(({ code }) => code !== 'LINKED_TRANSFER_REFUSED') ?? refusals[0]
  if (!malformed && !refusal) return [...results]
  // Each message contains this id. It comes from the file, so it may be anything, and of any length.
  const refusedId = refusal && idOf(refusal)
  const refusedTransferId = refusal
    ? isIdentifier(refusedId)
      ? refusedId
      : quote(refusedId)
    : recordPlace(malformed as Row)
  const requests = requestsOf(rows)
  const keyOf = (result: LedgerResult, index: number) =>
    'holdId' in result
      ? `${requests[index]?.kind} ${result.holdId}`
      : `transfer ${result.transferId}`
  // A repeat within the file is no more posted than the line that it repeats.
  const notPosted = new Set(
    results.flatMap((result, index) => (result.status === 'posted' ? [keyOf(result, index)] : [])),
  )
  return results.map((result, index) => {
    if (isRefused(result) || !notPosted.has(keyOf(result, index))) return result
    if ('holdId' in result) {
      const { holdId } = result
      const details = { transferId: holdId, holdId, refusedTransferId }
      return refusedHold(holdId, new LinkedTransferRefusedError(details))
    }
    const { transferId } = result
    return refused(transferId, new LinkedTransferRefusedError({ transferId, refusedTransferId }))
  })
}

const idOf = (result: LedgerResult): string =>
  'holdId' in result ? result.holdId : result.transferId
