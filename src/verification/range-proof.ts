import { AccountProof, type NumberedTransfer } from './account-proof.ts'
import { type AccountRange, NOT_A_TEXT } from './account-range.ts'
import { BatchTallies } from './batch-tallies.ts'
import type { Books } from './books.ts'
import type { UsableIndexes } from './collections.ts'
import { Counterparts, checkCounts } from './counterparts.ts'
import { EntryQueue, addInOrder } from './entry-queue.ts'
import { type Findings, noFindings } from './findings.ts'
import { HoldProof } from './hold-proof.ts'
import type { KeptMode } from './kept-accounts.ts'
import { accountLine } from './kept-state/account-state.ts'
import { jsonLine } from './kept-state/run-block.ts'
import type { StateFile } from './kept-state/state-file.ts'
import { MissingAccounts } from './missing-accounts.ts'
import { type RangeEntries, withEntries } from './range-entries.ts'
import { readAgain } from './retry.ts'
import { Reversals } from './reversals.ts'
import { type Entry, type StoredTransfer, TransferReader } from './transfer-reader.ts'
import { ViolationLog } from './violations.ts'

export interface ProofContext {
  readonly books: Books
  readonly indexes: UsableIndexes
  /** The kept state whose accounts the ranges have, and what it is used for. */
  readonly kept: { readonly state: StateFile; readonly mode: KeptMode } | undefined
  /** How many violations to keep. */
  readonly limit: number
  readonly signal?: AbortSignal | undefined
  /** Called with the number of entries that were read: a transfer has two. */
  readonly onEntries: (count: number) => void
}

/**
 * Proves the accounts of a range by their transfers, which are read in the order of their sequences. All of them are read
 * after the accounts.
 */
export const proveRange = (range: AccountRange, context: ProofContext): Promise<Findings> =>
  readAgain(() => {
    const { books, indexes, kept } = context
    const proof = new RangeProof(range, context)
    const reading = { books, indexes, isSince: kept?.mode === 'since' }
    return withEntries(range, reading, (entries) => proof.run(entries))
  })

/** Checks the transfers whose sender is not a text, which are in no range. */
export async function checkOddTransfers(context: ProofContext): Promise<Findings> {
  const { books, limit, onEntries } = context
  const log = new ViolationLog(limit)
  const tallies = new BatchTallies()
  const reader = new TransferReader(books.ownFields.transfer)
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
  return { ...noFindings(log), transfers, tallies }
}

class RangeProof {
  readonly #range: AccountRange
  readonly #context: ProofContext
  readonly #log: ViolationLog
  readonly #tallies = new BatchTallies()
  readonly #reversals: Reversals
  readonly #missing: MissingAccounts
  readonly #holds: HoldProof
  /** Undefined if all transfers of all accounts are read: then each is found on both sides. */
  readonly #counterparts: Counterparts | undefined
  /** How many transfers each account has counted, by its id. */
  readonly #transferCounts: ReadonlyMap<string, number | undefined>
  #transfers = 0

