import type { IdentifiedRequest } from '../../ledger/request.ts'
import { printable, quote } from '../../messages.ts'
import type { FoundColumns } from './columns.ts'
import { groupProblem } from './group.ts'
import type { ReadingOptions } from './reading-options.ts'
import type { Role } from './roles.ts'
import { currencyWords } from './values/currency-marks.ts'
import { dateReader } from './values/dates.ts'
import { Problem } from './values/problem.ts'
import { recognizedReference, referenceReader } from './values/references.ts'
import { compileTemplate, emptyAlternatives } from './values/templates.ts'
import { type ValueOf, isMissing, plainText } from './values/values.ts'

/** Makes the function that reads the value of a role; undefined if the file does not have the role. */
export type ReaderOfRole = (
  role: Role,
  options?: { readonly isLoose?: boolean },
) => ((value: ValueOf) => unknown) | undefined

/** What the values of the roles are read from: their columns, and the texts that the options set. */
export function roleReaders(
  columns: readonly string[],
  { indexes }: FoundColumns,
  { set = {}, areKeys }: Pick<ReadingOptions, 'set'> & { readonly areKeys: boolean },
): ReaderOfRole {
  return (role, { isLoose = false } = {}) => {
    const index = indexes[role]
    const template = set[role]
    if (template === undefined) return index === undefined ? undefined : (value) => value(index)
    const compiled = compileTemplate(template, columns, {
      areKeys,
      isLoose,
      option: `--set ${role}`,
    })
    const put = !WHOLE_ROLES.has(role)
      ? compiled
      : (value: ValueOf) =>
          compiled(value) ??
          emptyProblem(role, emptyAlternatives(template, columns, { value, areKeys }))
    if (index === undefined) return put
    return (value) => {
      const found = value(index)
      return isMissing(found) ? put(value) : found
    }
  }
}

/** The roles whose text is refused if a column in it is empty, because half of an id or of a date is another one. */
const WHOLE_ROLES: ReadonlySet<Role> = new Set([
  'from',
  'to',
  'account',
  'counterparty',
  'effectiveAt',
  'holdId',
  'expiresAt',
])

const emptyProblem = (role: Role, names: readonly string[]): Problem =>
  new Problem(
    `the ${role} cannot be put together, because ${names.map((name) => quote(name)).join(' and ')}, which --set ${role} names, ${names.length === 1 ? 'is' : 'are'} empty: to name a text for such lines, write {${printable(names.join('|'))}|'TEXT'}`,
  )

/** Makes the function that reads the id of a transfer or a hold, with its prefix; undefined if no record has one. */
export function idReader(
  role: 'transferId' | 'holdId',
  readerOf: ReaderOfRole,
  { idPrefix = '' }: ReadingOptions,
): ((value: ValueOf) => unknown) | undefined {
  const read = readerOf(role)
  if (!read || idPrefix === '') return read
  return (value) => {
    const id = read(value)
    return isMissing(id) || id instanceof Problem ? id : `${idPrefix}${plainText(id)}`
  }
}

/** Makes the function that reads the line's currency; it returns undefined if nothing names one. */
export function currencyReader(
  readerOf: ReaderOfRole,
  { currency, currencies, openMissing }: ReadingOptions,
): (value: ValueOf) => unknown {
  const read = readerOf('currency')
  if (!read) return () => currency
  const codeOf = currencyWords(currencies)
  // An account that is opened on the way gets the line's currency, so a word must not get as far as that.
  const isStrict = currencies !== undefined || (openMissing ?? false) !== false
  return (value) => {
    const found = read(value)
    if (isMissing(found)) return currency
    const code = codeOf(plainText(found))
    if (code !== undefined || !isStrict) return code ?? found
    return new Problem(
      `the currency ${quote(found)} is neither an ISO 4217 code nor a word that --currencies names: name it with --currencies ${quote(found)}=CODE`,
    )
  }
}

/** Makes the function that reads the reference; undefined if no record has one. */
export function referenceReaderOf(
  readerOf: ReaderOfRole,
  { map = {}, set = {}, cutReference = false }: ReadingOptions,
): ((value: ValueOf) => unknown) | undefined {
  const read = readerOf('reference', { isLoose: true })
  if (!read) return undefined
  const isRecognized = map.reference === undefined && set.reference === undefined
  const readText = isRecognized ? recognizedReference : referenceReader({ isCut: cutReference })
  return (value) => {
    const found = read(value)
    const reference = isMissing(found) ? undefined : readText(found)
    return isMissing(reference) ? undefined : reference
  }
}

/** Makes the function that reads the group; undefined if no record has one. */
export function groupReader(readerOf: ReaderOfRole): ((value: ValueOf) => unknown) | undefined {
  const read = readerOf('group')
  if (!read) return undefined
  return (value) => {
    const group = read(value)
    if (isMissing(group)) return undefined
    const problem = groupProblem(group)
    return problem === undefined ? group : new Problem(problem)
  }
}

/** Makes the function that reads when the transfer happened; undefined if no record says so. */
export function effectiveAtReader(
  readerOf: ReaderOfRole,
  { map = {}, set = {}, dateFormat, timeZone = 'UTC' }: ReadingOptions,
  onZoneUsed: () => void,
): ((value: ValueOf) => IdentifiedRequest['effectiveAt'] | Problem) | undefined {
  const { effectiveAt: column } = map
  // An object may leave out the key, which counts as an empty value.
  const read = readerOf('effectiveAt') ?? (typeof column === 'string' && (() => undefined))
  if (!read) return undefined
  const hint =
    typeof column === 'string' && set.effectiveAt !== undefined
      ? `; the value is that of ${quote(column)}, because --map wins over --set: to use the text of --set effectiveAt, leave out --map effectiveAt`
      : ''
  const readDate = dateReader({ dateFormat, timeZone, onZoneUsed })
  // A line without a date, such as a total at the end, must not be posted as of now where the options name the date.
  const missing =
    typeof column === 'string'
      ? `the column of the effectiveAt, ${quote(column)}, is empty: leave such lines out with --where ${quote(`${column}!=`)}, or name a date for them with --set effectiveAt=DATE`
      : undefined
  return (value) => {
    const found = read(value)
    if (found instanceof Problem) return found
    if (!isMissing(found)) {
      const date = readDate(found)
      return date instanceof Problem && hint !== '' ? new Problem(date.text + hint) : date
    }
    return missing === undefined ? undefined : new Problem(missing)
  }
}

/** Makes the function that reads when a hold expires; undefined if no record says so. An empty value is never. */
export function expiresAtReader(
  readerOf: ReaderOfRole,
  { dateFormat, timeZone = 'UTC' }: ReadingOptions,
  onZoneUsed: () => void,
): ((value: ValueOf) => Date | undefined | Problem) | undefined {
  const read = readerOf('expiresAt')
  if (!read) return undefined
  const readDate = dateReader({ dateFormat, timeZone, onZoneUsed })
  return (value) => {
    const found = read(value)
    if (isMissing(found)) return undefined
    const date = found instanceof Problem ? found : readDate(found)
    return date instanceof Problem ? new Problem(`expiresAt: ${date.text}`) : date
  }
}
