import { quote } from '../../messages.ts'
import { ColumnSurvey, LEAST_SHARE } from './column-survey.ts'
import type { ReadingOptions } from './reading-options.ts'
import { type Role, STATEMENT_ROLES } from './roles.ts'
import { OF_OTHER_MONEY, SUGGESTIVE_NAMES, currencyIn } from './suggestive-names.ts'

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

export interface Proposal {
  readonly proposal: ReadingOptions
  /** What a person has to decide or replace. */
  readonly notes: readonly string[]
}

interface ProposalOptions {
  readonly given: ReadingOptions
  /** How many records were looked at. */
  readonly count: number
  /** What all values of a column show, by its name. */
  readonly surveys: ReadonlyMap<string, ColumnSurvey>
  readonly isJson: boolean
}

/**
 * The options with what the columns and their values suggest. What could mean two things is left out, and a note lists
 * both.
 */
export function proposeFormat(
  columns: readonly ExplainedColumn[],
  { given, count, surveys, isJson }: ProposalOptions,
): Proposal {
  const options = withoutUndefined(given)
  const map: { [role in Role]?: string } = {}
  const set: { [role in Role]?: string } = {}
  const notes: string[] = []
  const free = new Set(columns.filter(({ role }) => role === undefined))
  const surveyOf = ({ name }: ExplainedColumn) => surveys.get(name)
  const areAmounts = (column: ExplainedColumn) => surveyOf(column)?.areAmounts ?? false
  const areDates = (column: ExplainedColumn) => surveyOf(column)?.dates !== undefined
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
  const isOfTransfers =
    (has('from') && has('to')) ||
    SIDES.some((role) => typeof (options.map?.[role] ?? options.set?.[role]) === 'string')
  const isOftenEmpty = (column: ExplainedColumn) =>
    filled(column) < count * LEAST_SHARE && count - filled(column) > 1
  const filled = (column: ExplainedColumn) => surveyOf(column)?.filled ?? 0
  /** Whether the values can have a role that is suggested by the name. */
  function isPossible(role: Role, column: ExplainedColumn): boolean {
    if (filled(column) === 0) return false
    // What the account got is in its own currency. A column that is often empty is about something else.
    if (role === 'amount' || role === 'currency') {
      return !OF_OTHER_MONEY.test(column.name) && filled(column) >= count * LEAST_FILLED
    }
    const isConstant = surveyOf(column)?.isConstant ?? false
    if (role === 'counterparty') return !isConstant
    // The IBAN in a statement is that of the other side, unless all lines have the same.
    return role !== 'account' || isConstant || !/iban/i.test(column.name)
  }
  propose('effectiveAt', [...free].filter(areDates).slice(0, 1))
  for (const [role, pattern] of SUGGESTIVE_NAMES) {
    if (isOfTransfers && isRoleOfStatement(role)) continue
    if (role === 'amount' && (has('debit') || has('credit'))) continue
    const isOfAmounts = AMOUNT_ROLES.includes(role)
    const found = [...free].filter(
      (column) =>
        pattern.test(column.name) &&
        isPossible(role, column) &&
        (isOfAmounts ? areAmounts(column) : ID_ROLES.has(role) || !areAmounts(column)),
    )
    propose(role, role === 'counterparty' && areAlternatives(found) ? found : found.slice(0, 1))
  }
  if (!AMOUNT_ROLES.some(has)) {
    const [only, other] = [...free].filter(
      (column) => areAmounts(column) && ColumnSurvey.amountsOf(surveysOf([column])).hasDecimals,
    )
    if (only && !other) propose('amount', [only])
  }
  // A file that names only one side is the statement of an account.
  const side = columns.find(
    (column) => column.role !== undefined && SIDES.includes(column.role) && filled(column) > 0,
  )
  if (!isOfTransfers && side) propose('counterparty', [side])
  const isOfStatement = !isOfTransfers && (has('counterparty') || AMOUNT_ROLES.some(has))
  // A total has no date. With a counterparty for all lines and no date, it would be a transfer.
  if (isOfStatement && !has('counterparty') && has('effectiveAt')) {
    set.counterparty = OUTSIDE
    notes.push(
      `no column seems to name the other side, so set.counterparty is one account for all: replace ${OUTSIDE}, or put it together from columns, as in {Name}`,
    )
  }
  const partner = columns.find(({ name }) => name === map.counterparty)
  if (partner && has('effectiveAt') && isOftenEmpty(partner)) {
    set.counterparty = OUTSIDE
    notes.push(
      `set.counterparty is for the lines in which ${quote(partner.name)} is empty: replace ${OUTSIDE}, or put it together from other columns, as in {Name}`,
    )
  }
  if (isOfStatement && !has('account')) {
    set.account = 'YOUR-ACCOUNT'
    notes.push(
      'set.account is a placeholder: replace YOUR-ACCOUNT with the id of the account that the file is the statement of',
    )
  }
  function surveysOf(found: readonly ExplainedColumn[]): ColumnSurvey[] {
    return found.map(surveyOf).filter((survey) => survey !== undefined)
  }
  const columnsOf = (roles: readonly Role[]) =>
    columns.filter(({ name, role }) => roles.some((each) => role === each || map[each] === name))
  const dates = columnsOf(['effectiveAt'])
  const amounts = columnsOf(AMOUNT_ROLES)
  const debits = ColumnSurvey.amountsOf(surveysOf(columnsOf(['debit'])))
  const dateFormat = options.dateFormat === undefined ? dateFormatOf(dates, surveysOf(dates)) : {}
  const isSpelled = (options.decimal ?? options.thousands) !== undefined
  const spelling = isSpelled ? {} : spellingOf(amounts, surveysOf(amounts), isJson)
  for (const { note } of [dateFormat, spelling]) if (note !== undefined) notes.push(note)
  const [currency] = has('currency') ? [] : amounts.flatMap(({ name }) => currencyIn(name))
  const hasContent = isOfStatement && has('effectiveAt') && AMOUNT_ROLES.some(has)
  const idFrom = [
    'effectiveAt',
    'account',
    'amount',
    ...(map.counterparty === undefined ? [] : ['counterparty']),
    ...(has('reference') ? ['reference'] : []),
  ]
  const proposal = withoutUndefined({
    ...spelling.options,
    ...dateFormat.options,
    ...(debits.areNegative && { signedDebit: true }),
    ...(currency !== undefined && { currency }),
    ...options,
    map: orUndefined({ ...options.map, ...map }),
    set: orUndefined({ ...options.set, ...set }),
    idFrom: options.idFrom ?? (hasContent && !has('transferId') ? idFrom : undefined),
  })
  return { proposal, notes }
}

