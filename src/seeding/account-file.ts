import { isUtf8 } from 'node:buffer'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { parse } from 'lossless-json'
import { InputError, LedgerError } from '../errors.ts'
import { type OpeningRequest, readOpening } from '../ledger/opening.ts'
import type { AccountRecord } from '../ledger/records.ts'
import { quote } from '../messages.ts'
import { toDecimal } from '../money/money.ts'
import { SEEDED_AT } from './fake-accounts.ts'

/**
 * Reads the accounts of a JSON file (one array) or a JSON Lines file (`.jsonl` or `.ndjson`, one account
 * a line). A number in it is read as the text that it is, so that none is rounded.
 * @throws InputError naming the file, the entry or line, and the field
 */
export async function* accountsOfFile(file: string): AsyncGenerator<AccountRecord> {
  const handle = await opened(file)
  try {
    const entries = /\.(?:jsonl|ndjson)$/i.test(file) ? entriesOfLines : entriesOfArray
    const places = new Map<string, string>()
    for await (const { place, value } of entries(handle, file)) {
      const account = accountOf(value, `${quote(file)}, ${place}`)
      const earlier = places.get(account._id)
      if (earlier !== undefined) {
        throw new InputError(
          `${quote(file)}, ${place}: accountId ${quote(account._id)} is that of ${earlier} already`,
        )
      }
      places.set(account._id, place)
      yield account
    }
  } finally {
    await handle.close()
  }
}

async function opened(file: string): Promise<FileHandle> {
  try {
    // First, because a pipe is not opened before somebody writes to it.
    const found = await stat(file)
    if (found.isDirectory()) refuse(file, 'is a directory: name a file of accounts')
    if (!found.isFile()) {
      refuse(file, 'is no file, and accounts are read twice: write them to a file first')
    }
    const handle = await open(file)
    const { buffer } = await handle.read(Buffer.alloc(2), 0, 2, 0)
    if (buffer.readUInt16BE() !== 0x1f8b) return handle
    await handle.close()
  } catch (error) {
    if (error instanceof InputError) throw error
    refuse(file, `cannot be opened: ${(error as Error).message}`, error)
  }
  return refuse(file, 'is gzipped: unpack it first')
}

function refuse(file: string, problem: string, cause?: unknown): never {
  throw new InputError(`${quote(file)} ${problem}`, { cause })
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

function decoded(bytes: Buffer, place: string): string {
  try {
    return utf8.decode(bytes)
  } catch (error) {
    const before = bytes.toString().split('\uFFFD', 1)[0] ?? ''
    throw new InputError(`${place}: column ${before.length + 1} is not valid UTF-8`, {
      cause: error,
    })
  }
}

interface Entry {
  /** Such as `entry 3` or `line 3`. */
  readonly place: string
  readonly value: unknown
}

async function* entriesOfArray(handle: FileHandle, file: string): AsyncGenerator<Entry> {
  const text = decodedLines(await handle.readFile(), file)
  const value = readJson(text, (position) => {
    const before = text.slice(0, position)
    const column = position - before.lastIndexOf('\n')
    return `${quote(file)}, line ${before.split('\n').length}, column ${column}`
  })
  if (!Array.isArray(value)) {
    throw new InputError(
      `${quote(file)} is not an array of accounts: expected [{"accountId": …}, …], or one account a line in a file that ends in .jsonl`,
    )
  }
  for (const [index, entry] of value.entries()) {
    yield { place: `entry ${index + 1}`, value: entry }
  }
}

function decodedLines(bytes: Buffer, file: string): string {
  if (isUtf8(bytes)) return utf8.decode(bytes)
  const lines = bytes.toString('latin1').split('\n')
  return lines
    .map((line, index) => decoded(Buffer.from(line, 'latin1'), `${quote(file)}, line ${index + 1}`))
    .join('\n')
}

async function* entriesOfLines(handle: FileHandle, file: string): AsyncGenerator<Entry> {
  let line = 0
  // As bytes: in text, line separators within a holder would end a line.
  for await (const bytes of handle.readLines({ encoding: 'latin1', autoClose: false })) {
    line += 1
    if (bytes.trim() === '') continue
    const place = `line ${line}`
    const text = decoded(Buffer.from(bytes, 'latin1'), `${quote(file)}, ${place}`)
    const where = (position: number) => `${quote(file)}, ${place}, column ${position + 1}`
    yield { place, value: readJson(text, where) }
  }
}

function readJson(text: string, where: (position: number) => string): unknown {
  try {
    return parse(text, null, (number) => number)
  } catch (error) {
    const { message } = error as Error
    const at = /^(.*) at position (\d+)$/s.exec(message)
    throw new InputError(
      `${where(Number(at?.[2] ?? 0))}: this is not JSON: ${at?.[1] ?? message}`,
      { cause: error },
    )
  }
}

const FIELDS = ['accountId', 'holder', 'currency', 'openingBalance', 'overdraftLimit', 'status']
const STATUSES = ['open', 'frozen', 'closed'] as const

function accountOf(value: unknown, place: string): AccountRecord {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InputError(`${place}: ${quote(value)} is not an account: expected an object`)
  }
  const unknown = Object.keys(value).find((field) => !FIELDS.includes(field))
  if (unknown !== undefined) {
    throw new InputError(
      `${place}: field ${quote(unknown)} is not known: the fields are ${FIELDS.join(', ')}`,
    )
  }
  const { status: given = 'open', ...request } = value as OpeningRequest & {
    accountId: string
    status?: unknown
  }
  const record = readOpening(request, SEEDED_AT)
  if (record instanceof LedgerError) {
    throw new InputError(`${place}: ${record.message}`, { cause: record })
  }
  const status = STATUSES.find((known) => known === given)
  if (!status) {
    throw new InputError(`${place}: status ${quote(given)} is not one of ${STATUSES.join(', ')}`)
  }
  if (status === 'closed' && !toDecimal(record.balance).isZero()) {
    throw new InputError(
      `${place}: openingBalance ${record.balance.toString()} is not zero, and status is "closed": a closed account holds nothing`,
    )
  }
  return { ...record, status }
}
