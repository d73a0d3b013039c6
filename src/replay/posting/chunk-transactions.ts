import { setTimeout } from 'node:timers/promises'
import type { Connection } from 'mongoose'
import { claimAccounts } from '../../ledger/account-claims.ts'
import { isPostedBefore } from '../../ledger/existing-ids.ts'
import type { LedgerRequest } from '../../ledger/ledger-request.ts'
import { accountIdsOf } from '../../ledger/posting.ts'
import type { BatchRecord } from '../../models/batch.ts'
import { endAbandonedTransactions } from '../../mongodb/abandoned-transactions.ts'
import { type Transaction, inTransaction } from '../../mongodb/transaction.ts'
import type { Row } from '../reading/row.ts'
import { type Effort, MIN_ROWS } from './chunk-size.ts'
import { Contention } from './contention.ts'
import { nextSplit } from './row-groups.ts'

interface ChunkTransactionsOptions<AnyRow extends Row> {
  /** What rows ask for. */
  readonly requestsOf: (rows: readonly AnyRow[]) => LedgerRequest[]
  /** How long a chunk waits for the database, in milliseconds. Default: two minutes. */
  readonly patience?: number | undefined
}

/**
 * Posts the first rows of a chunk, or all of them, in a transaction, and returns the batch's record after them. Like the
 * callback of `inTransaction`, it may run again from its start. `presumeNew` is for `post`.
 */
type PostRows<AnyRow, Batch> = (
  rows: readonly AnyRow[],
  transaction: Transaction,
  presumeNew: boolean,
) => Promise<{
  readonly record: Batch
  /** Whether none of the ids were posted before, so that the next ones are presumed to be new. */
  readonly wereNew: boolean
}>

/** Longer than the minute for which a server keeps the transaction of a killed process. */
export const PATIENCE_MS = 120_000

/** How often to look for the transactions of killed processes while a chunk waits, in milliseconds. */
const LOOK_MS = 1_000

/** How often a chunk is posted again after a duplicate id. */
const MAX_DUPLICATES = 5

/** The transactions of a replay. Each posts a chunk of rows, and shares accounts with others as {@link Contention} says. */
export class ChunkTransactions<AnyRow extends Row> {
  readonly #connection: Connection
  readonly #requestsOf: (rows: readonly AnyRow[]) => LedgerRequest[]
  readonly #patience: number
  readonly #contention = new Contention()
  #presumeNew = true

  constructor(
    connection: Connection,
    { requestsOf, patience = PATIENCE_MS }: ChunkTransactionsOptions<AnyRow>,
  ) {
    this.#connection = connection
    this.#requestsOf = requestsOf
    this.#patience = patience
  }

  /** Posts rows in one transaction. After a write conflict it may post only the first of them, unless it `isWhole`. */
  async post<Batch extends BatchRecord>(
    rows: readonly AnyRow[],
    postRows: PostRows<AnyRow, Batch>,
    { isWhole = false }: { readonly isWhole?: boolean } = {},
  ): Promise<{ readonly record: Batch; readonly effort: Effort }> {
    if (this.#contention.rest > 0) await setTimeout(this.#contention.rest)
    for (let duplicates = 0; ; duplicates++) {
      try {
        return await this.#attempt(rows, postRows, isWhole)
      } catch (error) {
        // An id exists already. It may have been posted after this snapshot; the next look-up finds it.
        if (!isPostedBefore(error) || duplicates === MAX_DUPLICATES) throw error
        this.#presumeNew = false
      }
    }
  }

  async #attempt<Batch extends BatchRecord>(
    rows: readonly AnyRow[],
    postRows: PostRows<AnyRow, Batch>,
    isWhole: boolean,
  ): Promise<{ readonly record: Batch; readonly effort: Effort }> {
    const contention = this.#contention
    let { length } = rows
    let startedAt = performance.now()
    let lookedAt = startedAt
    let isAtWork = false
    const { record, wereNew } = await inTransaction(
      this.#connection,
      async (transaction) => {
        if (performance.now() - lookedAt >= LOOK_MS) {
          await endAbandonedTransactions(this.#connection)
          lookedAt = performance.now()
        }
        startedAt = performance.now()
        isAtWork = false
        const chunk = isWhole ? rows : rows.slice(0, nextSplit(rows, length))
        if (contention.isExpected) {
          await claimAccounts(accountIdsOf(this.#requestsOf(chunk)), transaction)
        }
        isAtWork = true
        return await postRows(chunk, transaction, this.#presumeNew)
      },
      {
        patience: this.#patience,
        pauseAfterConflict: () => {
          contention.meet()
          if (!isAtWork) return contention.pause(performance.now() - startedAt)
          // A shorter transaction is less likely to conflict with others that write the same accounts.
          length = Math.max(MIN_ROWS, length >> 1)
          return contention.pause(0)
        },
      },
    )
    this.#presumeNew = wereNew
    const milliseconds = performance.now() - startedAt
    contention.post(milliseconds)
    return { record, effort: { milliseconds, isContended: contention.isExpected } }
  }
}
