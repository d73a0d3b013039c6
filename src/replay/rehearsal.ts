import type { Connection } from 'mongoose'
import type { BatchRecord } from '../batch.ts'
import { TransferRefusedError } from '../errors.ts'
import {
  type LedgerAccount,
  type TransferRecord,
  type TransferResult,
  evaluate,
  refused,
} from '../evaluation.ts'
import { accountIdsOf } from '../posting.ts'
import { type WellFormedRequest, readRequest } from '../request.ts'
import { readAccounts, readTransfers } from '../stored-ledger.ts'
import { databaseOf } from '../transaction.ts'
import type { Book } from './book.ts'
import { RehearsedTransfers } from './rehearsed-transfers.ts'
import { linkedResults, requestsOf, tally } from './tally.ts'

/**
 * A book that writes nothing: rows are evaluated, by the rules of posting, against what is stored and
 * what was rehearsed before.
 */
export function rehearsal(
  connection: Connection,
  { begin, most }: { begin: BatchRecord; most: number },
): Book {
  const accounts = new Map<string, LedgerAccount>()
  const rehearsed = new RehearsedTransfers()
  let record = begin

  async function readLedger(requests: readonly WellFormedRequest[]) {
    const unread = new Set([...accountIdsOf(requests)].filter((id) => !accounts.has(id)))
    const read = await readAccounts(unread, { database: databaseOf(connection) })
    for (const [id, account] of read) accounts.set(id, account)
    const transfers = new Map<string, TransferRecord>()
    const unknown: string[] = []
    for (const { transferId } of requests) {
      const transfer = rehearsed.get(transferId)
      if (transfer) transfers.set(transferId, transfer)
      else unknown.push(transferId)
    }
    const stored = await readTransfers(unknown, { database: databaseOf(connection) })
    for (const [id, transfer] of stored) transfers.set(id, transfer)
    return { accounts, transfers }
  }

  return {
    async advance(rows, { isAtomic }) {
      const requests = requestsOf(rows)
      const readings = requests.map(readRequest)
      const ledger = await readLedger(
        readings.filter(
          (reading): reading is WellFormedRequest => !(reading instanceof TransferRefusedError),
        ),
      )
      const options = { now: new Date(), batch: begin._id }
      const results = readings.map((reading, index): TransferResult =>
        reading instanceof TransferRefusedError
          ? refused(requests[index]?.transferId as string, reading)
          : evaluate(reading, ledger, options),
      )
      rehearsed.add(
        results.flatMap((result) => (result.status === 'posted' ? [result.transfer] : [])),
      )
      const counted = isAtomic ? linkedResults(rows, results) : results
      const { refusals, beyond, ...after } = tally(record, rows, { results: counted, most })
      record = after.record
      return {
        record,
        refusals,
        stoppedAt: beyond?.refusal,
        isRefused: isAtomic && refusals.length > 0,
        attempts: 1,
      }
    },
  }
}
