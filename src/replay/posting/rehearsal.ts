import type { Connection } from 'mongoose'
import { TransferRefusedError } from '../../errors.ts'
import { type LedgerAccount, evaluate } from '../../ledger/evaluation.ts'
import { accountIdsOf } from '../../ledger/posting.ts'
import type { TransferRecord } from '../../ledger/records.ts'
import {
  type IdentifiedRequest,
  type WellFormedRequest,
  readRequest,
} from '../../ledger/request.ts'
import { readAccounts, readTransfers } from '../../ledger/stored-ledger.ts'
import { type TransferResult, refused } from '../../ledger/transfer-result.ts'
import type { BatchRecord } from '../../models/batch.ts'
import { databaseOf } from '../../mongodb/connection.ts'
import type { Row } from '../reading/row.ts'
import type { Advance, Book } from './book.ts'
import { RehearsedTransfers } from './rehearsed-transfers.ts'
import { linkedResults, requestsOf, tally } from './tally.ts'

interface BookOptions {
  /** Where the batch stands. */
  readonly begin: BatchRecord
  readonly most: number
}

/**
 * Replays that write nothing, one after the other as if each had been real: what one would have posted, the
 * next finds. Pass it as `dryRun` to each of the calls.
 * @example
 * const dryRun = new Rehearsal(connection)
 * for (const file of files) await replay(connection, { file, dryRun })
 */
export class Rehearsal {
  readonly #connection: Connection
  readonly #accounts = new Map<string, LedgerAccount>()
  readonly #transfers = new RehearsedTransfers()
  readonly #batches = new Map<string, BatchRecord>()

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** The record of a batch that was rehearsed. */
  recordOf(batch: string): BatchRecord | undefined {
    return this.#batches.get(batch)
  }

  /** The records of all of them. */
  get records(): readonly BatchRecord[] {
    return [...this.#batches.values()]
  }

  /** A book in which rows are evaluated, by the rules of posting, against what is stored and what was rehearsed. */
  book({ begin, most }: BookOptions): Book {
    const advance = async (rows: readonly Row[], isAtomic: boolean): Promise<Advance> => {
      const before = this.#batches.get(begin._id) ?? begin
      const { accounts, results } = await this.#evaluate(requestsOf(rows), begin._id)
      const counted = isAtomic ? linkedResults(rows, results) : results
      const { record, refusals, beyond } = tally(before, rows, { results: counted, most })
      if (isAtomic && refusals.length > 0) {
        return { record, refusals, isRefused: true, attempts: 1 }
      }
      if (beyond) {
        const stoppedAt = beyond.refusal
        if (beyond.index === 0) return { record, refusals, stoppedAt, attempts: 1 }
        return { ...(await advance(rows.slice(0, beyond.index), isAtomic)), stoppedAt }
      }
      const posted = results.flatMap((result) =>
        result.status === 'posted' ? [result.transfer] : [],
      )
      for (const { fromAccount, toAccount } of posted) {
        for (const id of [fromAccount, toAccount]) {
          const account = accounts.get(id)
          // Its own id: that of the transfer would keep the file's text in memory.
          if (account) this.#accounts.set(account._id, account)
        }
      }
      this.#transfers.add(posted)
      this.#batches.set(begin._id, record)
      return { record, refusals, attempts: 1 }
    }
    return { advance: (rows, { isAtomic }) => advance(rows, isAtomic) }
  }

  /** What would become of requests, and of copies of their accounts. */
  async #evaluate(requests: readonly IdentifiedRequest[], batch: string) {
    const readings = requests.map(readRequest)
    const ledger = await this.#read(
      readings.filter(
        (reading): reading is WellFormedRequest => !(reading instanceof TransferRefusedError),
      ),
    )
    const options = { now: new Date(), batch }
    const results = readings.map((reading, index): TransferResult =>
      reading instanceof TransferRefusedError
        ? refused(requests[index]?.transferId as string, reading)
        : evaluate(reading, ledger, options),
    )
    return { accounts: ledger.accounts, results }
  }

  async #read(requests: readonly WellFormedRequest[]) {
    const database = databaseOf(this.#connection)
    const accounts = new Map<string, LedgerAccount>()
    const unread = new Set<string>()
    for (const id of accountIdsOf(requests)) {
      const account = this.#accounts.get(id)
      if (account) accounts.set(id, { ...account })
      else unread.add(id)
    }
    for (const [id, account] of await readAccounts(unread, { database })) accounts.set(id, account)
    const transfers = new Map<string, TransferRecord>()
    const unknown: string[] = []
    for (const { transferId } of requests) {
      const transfer = this.#transfers.get(transferId)
      if (transfer) transfers.set(transferId, transfer)
      else unknown.push(transferId)
    }
    const stored = await readTransfers(unknown, { database })
    for (const [id, transfer] of stored) transfers.set(id, transfer)
    return { accounts, transfers }
  }
}
