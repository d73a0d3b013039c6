import type { Connection } from 'mongoose'
import { post } from '../../ledger/posting.ts'
import { quote } from '../../messages.ts'
import type { BatchRecord, RefusalRecord } from '../../models/batch.ts'
import { endAbandonedTransactions } from '../../mongodb/abandoned-transactions.ts'
import { isDuplicateKey } from '../../mongodb/server-errors.ts'
import { inTransaction } from '../../mongodb/transaction.ts'
import { BatchConflictError } from '../errors.ts'
import type { BatchRefusal } from '../reading/batch-file.ts'
import type { Row } from '../reading/row.ts'
import { linkedResults, requestsOf, tally, type Tally } from './tally.ts'

/** What became of rows that were given to a book. */
export interface Advance {
  /** The batch as it is now: its position tells how many of the rows are consumed. */
  readonly record: BatchRecord
  /** What was refused, where the book does not store it. */
  readonly refusals: readonly BatchRefusal[]
  /** The refusal that was one too many: the batch stands right before it. */
  readonly stoppedAt?: BatchRefusal | undefined
  /** Whether an atomic batch was refused, and nothing is stored. */
  readonly isRefused?: boolean
  /** How often the transaction was tried. */
  readonly attempts: number
}

/** Where the rows of a batch are posted: the database, or a rehearsal's memory. */
export interface Book {
  /** Posts rows in order, or the first of them: those that `record.position` says. With `isAtomic` all or none. */
  advance(rows: readonly Row[], options: { isAtomic: boolean }): Promise<Advance>
}

/** The fewest rows that are posted at once, unless there are no more. */
const FEWEST_ROWS = 100

/** A tally that ended before its rows did. It ends the transaction, so that nothing of it is posted. */
class Unposted extends Error {
  readonly tally: Tally
  constructor(result: Tally) {
    super('not posted')
    this.tally = result
  }
}

/**
 * The book in the database. Each advance is one transaction: it reads the batch's record, posts what the
 * record says is not yet consumed, and writes the record; so whoever does it, a line is posted once.
 */
export function databaseBook(
  connection: Connection,
  { fresh, most, advice }: { fresh: BatchRecord; most: number; advice: string },
): Book {
  const batches = connection.collection<BatchRecord>('batches')
  const refusals = connection.collection<RefusalRecord>('refusals')
  const filter = { _id: fresh._id }
  /** Whether the next rows are taken to be posted for the first time: so were the last ones. */
  let presumeNew = true

  async function attempt(rows: readonly Row[], isAtomic: boolean): Promise<Advance> {
    let attempts = 0
    const advanced = await inTransaction(
      connection,
      async (transaction) => {
        const { session } = transaction
        attempts += 1
        if (attempts > 1) await endAbandonedTransactions(connection)
        const stored = await batches.findOne(filter, { session })
        const before = checkedRecord(stored, fresh, advice)
        const rest = remaining(rows, before)
        // A shorter transaction has better chances among others that write the same accounts.
        const taken = isAtomic
          ? rest
          : rest.slice(0, Math.max(FEWEST_ROWS, rows.length >> (attempts - 1)))
        // Another process has consumed them meanwhile. A batch of no rows is still to be finished.
        if (stored && taken.length === 0 && (rows.length > 0 || stored.status === 'finished')) {
          return { record: stored, areNew: presumeNew }
        }
        if (isAtomic) requireUnbegun(before)
        const posted = await post(requestsOf(taken), transaction, { batch: fresh._id, presumeNew })
        const results = isAtomic ? linkedResults(taken, posted) : posted
        const result = tally(before, taken, { results, most })
        if (result.beyond || (isAtomic && result.refusals.length > 0)) throw new Unposted(result)
        if (result.refusals.length > 0) {
          await refusals.insertMany(
            result.refusals.map((refusal) => refusalRecord(fresh._id, refusal)),
            { session },
          )
        }
        await batches.replaceOne(filter, result.record, { session, upsert: true })
        return { record: result.record, areNew: result.record.existing === before.existing }
      },
      PATIENCE_MS,
    )
    presumeNew = advanced.areNew
    return { record: advanced.record, refusals: [], attempts }
  }

  async function advance(rows: readonly Row[], isAtomic: boolean): Promise<Advance> {
    try {
      return await attempt(rows, isAtomic)
    } catch (error) {
      if (!(error instanceof Unposted)) throw error
      const { record, refusals: all, beyond } = error.tally
      if (!beyond) return { record, refusals: all, isRefused: true, attempts: 1 }
      const stoppedAt = beyond.refusal
      if (beyond.index === 0) return { record, refusals: [], stoppedAt, attempts: 1 }
      const before = await advance(
        rows.filter(({ position }) => position <= record.position),
        isAtomic,
      )
      return before.record.position === record.position ? { stoppedAt, ...before } : before
    }
  }

  return {
    async advance(rows, { isAtomic }) {
      for (let duplicates = 0; ; duplicates++) {
        try {
          return await advance(rows, isAtomic)
        } catch (error) {
          // An id is there already, be it since the snapshot was taken: the next look-up shows it.
          if (!isDuplicateKey(error) || duplicates === DUPLICATES_MOST) throw error
          presumeNew = false
        }
      }
    },
  }
}

const DUPLICATES_MOST = 5

/** Longer than the minute for which a server keeps a transaction whose process was killed. */
const PATIENCE_MS = 120_000

/** The record to go on from: the stored one, which must be of the very same batch; else the error gives an advice. */
export function checkedRecord(
  stored: BatchRecord | null,
  fresh: BatchRecord,
  advice: string,
): BatchRecord {
  if (!stored) return fresh
  if (stored.digest !== fresh.digest) {
    throw new BatchConflictError(
      fresh._id,
      `is of another file: ${quote(stored.source)} with digest ${stored.digest.slice(0, 12)}…, and ${quote(fresh.source)} has ${fresh.digest.slice(0, 12)}…; ${advice}`,
    )
  }
  if (stored.reading !== fresh.reading) {
    throw new BatchConflictError(
      fresh._id,
      `was read with other options: ${stored.reading}, and now ${fresh.reading}; give the same ones to go on with it`,
    )
  }
  return stored
}

/** Refuses to post what is left of a batch as if it were the whole. */
export function requireUnbegun({ _id, position, records }: BatchRecord): void {
  if (position === 0) return
  const problem = `is posted up to record ${position} of ${records}, so it cannot be atomic any more: leave --atomic out to go on`
  throw new BatchConflictError(_id, problem)
}

/** The rows that a batch has not consumed yet. Another process that replays it may have consumed some. */
function remaining(rows: readonly Row[], { _id, position }: BatchRecord): readonly Row[] {
  const [first] = rows
  if (!first) return rows
  if (position < first.position - 1) {
    const problem = `stands at record ${position} and was past it: its record was taken away meanwhile; replay the file again`
    throw new BatchConflictError(_id, problem)
  }
  return rows.slice(position - first.position + 1)
}

function refusalRecord(batch: string, refusal: BatchRefusal): RefusalRecord {
  const { line, item, transferId, code, message, text: row } = refusal
  const _id = item === 1 ? { batch, line } : { batch, line, item }
  return { _id, ...(transferId === undefined ? {} : { transferId }), code, message, row }
}
