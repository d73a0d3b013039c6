import { quote } from '../../messages.ts'

export const ROLES = ['transferId', 'from', 'to', 'amount', 'currency', 'reference'] as const
type Role = (typeof ROLES)[number]

/**
 * The column of each role, by name. In a file with columns `#3` is the third column. Null means that no
 * column has the role, whatever its name.
 */
export type ColumnMap = { readonly [role in Role]?: string | null | undefined }

/**
 * The names by which a role's column is recognized. Case does not matter, nor do spaces and ` _-.` in a name.
 * Each row is tried only if no column matches a row above it.
 */
const KNOWN_NAMES: Readonly<Record<Role, readonly (readonly string[])[]>> = {
  transferId: [
    ['transferId', 'transactionId', 'paymentId', 'txId', 'txnId', 'transId', 'orderId'],
    ['transferNumber', 'transactionNumber', 'paymentNumber', 'endToEndId'],
    ['id'],
    ['_id'],
  ],
  from: [
    ['fromAccount', 'fromAccountId', 'fromAccountNumber', 'accountFrom', 'fromIban'],
    ['senderAccount', 'senderAccountId', 'sourceAccount', 'sourceAccountId', 'senderIban'],
    ['debitAccount', 'debitAccountId', 'debtorAccount', 'debtorIban', 'debitedAccount'],
    ['payerAccount', 'originatorAccount', 'originAccount', 'nameOrig'],
    ['from', 'sender', 'source', 'debtor', 'payer', 'originator', 'origin'],
  ],
  to: [
    ['toAccount', 'toAccountId', 'toAccountNumber', 'accountTo', 'toIban'],
    ['receiverAccount', 'receiverAccountId', 'recipientAccount', 'receiverIban'],
    ['destinationAccount', 'destinationAccountId', 'targetAccount', 'targetAccountId'],
    ['creditAccount', 'creditAccountId', 'creditorAccount', 'creditorIban', 'creditedAccount'],
    ['payeeAccount', 'beneficiaryAccount', 'beneficiaryIban', 'nameDest'],
    ['to', 'receiver', 'recipient', 'destination', 'target', 'creditor', 'payee'],
    ['beneficiary', 'dest'],
  ],
  amount: [
    ['amount', 'transferAmount', 'transactionAmount', 'paymentAmount', 'amountPaid'],
    ['value', 'sum'],
  ],
  currency: [
    ['currency', 'currencyCode', 'transferCurrency', 'transactionCurrency', 'paymentCurrency'],
    ['ccy'],
  ],
  reference: [
    ['reference', 'paymentReference', 'transferReference', 'remittanceInformation'],
    ['purpose', 'description', 'memo', 'narrative', 'narration'],
  ],
}

export const REQUIRED_ROLES: readonly Role[] = ['from', 'to', 'amount']

export type ColumnIndexes = { readonly [role in Role]?: number | undefined }

/** The index of each role's column, the required ones present. */
export type FoundColumns = ColumnIndexes & {
  readonly from: number
  readonly to: number
  readonly amount: number
}

export interface ColumnOptions {
  readonly map: ColumnMap
  /** Whether the names are the keys of an object. Keys have no order, and an object may leave some out. */
  readonly areKeys?: boolean
}

/**
 * The indexes of the columns that may have a role: those that it is mapped to, or else those with a known
 * name.
 */
export function candidateColumns(
  columns: readonly string[],
  role: Role,
  { map, areKeys = false }: ColumnOptions,
): readonly number[] {
  const name = map[role]
  if (name === null) return []
  if (name === undefined) return columnsByKnownName(columns, role)
  const exact = indexesOf(columns, (column) => column === name)
  return exact.length > 0 || areKeys ? exact : columnByNumber(columns, name)
}

/** Finds the column of each role. Returns the problem if a role has no column, or more than one. */
export function findColumns(
  columns: readonly string[],
  options: ColumnOptions,
): { indexes: FoundColumns } | { problem: string } {
  const { map, areKeys = false } = options
  const indexes: { [role in Role]?: number } = {}
  for (const role of ROLES) {
    const found = candidateColumns(columns, role, options)
    const [index] = found
    if (index === undefined) {
      if (!REQUIRED_ROLES.includes(role) && (typeof map[role] !== 'string' || areKeys)) continue
      return { problem: missing(columns, role, options) }
    }
    if (found.length > 1) return { problem: ambiguous(columns, role, { found, areKeys }) }
    indexes[role] = index
  }
  const taken = new Map<number, Role>()
  for (const role of ROLES) {
    const index = indexes[role]
    if (index === undefined) continue
    const other = taken.get(index)
    if (other) {
      const problem = `column ${quote(columns[index])} is mapped to both ${other} and ${role}: map each to a column of its own`
      return { problem }
    }
    taken.set(index, role)
  }
  return { indexes: indexes as FoundColumns }
}

function missing(
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
  return `${found}: the columns are ${listColumns(columns)}; choose one${number} with --map ${role}=COLUMN${hint}`
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

function columnByNumber(columns: readonly string[], name: string): number[] {
  const number = /^#([1-9]\d{0,5})$/.exec(name)
  return number && Number(number[1]) <= columns.length ? [Number(number[1]) - 1] : []
}

function columnsByKnownName(columns: readonly string[], role: Role): number[] {
  const normalized = columns.map(normalizedName)
  for (const names of KNOWN_NAMES[role]) {
    const known = new Set(names.map(normalizedName))
    const found = indexesOf(normalized, (column) => known.has(column))
    if (found.length > 0) return found
  }
  return []
}

/** A name in lower case, without separators. A leading underscore stays, as in MongoDB's `_id`. */
const normalizedName = (name: string): string => {
  const normalized = name.toLowerCase().replaceAll(/[\s_.-]/g, '')
  return name.startsWith('_') ? `_${normalized}` : normalized
}

const indexesOf = (columns: readonly string[], matches: (column: string) => boolean): number[] =>
  columns.flatMap((column, index) => (matches(column) ? [index] : []))
