import { stringify } from 'csv-stringify/sync'
import { withoutFormula } from '../../src/internal.ts'

/** Records as CSV with a header. With `spreadsheet`, cells that look like a formula get an apostrophe. */
export const csvOf = (
  records: readonly object[],
  columns: readonly string[],
  { spreadsheet = false }: { spreadsheet?: boolean } = {},
): string =>
  stringify([...records], {
    header: true,
    columns: [...columns],
    cast: { string: (text) => (spreadsheet ? withoutFormula(text) : text) },
  }).trimEnd()
