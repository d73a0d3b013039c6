import { quote } from '../../messages.ts'
import { columnByNumber, columnsByKnownName, indexesOf } from './column-names.ts'
import { HOLD_ROLES, ROLES, type Role, STATEMENT_ROLES } from './roles.ts'

/**
 * The column of each role, by name. In a file with columns `#3` is the third column. Null means that no
 * column has the role, whatever its name.
 */
export type ColumnMap = { readonly [role in Role]?: string | null | undefined }

/**
 * Texts for roles. `{COLUMN}` in a text stands for a column's value. The text of a role that is also mapped to
 * a column is for the records in which that column is empty.
 */
export type RoleTexts = { readonly [role in Role]?: string | undefined }

type ColumnIndexes = { readonly [role in Role]?: number | undefined }

/** Where the values of the roles are. */
export interface FoundColumns {
  readonly indexes: ColumnIndexes
  /** Whether it is a statement, with an account and its counterparties, instead of senders and receivers. */
  readonly isStatement: boolean
  /** Whether its records may be about holds. */
  readonly hasHolds: boolean
}

export interface ColumnOptions {
  readonly map: ColumnMap
  readonly set?: RoleTexts | undefined
  /** Whether the names are the keys of an object. Keys have no order, and an object may leave some out. */
  readonly areKeys?: boolean
  /** Names of values within an object. They have a role only if the options name them. */
  readonly nested?: ReadonlySet<string> | undefined
}

/** Whether the options say that a role has a column or a text. */
const isNamed = (role: Role, { map, set = {} }: Omit<ColumnOptions, 'areKeys'>): boolean =>
  typeof map[role] === 'string' || set[role] !== undefined

/** Whether the options describe a statement: one account, its counterparties, and amounts that go both ways. */
export const isStatement = (options: Omit<ColumnOptions, 'areKeys'>): boolean =>
  STATEMENT_ROLES.some((role) => isNamed(role, options))

/** The roles without which a record is not a transfer, apart from an amount in `debit` or `credit`. */
export const requiredRoles = (options: Omit<ColumnOptions, 'areKeys'>): readonly Role[] =>
  isStatement(options) ? ['account', 'counterparty', 'amount'] : ['from', 'to', 'amount']

/**
 * The indexes of the columns that may have a role: those that it is mapped to, or else those with a known
 * name. There are none if the options set a text for it.
 */
export function candidateColumns(
  columns: readonly string[],
  role: Role,
  { map, set = {}, areKeys = false, nested }: ColumnOptions,
): readonly number[] {
  const name = map[role]
  if (name === null) return []
  if (name === undefined) {
    if (set[role] !== undefined) return []
    const own = nested ? columns.map((column) => (nested.has(column) ? '' : column)) : columns
    const found = columnsByKnownName(own, role)
    // A column has the role that the options give it, whatever its name. Without a role that is needed, they contradict the file.
    if (requiredRoles({ map, set }).includes(role)) return found
    const isFree = (index: number) => !isMapped(columns, index, { map, areKeys })
    return found.every(isFree) ? found : found.filter(isFree)
  }
  return columnsNamed(columns, name, areKeys)
}

/** Whether the options map a column to a role. */
const isMapped = (
  columns: readonly string[],
  index: number,
  { map, areKeys }: { readonly map: ColumnMap; readonly areKeys: boolean },
): boolean =>
  Object.values(map).some(
    (name) => typeof name === 'string' && columnsNamed(columns, name, areKeys).includes(index),
  )

/** The indexes of the columns with a name, or of the one with a number such as `#3`. */
function columnsNamed(
  columns: readonly string[],
  name: string,
  areKeys: boolean,
): readonly number[] {
  const exact = indexesOf(columns, (column) => column === name)
  return exact.length > 0 || areKeys ? exact : columnByNumber(columns, name)
}

/** Columns that the options do not fit: one is missing, or several could be meant. */
export class ColumnsError extends Error {}

/**
 * The index of a column that `option` names by its name or its number. Undefined for a key that an object
 * leaves out.
 * @throws ColumnsError
 */
export function namedColumn(
  columns: readonly string[],
  name: string,
  { option, areKeys }: { readonly option: string; readonly areKeys: boolean },
): number | undefined {
  const [index, other] = columnsNamed(columns, name, areKeys)
  if (other !== undefined) {
    throw new ColumnsError(
      `more than one column is named ${quote(name)}, as ${option} says: give a number, such as #${other + 1}`,
    )
  }
  if (index !== undefined || areKeys) return index
  throw new ColumnsError(
    `no column is named ${quote(name)}, as ${option} says: the columns are ${listColumns(columns)}`,
  )
}

/**
 * Finds the column of each role.
 * @throws ColumnsError if a role has no column, or more than one
 */
