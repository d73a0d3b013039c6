import type { Connection } from 'mongoose'
import { optionsOf, requireConnection } from '../arguments.ts'
import type { VerifyOptions } from '../verification/verify.ts'
import { type AccountReport, accountReport } from './account-report.ts'
import { type BatchReport, batchReport } from './batch-report.ts'
import { type BooksReport, booksReport } from './books-report.ts'

/** What a report is about: one batch, one account, or, without either, the whole books. */
export interface ReportOptions extends Pick<VerifyOptions, 'since' | 'signal' | 'onProgress'> {
  /** The name of a batch. */
  readonly batch?: string | undefined
  /** The id of an account. */
  readonly account?: string | undefined
}

/** A report as plain data. Money is text with the currency's decimals, or a Decimal that JSON has as such a text. */
export type Report = BatchReport | AccountReport | BooksReport

export async function report(connection: Connection, options: ReportOptions = {}): Promise<Report> {
  requireConnection(connection)
  const { batch, account, ...proof } = optionsOf(options, 'report()', KEYS)
  if (batch !== undefined && account !== undefined) {
    throw new RangeError('a report is about a batch or an account, not about both')
  }
  if (batch !== undefined) return await batchReport(connection, batch)
  if (account !== undefined) return await accountReport(connection, account)
  return await booksReport(connection, proof)
}

const KEYS = { batch: true, account: true, since: true, signal: true, onProgress: true } as const