/** The share of the records that have an amount and a currency. The others may be totals or notes of the bank. */
const LEAST_FILLED = 0.5

/** The account that stands for all that no column names. */
const OUTSIDE = 'OUTSIDE'

const SIDES: readonly Role[] = ['from', 'to']

const AMOUNT_ROLES: readonly Role[] = ['amount', 'debit', 'credit']

/** The roles whose values may be numbers although they are not amounts. */
const ID_ROLES: ReadonlySet<Role> = new Set(['account', 'counterparty'])

const isRoleOfStatement = (role: Role): boolean =>
  (STATEMENT_ROLES as readonly Role[]).includes(role)

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

interface Suggestion {
  readonly options?: ReadingOptions
  readonly note?: string
}

const namesOf = (columns: readonly ExplainedColumn[]): string =>
  columns.map(({ name }) => quote(name)).join(' and ')

function dateFormatOf(
  columns: readonly ExplainedColumn[],
  [survey]: readonly ColumnSurvey[],
): Suggestion {
  const dates = survey?.dates
  if (!dates || 'known' in dates) return {}
  const [dateFormat, other] = dates.formats
  if (dateFormat === undefined) return {}
  if (other === undefined) return { options: { dateFormat } }
  return {
    note: `the dates of ${namesOf(columns)}, such as ${quote(dates.example)}, can mean two days: add --date-format '${dateFormat}' if the day comes first, or --date-format '${other}' if the month does`,
  }
}

/** How amounts are spelled; a note if they can be read in two ways. */
function spellingOf(
  columns: readonly ExplainedColumn[],
  surveys: readonly ColumnSurvey[],
  isJson: boolean,
): Suggestion {
  if (surveys.length === 0) return {}
  const { spellings, example, needsSpelling } = ColumnSurvey.amountsOf(surveys)
  const [first = {}] = spellings
  const isPlain = first.decimal === '.' && first.thousands === ''
  // A number of JSON has a point before its decimals.
  if (isPlain && (isJson || !needsSpelling)) return {}
  if (spellings.length > 1 && example !== undefined) {
    const ways = spellings.map(
      ({ decimal = '.', thousands = '' }) =>
        `--decimal ${quote(decimal)}${thousands === '' ? '' : ` --thousands ${quote(thousands)}`}`,
    )
    return {
      note: `the amounts of ${namesOf(columns)}, such as ${quote(example)}, can mean two things: add ${ways.join(', or ')}`,
    }
  }
  const { decimal, thousands } = first
  return {
    options: {
      ...((decimal === ',' || isPlain) && { decimal }),
      ...(thousands !== '' && { thousands }),
    },
  }
}
