import type { ClientSession } from 'mongoose'
import { named } from '../messages.ts'
import { AccountProof } from './account-proof.ts'
import { type AccountRange, NOT_A_TEXT } from './account-range.ts'
import { BatchTallies } from './batch-tallies.ts'
import type { Books } from './books.ts'
import type { UsableIndexes } from './collections.ts'
import { DocumentReader } from './document-reader.ts'
import type { DocumentStream } from './document-stream.ts'
import { EntryQueue, addInOrder } from './entry-queue.ts'
import { MissingAccounts } from './missing-accounts.ts'
import { readAgain } from './retry.ts'
import { Reversals } from './reversals.ts'
import { type Entry, RECEIVED_FIELDS, TransferReader } from './transfer-reader.ts'
import { ViolationLog } from './violations.ts'

/** What was found in some accounts and in the transfers that they sent. */
export interface Findings {
  readonly accounts: number
  /** How many transfers the accounts have sent. */
  readonly transfers: number
  readonly log: ViolationLog
  /** What the transfers add up to for each batch. */
  readonly tallies: BatchTallies
  /** The sums of the opening balances in minor units, by currency. */
  readonly openings: ReadonlyMap<string, bigint>
}

export interface ProofContext {
  readonly books: Books
  readonly indexes: UsableIndexes
  /** How many violations to keep. */
  readonly limit: number
  readonly signal?: AbortSignal | undefined
  /** Called with the number of entries that were read: a transfer has two. */
  readonly onEntries: (count: number) => void
}

const SENT_KEYS = { fromAccount: 1, fromSequence: 1 } as const
const RECEIVED_KEYS = { toAccount: 1, toSequence: 1 } as const

/**
 * Proves the accounts of a range by their transfers, which are read in the order of their sequences: those that the
 * accounts sent in one index, and those that they received in another. All of them are read after the accounts.
 */
export const proveRange = (range: AccountRange, context: ProofContext): Promise<Findings> =>
  readAgain(() => proveOnce(range, context))

async function proveOnce(range: AccountRange, context: ProofContext): Promise<Findings> {
  const { books, indexes } = context
  return await books.inSession([range.moment], (sentSession) =>
    books.inSession([range.moment], async (receivedSession) => {
      const sent = books.stream(
        'transfers',
        {
          filter: { fromAccount: range.ids },
          sort: SENT_KEYS,
          hint: indexes.sent ? SENT_KEYS : undefined,
        },
        sentSession,
      )
      const received = books.stream(
        'transfers',
        {
          filter: { toAccount: range.ids },
          sort: RECEIVED_KEYS,
          projection: RECEIVED_FIELDS,
          hint: indexes.received ? RECEIVED_KEYS : undefined,
        },
        receivedSession,
      )
      try {
        return await new RangeProof(range, context).run({ sent, received, sentSession })
      } finally {
        await Promise.all([sent.close(), received.close()])
      }
    }),
  )
}

/** Checks the transfers whose sender is not a text, which are in no range. */
export async function checkOddTransfers(context: ProofContext): Promise<Findings> {
  const { books, limit, onEntries } = context
  const log = new ViolationLog(limit)
  const tallies = new BatchTallies()
  const reader = new TransferReader()
  let transfers = 0
  await books.inSession([], (session) =>
    books.each('transfers', { filter: { fromAccount: NOT_A_TEXT } }, session, (bytes) => {
      reader.read(bytes)
      reader.check(log)
      tallies.add(reader.transfer())
      transfers += 1
    }),
  )
  onEntries(transfers)
  return { accounts: 0, transfers, log, tallies, openings: new Map() }
}

interface Reading {
  readonly sent: DocumentStream
  readonly received: DocumentStream
  readonly sentSession: ClientSession
}

class RangeProof {
  readonly #range: AccountRange
  readonly #context: ProofContext
  readonly #log: ViolationLog
  readonly #tallies = new BatchTallies()
  readonly #reversals: Reversals
  readonly #missing: MissingAccounts
  #transfers = 0

