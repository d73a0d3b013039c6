import type { ReadingOptions } from './reading-options.ts'
import { type Role, STATEMENT_ROLES } from './roles.ts'
import { isKnownDate, possibleFormats } from './values/dates.ts'

/** A column of a file, as the options let it be read. */
export interface ExplainedColumn {
  /** Its name; `#3` if it has none, or shares it. In JSON also a dotted name. */
  readonly name: string
  readonly role?: Role
  /** Whether the options map it to its role, or its name is recognized. */
  readonly how?: 'mapped' | 'recognized'
  /** Its first values as text. */
  readonly values: readonly string[]
}

/**
 * Words in the names of columns that suggest a role, in some languages of Europe. They are good enough for a proposal
 * that a person checks, and too vague to be recognized without one.
 */
const SUGGESTIVE_NAMES: readonly (readonly [Role, RegExp])[] = [
  [
    'counterparty',
    /gegenkonto|tegenrekening|counterpart|beneficiary|payee|empf.nger|(?:creditor|debtor).*iban/i,
  ],
  ['counterparty', /\biban\b/i],
  ['account', /^(?:konto|rekening|account|compte|cuenta|conto|auftragskonto|iban)/i],
  ['debit', /^(?:d.bit|soll|belastung|withdrawal|paid.?out|money.?out)/i],
  ['credit', /^(?:cr.dit|haben|gutschrift|deposit|paid.?in|money.?in)/i],
  ['direction', /af.?bij|soll.?haben|debit.?credit|credit.?debit|^d\/?c$/i],
  ['amount', /amount|betrag|bedrag|montant|importe|importo|kwota|umsatz$/i],
  ['currency', /currency|w.hrung|waehrung|devise|munt|divisa|moneda/i],
  [
    'reference',
    /verwendungszweck|omschrijving|mededeling|libell|descri|concepto|causale|text|details/i,
  ],
]

/** The options with what the columns and their first values suggest. */
export function proposeFormat(
  columns: readonly ExplainedColumn[],
  given: ReadingOptions,
): ReadingOptions {
  const options = withoutUndefined(given)
  const map: { [role in Role]?: string } = {}
  const set: { [role in Role]?: string } = {}
  const free = new Set(columns.filter(({ role }) => role === undefined))
  const has = (role: Role) =>
    (map[role] ?? set[role] ?? options.set?.[role]) !== undefined ||
    columns.some((column) => column.role === role)
  const propose = (role: Role, found: readonly ExplainedColumn[]) => {
    const [first, ...others] = has(role) ? [] : found
    if (!first) return
    for (const column of [first, ...others]) free.delete(column)
    if (others.length === 0) map[role] = first.name
    else set[role] = `{${found.map(({ name }) => name).join('|')}}`
  }
  const hasSides = has('from') && has('to')
  propose(
    'effectiveAt',
    [...free].filter(({ values }) => formatsOf(values) !== undefined).slice(0, 1),
  )
  for (const [role, pattern] of SUGGESTIVE_NAMES) {
    if (hasSides && isOfStatement(role)) continue
    if (role === 'amount' && (has('debit') || has('credit'))) continue
    const found = [...free].filter(({ name }) => pattern.test(name))
    propose(role, role === 'counterparty' && areAlternatives(found) ? found : found.slice(0, 1))
  }
  if (!hasSides && has('counterparty') && !has('account')) set.account = 'YOUR-ACCOUNT'
  const valuesOf = (roles: readonly Role[]) =>
    columns.flatMap(({ name, role, values }) =>
      roles.some((each) => role === each || map[each] === name) ? values : [],
    )
  const [dateFormat] = formatsOf(valuesOf(['effectiveAt'])) ?? []
  return withoutUndefined({
    ...spellingOf(valuesOf(['amount', 'debit', 'credit'])),
    dateFormat,
    ...options,
    map: orUndefined({ ...options.map, ...map }),
    set: orUndefined({ ...options.set, ...set }),
  })
}

const isOfStatement = (role: Role): boolean => (STATEMENT_ROLES as readonly Role[]).includes(role)

/** Whether each record has a value in only one of the columns, as in those of a creditor and a debtor. */
const areAlternatives = (columns: readonly ExplainedColumn[]): boolean =>
  columns.length > 1 &&
  (columns[0]?.values ?? []).every(
    (_, index) => columns.filter(({ values }) => values[index] !== '').length < 2,
  )

const orUndefined = <Value extends object>(value: Value): Value | undefined =>
  Object.keys(value).length === 0 ? undefined : value

const withoutUndefined = (options: ReadingOptions): ReadingOptions =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))

/**
 * The formats in which values could be dates: none if they are in well-known forms, undefined if they are not dates. If
 * the day and the month could be swapped, the day comes first.
 */
function formatsOf(values: readonly string[]): readonly string[] | undefined {
  const found = values.filter((value) => value !== '')
  if (found.length === 0) return undefined
  if (found.every(isKnownDate)) return []
  const [first = [], ...others] = found.map(possibleFormats)
  const common = first.filter((format) => others.every((formats) => formats.includes(format)))
  return common.length === 0 ? undefined : common
}

/** How amounts seem to be spelled; nothing if that is not clear. */
function spellingOf(values: readonly string[]): Pick<ReadingOptions, 'decimal' | 'thousands'> {
  const numbers = values.map((value) => /\d(?:.*\d)?/.exec(value)?.[0] ?? '')
  const marks = new Set(numbers.map((number) => /([.,])\d{1,2}$/.exec(number)?.[1]))
  const decimal = marks.has(',') ? ',' : '.'
  if (marks.has('.') && decimal === ',') return {}
  const group = numbers
    .map((number) => /\d([.,'’\s\u00A0\u2009\u202F])\d{3}(?!\d)/.exec(number)?.[1])
    .find((mark) => mark !== undefined && mark !== decimal)
  const thousands =
    group === undefined ? undefined : group === '’' ? "'" : /\s/.test(group) ? ' ' : group
  return {
    ...(decimal === ',' && { decimal }),
    ...(thousands !== undefined && { thousands: thousands as ReadingOptions['thousands'] }),
  }
}
