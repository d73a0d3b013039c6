import { isUtf8 } from 'node:buffer'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { isLosslessNumber, parse } from 'lossless-json'
import { InputError, LedgerError } from '../errors.ts'
import { isEffectiveAt } from '../ledger/effective-at.ts'
import {
  type OpeningReading,
  type OpeningRequest,
  readRepeatableOpening,
} from '../ledger/opening.ts'
import type { OwnFields } from '../ledger/own-fields.ts'
import type { AccountRecord } from '../ledger/records.ts'
import { openProblem, quote } from '../messages.ts'
import { toDecimal } from '../money/money.ts'
import { type AccountFormat, tableAccounts } from './account-table.ts'
import { SEEDED_AT } from './fake-accounts.ts'

/**
 * Reads the accounts of a JSON file (one array), of a JSON Lines file (`.jsonl` or `.ndjson`, one account per line), or of
 * a table (`.csv` or `.tsv`, or any file with a format). Numbers are read as text, so that none of them is rounded.
 * @throws InputError naming the file, the entry or line, and the field
 */
export async function* readAccountFile(
  file: string,
  { format, fields, exists }: AccountFileOptions,
): AsyncGenerator<AccountRecord> {
  const positions = new Map<string, string>()
  for await (const { position, value } of entriesOf(file, { format, fields })) {
    const location = `${quote(file)}, ${position}`
    const { record: account, refusal } = readAccount(value, location, fields)
    if (refusal && !(await exists?.(account._id))) throw refusalOf(refusal, location)
    const earlier = positions.get(account._id)
    if (earlier !== undefined) {
      throw new InputError(`${location}: ${earlier} already has accountId ${quote(account._id)}`)
    }
    positions.set(account._id, position)
    yield account
  }
}

export interface AccountFileOptions {
  readonly format?: AccountFormat | undefined
  /** The own fields of the ledger's accounts, if they have any. */
  readonly fields?: OwnFields | undefined
  /** Whether an account exists. Then it may be from before a rule of its own fields. Default: none does. */
  readonly exists?: ((accountId: string) => Promise<boolean>) | undefined
}

async function* entriesOf(
  file: string,
  { format, fields }: Pick<AccountFileOptions, 'format' | 'fields'>,
): AsyncGenerator<Entry> {
  const handle = await openFile(file)
  try {
    if (format || /\.(?:csv|tsv|tab)(?:\.gz)?$/i.test(file))
      yield* tableAccounts(file, format ?? {}, fields)
    else if (/\.(?:jsonl|ndjson)$/i.test(file)) yield* readLines(handle, file)
    else yield* readArray(handle, file)
  } finally {
    await handle.close()
  }
}

async function openFile(file: string): Promise<FileHandle> {
  try {
    // Before it is opened, because opening a pipe waits until another program writes to it.
    if ((await stat(file)).isFile()) return await open(file)
  } catch (error) {
    throw new InputError(`${quote(file)}: ${openProblem(error)}`, { cause: error })
  }
  throw new InputError(
    `${quote(file)} is not a regular file, and accounts are read twice: write them to a file first`,
  )
}

function decode(bytes: Buffer, location: string): string {
  if (isUtf8(bytes)) return new TextDecoder().decode(bytes)
  throw new InputError(
    `${location} is not valid UTF-8: save the file as UTF-8, or unpack it if it is compressed`,
  )
}

interface Entry {
  /** In the file, such as `entry 3` or `line 3`. */
  readonly position: string
  readonly value: unknown
}

async function* readArray(handle: FileHandle, file: string): AsyncGenerator<Entry> {
  const text = decode(await handle.readFile(), quote(file))
  const value = readJson(text, (index) => {
    const textBefore = text.slice(0, index)
    const column = index - textBefore.lastIndexOf('\n')
    return `${quote(file)}, line ${textBefore.split('\n').length}, column ${column}`
  })
  if (!Array.isArray(value)) {
    throw new InputError(
      `${quote(file)} is not an array of accounts: expected [{"accountId": …}, …]. If it has one account per line, let its name end in .jsonl`,
    )
  }
  for (const [index, entry] of value.entries()) {
    yield { position: `entry ${index + 1}`, value: entry }
  }
}

