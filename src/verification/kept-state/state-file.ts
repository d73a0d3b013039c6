import { createHash } from 'node:crypto'
import { isCurrency } from '../../money/currency.ts'
import { quote } from '../../messages.ts'
import { type AccountState, isDigest, isWhole, readAccountLine, unitsOf } from './account-state.ts'
import { StateFileError } from './state-file-error.ts'
import { readLines } from './text-lines.ts'

/** The version of the files that are written. docs/verify.md describes it. */
export const STATE_VERSION = 1

export const STATE_TITLE = 'kept state'

/** What a kept state says of the books as a whole. */
export interface KeptBooks {
  readonly database: string
  /** When the accounts were read: between these two times, as ISO texts. */
  readonly startedAt: string
  readonly finishedAt: string
  readonly accounts: number
  readonly transfers: number
  readonly batches: number
  /** The digest of the books. */
  readonly digest: string
}

/** What is kept of a batch: what the transfers that name it came to. */
export interface KeptBatch {
  /** The digest of its record. Undefined if the record changed while its refusals were read. */
  readonly digest: string | undefined
  readonly transfers: number
  /** In minor units, by currency. */
  readonly amounts: ReadonlyMap<string, bigint>
}

/** A kept state. The whole file was checked when it was opened; its accounts are read again when they are needed. */
export interface StateFile {
  readonly file: string
  readonly books: KeptBooks
  readonly batches: ReadonlyMap<string, KeptBatch>
  readonly checksum: string
  /** The accounts in the order of their ids, some at a time. */
  accounts(): AsyncGenerator<readonly AccountState[], void, undefined>
}

/** @throws StateFileError if the file is not a kept state, or is damaged */
export async function openStateFile(file: string): Promise<StateFile> {
  const reading = new StateReading(file)
  for await (const accounts of reading.accounts()) void accounts
  const { books, batches, checksum } = reading
  return {
    file,
    books: books as KeptBooks,
    batches,
    checksum,
    async *accounts() {
      const again = new StateReading(file)
      yield* again.accounts()
      if (again.checksum === checksum) return
      throw new StateFileError(file, 'the file was changed while it was used: start again')
    },
  }
}

/** Whether an id comes after another in the server's order, which is that of their UTF-8 bytes. */
export const isAfter = (id: string, other: string): boolean =>
  Buffer.compare(Buffer.from(id), Buffer.from(other)) > 0

/** One reading of a file from its start to its end. */
class StateReading {
  books: KeptBooks | undefined
  readonly batches = new Map<string, KeptBatch>()
  checksum = ''
  readonly #file: string
  readonly #sum = createHash('sha256')
  readonly #digest = createHash('sha256')
  #line = 0
  #accounts = 0
  #lastId: string | undefined

  constructor(file: string) {
    this.#file = file
  }

  async *accounts(): AsyncGenerator<readonly AccountState[], void, undefined> {
    for await (const lines of readLines(this.#file)) {
      const accounts: AccountState[] = []
      for (const text of lines) {
        this.#line += 1
        const account = this.#read(text)
        if (account) accounts.push(account)
      }
      yield accounts
    }
    if (!this.books) throw this.#error('the file is empty')
    if (this.checksum === '') {
      throw this.#error('the file ends here, but its last line should be its checksum')
    }
  }

  /** Reads a line. Returns the account if it has one. */
  #read(text: string): AccountState | undefined {
    if (this.checksum !== '') throw this.#error('this line follows the checksum, which ends a file')
    const line = this.#parse(text)
    if (!this.books) {
      this.books = this.#readHeader(line)
    } else if ('checksum' in line) {
      this.#finish(line['checksum'])
      return undefined
    } else if ('batch' in line) {
      this.#readBatch(line)
    } else {
      const account = this.#readAccount(line)
      this.#sum.update(`${text}\n`)
      this.#digest.update(`${text}\n`)
      return account
    }
    this.#sum.update(`${text}\n`)
    return undefined
  }

  #parse(text: string): Record<string, unknown> {
    const line = parseObject(text)
    if (line) return line
    if (!this.books) throw this.#foreign()
    throw this.#error(`${quote(text)} is not a JSON object`)
  }

  #readHeader(line: Record<string, unknown>): KeptBooks {
    if (line['daybook'] !== STATE_TITLE) throw this.#foreign()
    if (line['version'] !== STATE_VERSION) {
      const found = quote(line['version'])
      throw this.#error(
        `the file has version ${found}, but this Daybook reads version ${STATE_VERSION}`,
      )
    }
    const isRight =
      typeof line['database'] === 'string' &&
      isTime(line['startedAt']) &&
      isTime(line['finishedAt']) &&
      ['accounts', 'transfers', 'batches'].every((name) => isWhole(line[name])) &&
      isDigest(line['digest'])
    if (!isRight) throw this.#error('the header lacks a field or has one of a wrong type')
    return line as unknown as KeptBooks
  }

  #readAccount(line: Record<string, unknown>): AccountState {
    const account = readAccountLine(line)
    if (typeof account === 'string') throw this.#error(account)
    if (this.#lastId !== undefined && !isAfter(account.id, this.#lastId)) {
      throw this.#error(`the account ${quote(account.id)} is not in the order of the ids`)
    }
    this.#lastId = account.id
    this.#accounts += 1
    return account
  }

  #readBatch({ batch, digest, transfers, amounts }: Record<string, unknown>): void {
    const sums = new Map<string, bigint>()
    const entries = Object.entries(isObject(amounts) ? amounts : {})
    for (const [currency, amount] of entries) {
      const units = isCurrency(currency) ? unitsOf(amount, currency) : undefined
      if (units !== undefined) sums.set(currency, units)
    }
    const isRight =
      typeof batch === 'string' &&
      (digest === undefined || isDigest(digest)) &&
      isWhole(transfers) &&
      isObject(amounts) &&
      sums.size === entries.length
    if (!isRight) throw this.#error('the batch lacks a field or has one of a wrong type')
    this.batches.set(batch, { digest, transfers, amounts: sums })
  }

  #finish(checksum: unknown): void {
    const { accounts, batches, digest } = this.books as KeptBooks
    const isSame =
      this.#sum.digest('hex') === checksum &&
      this.#digest.digest('hex') === digest &&
      this.#accounts === accounts &&
      this.batches.size === batches
    if (!isSame) {
      throw this.#error('the checksum does not match the lines before it: the file is damaged')
    }
    this.checksum = checksum
  }

  #foreign(): StateFileError {
    return this.#error('this is not a file that verify has saved: name one that --save has written')
  }

  #error(problem: string): StateFileError {
    return new StateFileError(this.#file, problem, { line: Math.max(this.#line, 1) })
  }
}

const isTime = (value: unknown): value is string =>
  typeof value === 'string' && !Number.isNaN(new Date(value).getTime())

/** An object of JSON; undefined if the text is not one. */
export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