  constructor(range: AccountRange, context: ProofContext) {
    this.#range = range
    this.#transferCounts = new Map(range.accounts.map((each) => [each.id, each.transferCount]))
    this.#context = context
    const { transfer: fields } = context.books.ownFields
    this.#sentReader = new TransferReader(fields)
    this.#receivedReader = new TransferReader(fields)
    this.#log = new ViolationLog(context.limit)
    this.#log.append(range.log)
    this.#reversals = new Reversals(context.books, this.#log)
    this.#missing = new MissingAccounts(context.books, this.#log)
    const isSince = context.kept?.mode === 'since'
    this.#holds = new HoldProof(context.books, this.#log, {
      ...range,
      tallies: this.#tallies,
      isSince,
    })
    if (isSince) {
      this.#counterparts = new Counterparts(context.books, this.#log)
    }
  }

  async run({ sent, received, moment }: RangeEntries): Promise<Findings> {
    const { books, kept, onEntries, signal } = this.#context
    const { accounts } = this.#range
    const counts = this.#transferCounts
    const onBatch = async () => {
      signal?.throwIfAborted()
      if (this.#reversals.isFull) await this.#reversals.check(moment)
      if (this.#missing.isFull) await this.#missing.check(moment)
      if (this.#counterparts?.isFull) await this.#counterparts.check(moment)
    }
    const queues = [
      new EntryQueue(sent, (bytes) => this.#readSent(bytes), onEntries, onBatch),
      new EntryQueue(received, (bytes) => this.#readReceived(bytes), onEntries, onBatch),
    ] as const
    for (const queue of queues) await queue.advance()
    const beyond = new Map<string, NumberedTransfer>()
    const openings = new Map<string, bigint>()
    let lines = ''
    for (const account of accounts) {
      const { id, currency, openingBalance } = account
      if (currency !== undefined && openingBalance !== undefined) {
        openings.set(currency, (openings.get(currency) ?? 0n) + openingBalance)
      }
      for (const queue of queues) await this.#skipMissing(queue, counts)
      const state = this.#range.kept.get(id)
      const proof = new AccountProof(account, {
        log: this.#log,
        since: kept?.mode === 'since' ? state : undefined,
        against: kept?.mode === 'against' ? state : undefined,
      })
      await addInOrder(proof, id, queues)
      proof.finish()
      if (proof.beyond) beyond.set(id, proof.beyond)
      if (this.#log.count === 0) lines += jsonLine(accountLine(proof.state()))
    }
    for (const queue of queues) await this.#skipMissing(queue, counts)
    await this.#reversals.check(moment)
    await this.#missing.check(moment)
    await this.#counterparts?.check(moment)
    // These were posted after the account was read.
    await checkCounts(beyond, { books, log: this.#log, moment })
    const holds = await this.#holds.check(moment)
    return {
      accounts: accounts.length,
      transfers: this.#transfers,
      holds,
      log: this.#log,
      tallies: this.#tallies,
      openings,
      lines: this.#log.count === 0 ? lines : '',
      counterparts: this.#counterparts?.first ?? new Map<string, NumberedTransfer>(),
    }
  }

  readonly #sentReader: TransferReader

  #readSent(bytes: Buffer): Entry {
    const reader = this.#sentReader
    reader.read(bytes)
    reader.check(this.#log)
    const transfer = reader.transfer()
    if (!this.#isBeyond(transfer)) {
      this.#tallies.add(transfer)
      this.#holds.add(transfer)
      this.#transfers += 1
    }
    this.#reversals.add(transfer)
    const { id: transferId, toAccount, toSequence } = transfer
    if (toAccount !== undefined && toSequence !== undefined) {
      this.#counterparts?.add(toAccount, { transferId, sequence: toSequence })
    }
    return reader.entry('from')
  }

  /**
   * Whether a transfer was posted after its sender was read. It is counted by a run that starts from the state of this
   * one, because the state does not have it.
   */
  #isBeyond({ fromAccount, fromSequence }: StoredTransfer): boolean {
    const count = this.#transferCounts.get(fromAccount ?? '')
    return count !== undefined && fromSequence !== undefined && fromSequence > count
  }

  readonly #receivedReader: TransferReader

  #readReceived(bytes: Buffer): Entry {
    const reader = this.#receivedReader
    reader.read(bytes)
    if (this.#counterparts) {
      const { id: transferId, fromAccount, fromSequence } = reader.transfer()
      // A transfer of a known sender is checked where its sender's are read.
      if (fromAccount === undefined || fromSequence === undefined) reader.check(this.#log)
      else this.#counterparts.add(fromAccount, { transferId, sequence: fromSequence })
    }
    return reader.entry('to')
  }

  /** Passes over entries at the front of a queue whose account was not read. */
  async #skipMissing(queue: EntryQueue, known: ReadonlyMap<string, unknown>): Promise<void> {
    let entry: Entry | undefined
    while ((entry = queue.head)) {
      if (known.has(entry.accountId as string)) return
      this.#missing.add(entry)
      if (!queue.step()) await queue.advance()
    }
  }
}
