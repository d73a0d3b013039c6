import type { ReplayOptions } from '../../../src/index.ts'
import { type Context, UsageError } from '../../context/command.ts'

/** The options of `daybook replay` as yargs gives them. */
export interface ReplayCommandOptions {
  files: string[]
  as: string | undefined
  format: 'csv' | 'tsv' | 'jsonl' | 'json' | undefined
  delimiter: string | undefined
  quote: string | undefined
  columns: string[] | undefined
  map: Record<string, string | null> | undefined
  currency: string | undefined
  keep: true | string[] | undefined
  rejects: string | undefined
  'on-error': 'continue' | 'stop' | undefined
  'max-errors': number | undefined
  atomic: boolean
  'dry-run': boolean
  json: boolean
}

/** The same as a call of `replay` takes them, for one of the files. */
export const replayOptions = (
  file: string,
  options: ReplayCommandOptions,
  { stdin, signal }: Pick<Context, 'stdin' | 'signal'>,
): ReplayOptions => ({
  file,
  stdin,
  signal,
  name: options.as,
  format: options.format,
  delimiter: options.delimiter,
  quote: options.quote,
  columns: options.columns,
  map: options.map,
  currency: options.currency,
  keep: options.keep,
  rejects: options.rejects,
  onError: options['on-error'],
  maxErrors: options['max-errors'],
  atomic: options.atomic,
  dryRun: options['dry-run'],
})

/** What the command line calls an option of `replay`. */
export const parameterOf = (option: string): string =>
  ({ name: '--as', onError: '--on-error', maxErrors: '--max-errors', dryRun: '--dry-run' })[
    option
  ] ?? `--${option}`

/** A list's parts between commas. What stands in double quotes is one part, commas and all. */
const parts = (list: string): string[] =>
  [...list.matchAll(/(?:^|,)((?:[^",]|"(?:[^"]|"")*"?)*)/g)].map(([, part = '']) => part.trim())

/** A name as it is without the double quotes around it. */
const unquoted = (name: string): string =>
  /^".*"$/s.test(name) && name.length > 1 ? name.slice(1, -1).replaceAll('""', '"') : name

/** The names of a list: `from,to,"amount, net"`. */
export const readNames = (list: string): string[] => parts(list).map(unquoted)

/** The columns to keep: all of them where none is named. */
export function readKept(list: string): true | string[] {
  if (list === '') return true
  const names = readNames(list)
  if (names.includes('')) throw new UsageError(`--keep ${list}: a name is missing`)
  return names
}

/** Which column holds what: `from=nameOrig,amount="amount, net"`; `currency=` says that none does. */
export function readMap(list: string): Record<string, string | null> {
  const map: Record<string, string | null> = {}
  for (const part of parts(list)) {
    const end = part.indexOf('=')
    const [role, column] = [
      part.slice(0, Math.max(end, 0)).trim(),
      unquoted(part.slice(end + 1).trim()),
    ]
    if (role === '') {
      throw new UsageError(
        `--map ${list}: expected pairs such as from=nameOrig,to=nameDest; a name with a comma stands in double quotes`,
      )
    }
    if (Object.hasOwn(map, role)) throw new UsageError(`--map ${list}: ${role} is given twice`)
    map[role] = column === '' ? null : column
  }
  return map
}

/** A delimiter as a shell lets people write it. */
export const readDelimiter = (text: string): string => (text === String.raw`\t` ? '\t' : text)
