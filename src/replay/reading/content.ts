import type { HoldAction } from '../../ledger/holds/hold-request.ts'
import type { LedgerRequest } from '../../ledger/ledger-request.ts'
import type { IdentifiedRequest } from '../../ledger/request.ts'
import { quote } from '../../messages.ts'
import { ColumnsError, namedColumn } from './columns.ts'
import type { ReaderOfRole } from './role-readers.ts'
import { isRole } from './roles.ts'
import type { Content } from './values/content-ids.ts'
import { type ValueOf, plainText } from './values/values.ts'

/** The values that an id of a record's content is made of. */
export type ContentOf = (value: ValueOf, request: LedgerRequest) => Content

/** What a request may have of the roles, whatever it asks for. */
type Asked = {
  readonly [Name in 'from' | 'to' | 'amount' | 'currency' | 'effectiveAt' | 'reference']?:
    IdentifiedRequest[Name] | undefined
} & { readonly kind?: HoldAction['kind'] | undefined; readonly holdId?: string | undefined }

type Part = (value: ValueOf, request: Asked) => string

interface ContentOptions {
  readonly readerOf: ReaderOfRole
  readonly areKeys: boolean
}

/**
 * Makes the function that collects the values of these names. The name of a role stands for what was read, so that
 * an id does not depend on how a file spells it; any other name is a column's. In a statement the amount has its sign,
 * unless the sender and the receiver are among the names: then both sides of one transfer have the same values.
 * @throws ColumnsError
 */
export function compileContent(
  names: readonly string[],
  columns: readonly string[],
  { readerOf, areKeys }: ContentOptions,
): ContentOf {
  const account = readerOf('account')
  const isOutgoing: (value: ValueOf, request: Asked) => boolean = account
    ? (value, { from }) => from === account(value)
    : () => false

  const areSidesNamed = names.includes('from') && names.includes('to')

  function partOf(name: string): Part {
    const column = () => {
      const index = namedColumn(columns, name, { option: '--id-from', areKeys })
      return (value: ValueOf) => (index === undefined ? '' : plainText(value(index)))
    }
    if (!isRole(name)) return column()
    if (name === 'amount') {
      return areSidesNamed
        ? (_, request) => shortest(request.amount)
        : (value, request) => (isOutgoing(value, request) ? '-' : '') + shortest(request.amount)
    }
    if (name === 'from' || name === 'to' || name === 'currency') {
      return (_, request) => plainText(request[name])
    }
    const read = readerOf(name)
    if (read && name === 'effectiveAt') {
      return (_, { effectiveAt }) => effectiveAt?.toISOString() ?? ''
    }
    if (read && name === 'reference') return (_, { reference }) => plainText(reference)
    if (read) return (value) => plainText(read(value))
    if (areKeys || columns.includes(name)) return column()
    throw new ColumnsError(
      `--id-from names ${quote(name)}, but no column has that role: add --map ${name}=COLUMN`,
    )
  }

  const parts = names.map(partOf)
  const sideOf =
    account && areSidesNamed
      ? (value: ValueOf, request: Asked) => (isOutgoing(value, request) ? 'from' : 'to')
      : () => undefined
  return (value, request: Asked) => {
    const values = parts.map((part) => part(value, request))
    // A hold and a capture of it may have the values of a transfer, and are others.
    if (request.kind !== undefined) values.unshift(request.kind, request.holdId ?? '')
    return { values, side: sideOf(value, request) }
  }
}

/** An amount in the same digits, however many zeros it is written with: 5 for 5.00. */
function shortest(amount: unknown): string {
  const text = plainText(amount)
  const withoutZeros = text.replace(/^0+(?=\d)/, '')
  return withoutZeros.includes('.') ? withoutZeros.replace(/\.?0+$/, '') : withoutZeros
}
