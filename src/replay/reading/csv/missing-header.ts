import { quote } from '../../../messages.ts'
import { ColumnSurvey } from '../column-survey.ts'
import { candidateColumns } from '../columns.ts'
import type { ReadingOptions } from '../reading-options.ts'

/**
 * Why the first record is a transfer and not a header, if the name of a column of amounts is an amount. Read as the header,
 * that transfer would never be posted.
 */
export function transferInHeader(
  columns: readonly string[],
  line: number,
  { map = {}, set = {} }: ReadingOptions,
): string | undefined {
  for (const role of ['amount', 'debit', 'credit'] as const) {
    for (const index of candidateColumns(columns, role, { map, set })) {
      const name = columns[index] as string
      if (!surveyOf(name).areAmounts) continue
      return `the line is read as the header, but its ${role} ${quote(name)} is an amount, so it seems to be a transfer: name the columns of a file without a header with --columns NAMES; if it is the header, add --skip ${line} too`
    }
  }
  return undefined
}

/** Whether the names of columns are values of a transfer: one of them is a date, and another one an amount with decimals. */
export const areValuesOfTransfer = (names: readonly string[]): boolean => {
  const surveys = names.map(surveyOf)
  return (
    surveys.some(({ dates }) => dates !== undefined) &&
    surveys.some(
      (survey) =>
        survey.areAmounts && !survey.dates && ColumnSurvey.amountsOf([survey]).hasDecimals,
    )
  )
}

function surveyOf(name: string): ColumnSurvey {
  const survey = new ColumnSurvey()
  survey.add(name)
  return survey
}
