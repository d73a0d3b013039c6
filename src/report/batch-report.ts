import mongoose, { type Connection } from 'mongoose'
import { InputError } from '../errors.ts'
import { named } from '../messages.ts'
import { type BatchRecord, type RefusalRecord, batchModel } from '../models/batch.ts'
import type { PlainRecord } from '../money/plain-records.ts'
import { LIMITS } from './limits.ts'
import { type BatchTransfers, batchTransfers, partOf } from './batch-transfers.ts'
import { aggregate } from './periods.ts'
import { REMEDIES } from './remedies.ts'

/** What is known of one batch. */
export interface BatchReport extends BatchTransfers {
  readonly kind: 'batch'
  readonly database: string
  readonly madeAt: Date
  /** The batch’s record, as `daybook batches --json` prints it. */
  readonly batch: PlainRecord<BatchRecord>
  /** How many were refused in each part of the file. Parts without any are absent. */
  readonly refused: readonly {
    readonly fromLine: number
    readonly toLine: number
    readonly refused: number
  }[]
  /** The refusals by code, most frequent first. */
  readonly refusals: readonly CodeRefusals[]
}

/** The refusals of one code. */
export interface CodeRefusals {
  readonly code: string
  readonly refused: number
  readonly remedy?: string
  /** The first refused lines, as `daybook batches NAME --json` prints them. */
  readonly first: readonly RefusalRecord[]
}

/** @throws InputError if there is no such batch */
export async function batchReport(connection: Connection, name: string): Promise<BatchReport> {
  const found = await batchModel(connection).findById(name)
  if (!found) {
    throw new InputError(`there is no batch ${named(name)}: daybook batches lists all batches`)
  }
  const batch = found.toJSON()
  const { posted, accounts, money } = await batchTransfers(connection, name)
  return {
    kind: 'batch',
    database: connection.name,
    madeAt: new Date(),
    batch,
    posted,
    refused: await refusedInFile(connection, batch),
    refusals: await refusalsByCode(connection, batch),
    accounts,
    money,
  }
}

async function refusedInFile(
  connection: Connection,
  { _id: batch, line }: PlainRecord<BatchRecord>,
): Promise<BatchReport['refused']> {
  const length = Math.max(1, Math.ceil(line / LIMITS.periods))
  const parts = await aggregate<{ _id: number; refused: number }>(
    connection,
    [
      { $match: refusalsOf(batch) },
      { $group: { _id: partOf({ $subtract: ['$_id.line', 1] }, length), refused: { $sum: 1 } } },
      { $sort: { _id: 1 } },
    ],
    'refusals',
  ).toArray()
  return parts.map(({ _id: part, refused }) => ({
    fromLine: part * length + 1,
    toLine: (part + 1) * length,
    refused,
  }))
}

async function refusalsByCode(
  connection: Connection,
  { _id: batch, refusedByCode }: PlainRecord<BatchRecord>,
): Promise<CodeRefusals[]> {
  const codes = Object.entries(refusedByCode as Record<string, number>)
    .filter(([, refused]) => refused > 0)
    .toSorted(([one, refused], [other, more]) => more - refused || (one < other ? -1 : 1))
  const reports: CodeRefusals[] = []
  for (const [code, refused] of codes) {
    const first = await aggregate<RefusalRecord>(
      connection,
      [
        { $match: { ...refusalsOf(batch), code } },
        { $sort: { _id: 1 } },
        { $limit: LIMITS.linesPerCode },
      ],
      'refusals',
    ).toArray()
    const remedy: string | undefined = (REMEDIES as Record<string, string>)[code]
    reports.push({ code, refused, ...(remedy !== undefined && { remedy }), first })
  }
  return reports
}

/** Finds the refusals of a batch by the index of `_id`. */
const refusalsOf = (batch: string) => ({
  _id: { $gte: { batch }, $lt: { batch, line: new mongoose.mongo.MaxKey() } },
})