  constructor(range: AccountRange, context: ProofContext) {
    this.#range = range
    this.#context = context
    this.#log = new ViolationLog(context.limit)
    this.#log.append(range.log)
    this.#reversals = new Reversals(context.books, this.#log)
    this.#missing = new MissingAccounts(context.books, this.#log)
  }

  async run({ sent, received, sentSession }: Reading): Promise<Findings> {
    const { accounts } = this.#range
    const known = new Set(accounts.map(({ id }) => id))
    const onBatch = async () => {
      this.#context.signal?.throwIfAborted()
      if (this.#reversals.isFull) await this.#reversals.check(sentSession)
      if (this.#missing.isFull) await this.#missing.check(sentSession)
    }
    const queues = [
      new EntryQueue(sent, (bytes) => this.#readSent(bytes), this.#context.onEntries, onBatch),
      new EntryQueue(received, readReceived(), this.#context.onEntries, onBatch),
    ] as const
    for (const queue of queues) await queue.advance()
    const beyond = new Map<string, Entry>()
    const openings = new Map<string, bigint>()
    for (const account of accounts) {
      const { id, currency, openingBalance } = account
      if (currency !== undefined && openingBalance !== undefined) {
        openings.set(currency, (openings.get(currency) ?? 0n) + openingBalance)
      }
      for (const queue of queues) await this.#skipMissing(queue, known)
      const proof = new AccountProof(account, this.#log)
      await addInOrder(proof, id, queues)
      proof.finish()
      if (proof.beyond) beyond.set(id, proof.beyond)
    }
    for (const queue of queues) await this.#skipMissing(queue, known)
    await this.#reversals.check(sentSession)
    await this.#missing.check(sentSession)
    await this.#checkBeyond(beyond, sentSession)
    return {
      accounts: accounts.length,
      transfers: this.#transfers,
      log: this.#log,
      tallies: this.#tallies,
      openings,
    }
  }

  readonly #sentReader = new TransferReader()

  #readSent(bytes: Buffer): Entry {
    const reader = this.#sentReader
    reader.read(bytes)
    reader.check(this.#log)
    const transfer = reader.transfer()
    this.#tallies.add(transfer)
    this.#reversals.add(transfer)
    this.#transfers += 1
    return reader.entry('from')
  }

  /** Passes over entries at the front of a queue whose account was not read. */
  async #skipMissing(queue: EntryQueue, known: ReadonlySet<string>): Promise<void> {
    let entry: Entry | undefined
    while ((entry = queue.head)) {
      if (known.has(entry.accountId as string)) return
      this.#missing.add(entry)
      if (!queue.step()) await queue.advance()
    }
  }

  /** Checks that transfers after an account's count were posted after the account was read. */
  async #checkBeyond(beyond: Map<string, Entry>, moment: ClientSession): Promise<void> {
    if (beyond.size === 0) return
    const { books } = this.#context
    const reader = new DocumentReader(['_id', 'transferCount'])
    await books.inSession([moment], async (session) => {
      const filter = { _id: { $in: [...beyond.keys()] } } as object
      const projection = { transferCount: 1 }
      await books.each('accounts', { filter, projection }, session, (bytes) => {
        reader.read(bytes)
        const id = reader.text('_id') as string
        const transferCount = reader.whole('transferCount')
        const { sequence, transferId } = beyond.get(id) as Entry
        if (transferCount === undefined || transferCount >= (sequence as number)) return
        const name = named(transferId)
        const message = `account ${named(id)} has transfer ${name} with the sequence ${sequence}, but its transferCount is ${transferCount}`
        this.#log.add({ kind: 'sequence', collection: 'accounts', id, message })
      })
    })
  }
}

function readReceived(): (bytes: Buffer) => Entry {
  const reader = new TransferReader()
  return (bytes) => {
    reader.read(bytes)
    return reader.entry('to')
  }
}
