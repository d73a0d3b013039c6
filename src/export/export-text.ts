import { stringify } from 'csv-stringify/sync'
import type { Connection } from 'mongoose'
import { optionsOf, requireFlag } from '../arguments.ts'
import { ownFieldsOf } from '../ledger/own-fields.ts'
import { quote } from '../messages.ts'
import { withoutFormula } from '../replay/reading/csv/formula.ts'
import { inBlocks } from './blocks.ts'
import { type ExportedAccount, exportAccounts } from './export-accounts.ts'
import { exportActions } from './export-actions.ts'
import { type ExportRange, RANGE_KEYS, exportedTransfers } from './export-transfers.ts'
import type { ExportedTransfer } from './exported-transfer.ts'
import { JOURNAL_HEAD, openingEntry, transferEntry } from './hledger.ts'

export const EXPORT_FORMATS = ['csv', 'jsonl', 'hledger'] as const

export interface ExportOptions extends ExportRange {
  /**
   * `csv`: a header, then a line for each record, metadata as JSON. `jsonl`: an object a line. `hledger`: a journal, with
   * an opening balance for each account unless `from` is given.
   */
  readonly format: (typeof EXPORT_FORMATS)[number]
  /** Exports the accounts and not the transfers. Not for `hledger`, which has both. Default: false. */
  readonly accounts?: boolean | undefined
  /** With `csv`: puts an apostrophe before cells that look like a formula. Such a file is not for a replay. Default: false. */
  readonly spreadsheet?: boolean | undefined
}

/** Does the work of `exportText()`, which index.ts documents. */
export async function* exportText(
  connection: Connection,
  options: ExportOptions,
): AsyncGenerator<string, void, undefined> {
  const { format, accounts, spreadsheet, ...range } = optionsOf(options, 'exportText()', {
    ...RANGE_KEYS,
    format: true,
    accounts: true,
    spreadsheet: true,
  })
  if (!format || !EXPORT_FORMATS.includes(format)) {
    throw new RangeError(`format ${quote(format)} is not one of ${EXPORT_FORMATS.join(', ')}`)
  }
  requireFlag(accounts, 'accounts')
  requireFlag(spreadsheet, 'spreadsheet')
  if (accounts && format === 'hledger') {
    throw new RangeError(
      'a journal of hledger has transfers and opening balances: leave accounts out',
    )
  }
  if (format === 'hledger') {
    yield* inParts(journal(connection, range))
    return
  }
  const { records, columns } = accounts
    ? accountsToWrite(connection, range)
    : await actionsToWrite(connection, range)
  yield* inParts(format === 'jsonl' ? jsonLines(records) : csvLines(records, columns, spreadsheet))
}

/** How many accounts are written at once. */
const BLOCK = 500

function accountsToWrite(connection: Connection, { account }: ExportRange) {
  const own = ownFieldsOf(connection).account
  const columns = [...ACCOUNT_COLUMNS, ...(own?.names ?? [])]
  return { records: inBlocks(exportAccounts(connection, { account }), BLOCK), columns }
}

async function actionsToWrite(connection: Connection, range: ExportRange) {
  const { hasHolds, actions } = await exportActions(connection, range)
  const own = ownFieldsOf(connection).transfer
  const columns = [
    ...TRANSFER_COLUMNS,
    // The file of books that never had a hold has no empty columns for them.
    ...(hasHolds ? HOLD_COLUMNS : []),
    ...(own?.names ?? []),
  ]
  return { records: actions, columns }
}

const TRANSFER_COLUMNS = [
  'transferId',
  'from',
  'to',
  'amount',
  'currency',
  'reference',
  'effectiveAt',
  'metadata',
  'group',
  'leg',
  'legs',
  'reverses',
  'postedAt',
  'batch',
] as const satisfies readonly (keyof ExportedTransfer)[]

const HOLD_COLUMNS = ['action', 'holdId', 'expiresAt', 'final'] as const

const ACCOUNT_COLUMNS = [
  'accountId',
  'holder',
  'currency',
  'openingBalance',
  'overdraftLimit',
  'status',
  'createdAt',
  'metadata',
] as const satisfies readonly (keyof ExportedAccount)[]

async function* journal(connection: Connection, range: ExportRange): AsyncGenerator<string> {
  yield JOURNAL_HEAD
  const { account, from, by = 'postedAt' } = range
  if (!from)
    for await (const each of exportAccounts(connection, { account })) yield openingEntry(each)
  for await (const block of exportedTransfers(connection, range)) {
    yield block.map((transfer) => transferEntry(transfer, by)).join('')
  }
}

type Blocks = AsyncIterable<readonly object[]>

async function* jsonLines(records: Blocks): AsyncGenerator<string> {
  for await (const block of records) {
    yield block.map((record) => `${JSON.stringify(record)}\n`).join('')
  }
}

async function* csvLines(
  records: Blocks,
  columns: readonly string[],
  isForSpreadsheet = false,
): AsyncGenerator<string> {
  const cast = {
    boolean: String,
    date: (date: Date) => date.toISOString(),
    object: (value: object) => JSON.stringify(value),
    string: (text: string) => (isForSpreadsheet ? withoutFormula(text) : text),
  }
  const options = { columns: [...columns], cast }
  yield stringify([], { ...options, header: true })
  for await (const block of records) yield stringify([...block], options)
}

/** Parts of at least this many characters are written faster than lines. */
const PART_LENGTH = 64 * 1024

async function* inParts(lines: AsyncIterable<string>): AsyncGenerator<string, void, undefined> {
  let part = ''
  for await (const line of lines) {
    part += line
    if (part.length < PART_LENGTH) continue
    yield part
    part = ''
  }
  if (part !== '') yield part
}
