import { localTimeOf, named } from '../../src/internal.ts'
import { UsageError } from './command.ts'

/** A date, or a date with a time and its zone, as ISO 8601 has it. */
const DATE =
  /^(?<fields>\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)?)(?<zone>Z|[+-]\d\d:\d\d)?$/

/** A yargs option that takes a date; anything else is a usage error. A date without a time is midnight in UTC. */
export const dateOption = (name: string, describe: string) => ({
  describe,
  type: 'string' as const,
  requiresArg: true,
  coerce: (text: string) => readDate(name, text),
})

/**
 * The date that an option names. A date without a time is midnight in the time zone.
 * @throws UsageError if it is not a date
 */
export function readDate(name: string, text: string, timeZone = 'UTC'): Date {
  const date = dateOf(text, timeZone)
  if (date) return date
  throw new UsageError(
    `--${name} ${named(text)}: expected a date such as 2026-01-31, or a time with its zone such as 2026-01-31T09:30:00Z`,
  )
}

/** The option `--by` of the commands that look at an account by date. */
export const byOption = {
  choices: ['postedAt', 'effectiveAt'] as const,
  default: 'postedAt' as const,
  describe: 'which date of a transfer counts: when it was posted, or when it happened',
}

function dateOf(text: string, timeZone: string): Date | undefined {
  const { fields = '', zone } = DATE.exec(text)?.groups ?? {}
  const isTime = fields.includes('T')
  if (isTime !== (zone !== undefined)) return undefined
  // Without this, 30 February would be 2 March.
  const inUtc = new Date(isTime ? `${fields}Z` : fields)
  if (Number.isNaN(inUtc.getTime()) || !inUtc.toISOString().startsWith(fields)) return undefined
  const date = new Date(isTime ? text : localTimeOf(timeZone)(inUtc.getTime()))
  return Number.isNaN(date.getTime()) ? undefined : date
}
