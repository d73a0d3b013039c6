import { quote } from '../../messages.ts'

/** What a column of a batch can hold. */
export const ROLES = ['transferId', 'from', 'to', 'amount', 'currency', 'reference'] as const
type Role = (typeof ROLES)[number]

/**
 * The columns' names by what they hold; `#3` names the third column of a file that has columns, and null says that
 * none holds it, however one is called.
 */
export type ColumnMap = { readonly [role in Role]?: string | null | undefined }

/**
 * The spellings known for each role, in capitals or not, with any of ` _-.` within. A row is tried only
 * where no column is spelled as in a row above it.
 */
const SPELLINGS: Readonly<Record<Role, readonly (readonly string[])[]>> = {
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

/** What every transfer has. */
export const REQUIRED_ROLES: readonly Role[] = ['from', 'to', 'amount']

/** Where each role is found: the index of its column. */
export type ColumnIndexes = { readonly [role in Role]?: number | undefined }

/** The same, with the roles that no transfer is without. */
export type FoundColumns = ColumnIndexes & {
  readonly from: number
  readonly to: number
  readonly amount: number
}

export interface ColumnOptions {
  readonly map: ColumnMap
  /** Whether the names are an object's keys: they are in no order, and need not be in every object. */
  readonly areKeys?: boolean
}

/** The indexes of the columns that can hold what a role is, as mapped or by a well-known spelling. */
export function candidateColumns(
  columns: readonly string[],
  role: Role,
  { map, areKeys = false }: ColumnOptions,
): readonly number[] {
  const name = map[role]
  if (name === null) return []
  if (name === undefined) return recognised(columns, role)
  const exact = indexesOf(columns, (column) => column === name)
  return exact.length > 0 || areKeys ? exact : numbered(columns, name)
}

/** Finds the column of each role, as mapped or by a well-known spelling, or says why it can't. */
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
    if (other)
      return { problem: `column ${quote(columns[index])} is mapped as ${other} and as ${role}` }
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
  const what =
    typeof name !== 'string' ? `no column is known as ${role}` : `no column is named ${quote(name)}`
  const hint = areKeys && name?.startsWith('#') ? `, for keys are in no order to be counted` : ''
  const number = !areKeys && new Set(columns).size < columns.length ? ', or its number,' : ''
  return `${what}: the columns are ${list(columns)}; name it${number} with --map ${role}=COLUMN${hint}`
}

function ambiguous(
  columns: readonly string[],
  role: Role,
  { found, areKeys }: { found: readonly number[]; areKeys: boolean },
): string {
  const each = found.map((index) =>
    areKeys ? quote(columns[index]) : `${quote(columns[index])} (#${index + 1})`,
  )
  const choice = areKeys ? 'COLUMN' : `#${Number(found[0]) + 1}`
  return `both ${each.join(' and ')} can be the ${role}: choose one, as in --map '${role}=${choice}'`
}

/** Columns for people; those that share a name with their numbers. */
function list(columns: readonly string[]): string {
  const named = columns.slice(0, LISTED).map((column, index) => {
    const isShared = columns.indexOf(column) !== columns.lastIndexOf(column)
    return isShared ? `${quote(column)} (#${index + 1})` : quote(column)
  })
  return columns.length > LISTED ? `${named.join(', ')} … (${columns.length})` : named.join(', ')
}

const LISTED = 40

function numbered(columns: readonly string[], name: string): number[] {
  const number = /^#([1-9]\d{0,5})$/.exec(name)
  return number && Number(number[1]) <= columns.length ? [Number(number[1]) - 1] : []
}

function recognised(columns: readonly string[], role: Role): number[] {
  const plain = columns.map(plainName)
  for (const spellings of SPELLINGS[role]) {
    const known = new Set(spellings.map(plainName))
    const found = indexesOf(plain, (column) => known.has(column))
    if (found.length > 0) return found
  }
  return []
}

/** A name without capitals and separators; the underscore that leads MongoDB's `_id` stays. */
const plainName = (name: string): string => {
  const plain = name.toLowerCase().replaceAll(/[\s_.-]/g, '')
  return name.startsWith('_') ? `_${plain}` : plain
}

const indexesOf = (columns: readonly string[], matches: (column: string) => boolean): number[] =>
  columns.flatMap((column, index) => (matches(column) ? [index] : []))
