import { InputError } from '../../errors.ts'
import type { Source } from '../source/source.ts'
import { ColumnSurvey } from './column-survey.ts'
import { openBatchFile } from './format.ts'
import { nestedNamesIn, objectArraysIn, valueAt } from './json/nested-values.ts'
import type { ReadingOptions } from './reading-options.ts'
import { isMissing } from './values/values.ts'

/** What the records of a file show, whether or not they can be read as transfers. */
export interface FileSurvey {
  /** The first records. */
  readonly objects: readonly object[]
  /** How many records were looked at. */
  readonly count: number
  /** What the values of each column show. */
  readonly surveys: ReadonlyMap<string, ColumnSurvey>
  readonly isJson: boolean
  /** The dotted names of the arrays in the only object of a file; none in a file of several records. */
  readonly arrays: readonly string[]
}

/** How many records are looked at. What they leave open is not proposed, so more would only propose more. */
const MOST_SURVEYED = 100_000

/** Looks at the records of a file, whether or not they can be read as transfers. */
export async function surveyOf(
  source: Source,
  options: ReadingOptions,
  count: number,
): Promise<FileSurvey> {
  const objects: object[] = []
  const surveys = new Map<string, ColumnSurvey>()
  let seen = 0
  const transform = (record: object) => {
    seen += 1
    if (objects.length < count) objects.push(record)
    for (const name of namesIn(record)) {
      let survey = surveys.get(name)
      if (!survey) {
        if (surveys.size >= MOST_COLUMNS) continue
        surveys.set(name, (survey = new ColumnSurvey()))
      }
      survey.add(textOf(valueAt(record, name)))
    }
    return NO_TRANSFER
  }
  const batch = await openBatchFile(source, {
    batch: 'explained',
    options: {
      ...options,
      where: undefined,
      idFrom: undefined,
      fields: undefined,
      openMissing: undefined,
    },
    transform: { transform },
  })
  objects.length = 0
  surveys.clear()
  seen = 0
  try {
    for await (const block of batch.records()) {
      for (const record of block) batch.row(record, seen + 1)
      if (seen >= MOST_SURVEYED) break
    }
  } catch (error) {
    // What comes before the damage of a file can be explained nevertheless.
    if (!(error instanceof InputError) || seen === 0) throw error
  }
  const [only] = objects
  return {
    objects,
    count: seen,
    surveys,
    isJson: (JSON.parse(batch.reading) as { format: string }).format !== 'csv',
    arrays: seen === 1 && only ? objectArraysIn(only as Readonly<Record<string, unknown>>) : [],
  }
}

/** Objects of JSON may have any number of keys. */
const MOST_COLUMNS = 1_000

/** What the transform that only looks at records returns, so that one record is enough to open the file. */
const NO_TRANSFER = { transferId: 'none', from: 'none', to: 'none', amount: 1 }

/** The names of an object's values, with the dotted names of those within it in place of an object. */
export const namesIn = (object: object): readonly string[] => [
  ...Object.entries(object)
    .filter(([, value]) => typeof value !== 'object' || value === null)
    .map(([name]) => name),
  ...nestedNamesIn(object as Readonly<Record<string, unknown>>),
]

export const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : isMissing(value) ? '' : JSON.stringify(value)