export function findColumns(columns: readonly string[], options: ColumnOptions): FoundColumns {
  const { map, set = {}, areKeys = false } = options
  const indexes: { [role in Role]?: number } = {}
  const { roles, required, hasHolds = false } = rolesToFind(columns, options)
  for (const role of roles) {
    const found = candidateColumns(columns, role, options)
    const [index] = found
    if (index === undefined) {
      const isSet = set[role] !== undefined
      const isMissing = typeof map[role] === 'string' && !areKeys
      if (isMissing || (required.includes(role) && !isSet)) {
        throw new ColumnsError(missingColumn(columns, role, options))
      }
      continue
    }
    if (found.length > 1) throw new ColumnsError(ambiguous(columns, role, { found, areKeys }))
    indexes[role] = index
  }
  const taken = new Map<number, Role>()
  for (const role of ROLES) {
    const index = indexes[role]
    if (index === undefined) continue
    const other = taken.get(index)
    if (other) {
      throw new ColumnsError(
        `column ${quote(columns[index])} is mapped to both ${other} and ${role}: map each to a column of its own`,
      )
    }
    taken.set(index, role)
  }
  return { indexes, isStatement: isStatement(options), hasHolds }
}

interface RolesToFind {
  readonly roles: readonly Role[]
  readonly required: readonly Role[]
  readonly hasHolds?: boolean
}

/** The roles whose columns are recognized in a file with these columns. Those of a statement are all but those of holds. */
export function recognizedRoles(
  columns: readonly string[],
  options: ColumnOptions,
): readonly Role[] {
  if (isStatement(options)) return ROLES.filter((role) => !isIn(HOLD_ROLES, role))
  const has = (role: Role) =>
    isNamed(role, options) || candidateColumns(columns, role, options).length > 0
  const hasHolds =
    has('action') || has('holdId') || HOLD_ROLES.some((role) => isNamed(role, options))
  return ROLES.filter(
    (role) => !isIn(STATEMENT_ROLES, role) && (hasHolds || !isIn(HOLD_ROLES, role)),
  )
}

const isIn = (roles: readonly Role[], role: Role): boolean => roles.includes(role)

/** The roles that a file can have: those of a statement, or those of transfers with a sender and a receiver. */
function rolesToFind(columns: readonly string[], options: ColumnOptions): RolesToFind {
  const required = requiredRoles(options)
  const has = (role: Role) =>
    isNamed(role, options) || candidateColumns(columns, role, options).length > 0
  if (!isStatement(options)) {
    const roles = recognizedRoles(columns, options)
    // Which of them a record needs depends on its action.
    return { roles, required: has('action') ? [] : required, hasHolds: roles.includes('action') }
  }
  const others = recognizedRoles(columns, options).filter((role) => !isIn(SIDE_ROLES, role))
  const withAmount = { roles: [...others, 'amount', 'direction'] as const, required }
  const withSides = {
    roles: [...others, 'debit', 'credit'] as const,
    required: required.filter((role) => role !== 'amount'),
  }
  const isSided = has('debit') || has('credit')
  if (isNamed('debit', options) || isNamed('credit', options)) return withSides
  if (isNamed('amount', options) || isNamed('direction', options) || !isSided) return withAmount
  if (!has('amount')) return withSides
  throw new ColumnsError(
    'the file has columns for an amount and for debit or credit: choose with --map amount=COLUMN, or with --map debit=COLUMN,credit=COLUMN',
  )
}

const SIDE_ROLES = ['from', 'to', 'amount', 'debit', 'credit', 'direction'] as const

/** Why no column has a role, and what to do. */
export function missingColumn(
  columns: readonly string[],
  role: Role,
  { map, areKeys = false }: ColumnOptions,
): string {
  const name = map[role]
  const found =
    typeof name === 'string'
      ? `no column is named ${quote(name)}`
      : `no column was found for ${quote(role)}`
  const number = !areKeys && new Set(columns).size < columns.length ? ' by name or number' : ''
  const hint = areKeys && name?.startsWith('#') ? ' (a name, because keys have no numbers)' : ''
  return `${found}: the columns are ${listColumns(columns)}; choose one${number} with --map ${role}=COLUMN${hint}${statementHint(columns, role)}`
}

/** What to do if a file without senders and receivers looks like a statement. */
function statementHint(columns: readonly string[], role: Role): string {
  if (role === 'account') return ', or name the account with --set account=ACCOUNT'
  if (role === 'counterparty') return ', or name an account with --set counterparty=ACCOUNT'
  const isLike = (['counterparty', 'debit', 'direction', 'amount'] as const).some(
    (each) => columnsByKnownName(columns, each).length > 0,
  )
  return isLike && (role === 'from' || role === 'to')
    ? '; if this is the statement of an account, map account and counterparty instead of from and to, or name them with --set'
    : ''
}

function ambiguous(
  columns: readonly string[],
  role: Role,
  { found, areKeys }: { found: readonly number[]; areKeys: boolean },
): string {
  const names = found
    .slice(0, MAX_LISTED)
    .map((index) => (areKeys ? quote(columns[index]) : `${quote(columns[index])} (#${index + 1})`))
  const choice = areKeys ? 'COLUMN' : `#${Number(found[0]) + 1}`
  return `more than one column can be ${quote(role)}: ${names.join(' and ')}; choose one, as in --map '${role}=${choice}'`
}

/** The columns for a message. Those that share a name get their numbers. */
function listColumns(columns: readonly string[]): string {
  const named = columns.slice(0, MAX_LISTED).map((column, index) => {
    const isShared = columns.indexOf(column) !== columns.lastIndexOf(column)
    return isShared ? `${quote(column)} (#${index + 1})` : quote(column)
  })
  return columns.length > MAX_LISTED
    ? `${named.join(', ')} … (${columns.length} in all)`
    : named.join(', ')
}

const MAX_LISTED = 40
