import type { Connection } from 'mongoose'
import { waitUntilOpen } from '../mongodb/connection.ts'
import type { Report, ReportOptions } from './report.ts'

// What makes reports is loaded at the first call.

/**
 * Reports on one batch, on one account, or on the whole books, which it proves. The server does the sums, and the size
 * of a report is bounded. What is posted in the meantime may be in some parts of it and not in others.
 * @throws InputError if there is no such batch
 * @throws AccountNotFoundError
 * @throws RangeError if both a batch and an account are named
 * @example
 * const content = await report(connection, { batch: 'january.csv' })
 * if (content.kind === 'batch') console.log(content.refusals)
 */
export async function report(connection: Connection, options?: ReportOptions): Promise<Report> {
  const module = await import('./report.ts')
  await waitUntilOpen(connection)
  return await module.report(connection, options)
}

/**
 * A report as one HTML page that loads nothing: at most 2 MB of UTF-8, with charts as SVG and a table behind each. Everything
 * that comes from data is escaped.
 * @example
 * const page = await reportPage(await report(connection, { account: 'ADA' }))
 */
export async function reportPage(content: Report): Promise<string> {
  const module = await import('./page/page.ts')
  return await module.reportPage(content)
}