async function* readLines(handle: FileHandle, file: string): AsyncGenerator<Entry> {
  let line = 0
  // As bytes, because as text a Unicode line separator within a holder would also end a line.
  for await (const bytes of handle.readLines({ encoding: 'latin1', autoClose: false })) {
    line += 1
    if (bytes.trim() === '') continue
    const position = `line ${line}`
    const location = `${quote(file)}, ${position}`
    const text = decode(Buffer.from(bytes, 'latin1'), location)
    const locate = (index: number) => `${location}, column ${index + 1}`
    yield { position, value: readJson(text, locate) }
  }
}

function readJson(text: string, locate: (index: number) => string): unknown {
  try {
    return plainNumbers(parse(text))
  } catch (error) {
    const { message } = error as Error
    const [, problem = message, index = 0] = /^(.*) at position (\d+)$/s.exec(message) ?? []
    throw new InputError(`${locate(Number(index))}: this is not JSON: ${problem}`, {
      cause: error,
    })
  }
}

/** Numbers of an account as text, so that none is rounded; those of metadata as numbers, because they are not money. */
function plainNumbers(value: unknown, convert: (text: string) => unknown = String): unknown {
  if (isLosslessNumber(value)) return convert(value.value)
  if (Array.isArray(value)) return value.map((part) => plainNumbers(part, convert))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [
      key,
      plainNumbers(part, key === 'metadata' ? Number : convert),
    ]),
  )
}

const FIELDS = [
  'accountId',
  'holder',
  'currency',
  'openingBalance',
  'overdraftLimit',
  'status',
  'createdAt',
  'metadata',
]
const STATUSES = ['open', 'frozen', 'closed'] as const

function readAccount(
  value: unknown,
  location: string,
  fields: OwnFields | undefined,
): OpeningReading {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InputError(`${location}: ${quote(value)} is not an account: expected an object`)
  }
  const known = fields ? [...FIELDS, ...fields.names] : FIELDS
  const unknownField = Object.keys(value).find((field) => !known.includes(field))
  if (unknownField !== undefined) {
    throw new InputError(
      `${location}: unknown field ${quote(unknownField)}: expected ${known.join(', ')}`,
    )
  }
  const {
    status: requestedStatus = 'open',
    createdAt,
    ...request
  } = value as OpeningRequest & { accountId: string; status?: unknown; createdAt?: unknown }
  // An exported account has a history, so its status and limit need not fit its opening balance.
  const isExported = createdAt !== undefined
  const openedAt = isExported ? readTime(createdAt, location) : SEEDED_AT
  const withFields = { ...request, ...fields?.fromTexts(request) }
  const reading = readRepeatableOpening(withFields, openedAt, { hasHistory: isExported, fields })
  if (reading instanceof LedgerError) throw refusalOf(reading, location)
  const { record, refusal } = reading
  const status = STATUSES.find((each) => each === requestedStatus)
  if (!status) {
    throw new InputError(
      `${location}: status ${quote(requestedStatus)} is not one of ${STATUSES.join(', ')}`,
    )
  }
  if (status === 'closed' && !isExported && !toDecimal(record.balance).isZero()) {
    throw new InputError(
      `${location}: openingBalance ${record.balance.toString()} is not zero, as that of a closed account must be`,
    )
  }
  const isBelowLimit = toDecimal(record.balance).lt(toDecimal(record.overdraftLimit).neg())
  // Its limit was lowered after it was opened, which is an update.
  const updatedAt = isBelowLimit ? new Date(openedAt.getTime() + 1) : openedAt
  return { record: { ...record, status, updatedAt }, refusal }
}

const refusalOf = (cause: LedgerError, location: string): InputError =>
  new InputError(`${location}: ${cause.message}`, { cause })

function readTime(value: unknown, location: string): Date {
  const date = new Date(typeof value === 'string' ? value : NaN)
  if (isEffectiveAt(date) && date.toISOString() === value) return date
  throw new InputError(
    `${location}: createdAt ${quote(value)} is not a time such as 2026-01-31T09:30:00.000Z, as daybook export writes it: leave it out of new accounts`,
  )
}
