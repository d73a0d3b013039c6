import type { Connection } from 'mongoose'
import { requireConnection } from '../../arguments.ts'
import type { LedgerAccount } from '../../ledger/ledger-state.ts'
import { evaluateAll, isWellFormed } from '../../ledger/groups.ts'
import { PostedHolds, storedHoldReads } from '../../ledger/holds/posted-holds.ts'
import {
  type LedgerRequest,
  type LedgerResult,
  type Reading,
  readLedgerRequest,
  transferIdsOf,
} from '../../ledger/ledger-request.ts'
import { accountIdsOf, originalIdsOf } from '../../ledger/posting.ts'
import { addToGroups, groupIdsOf } from '../../ledger/posted-groups.ts'
import type { HoldRecord, TransferRecord } from '../../ledger/records.ts'
import { ownFieldsOf } from '../../ledger/own-fields.ts'
import { readAccounts, readGroups, readTransfers } from '../../ledger/stored-ledger.ts'
import type { BatchRecord } from '../../models/batch.ts'
import { databaseOf } from '../../mongodb/connection.ts'
import type { PostChunk } from './chunk-poster.ts'
import { RehearsedAccounts } from './rehearsed-accounts.ts'
import { RehearsedHolds } from './rehearsed-holds.ts'
import { RehearsedTransfers } from './rehearsed-transfers.ts'
import { countResults, linkedResults, requestsOf } from './row-results.ts'

interface RehearsalPosterOptions {
  /** The batch's record right before the first of the rows. */
  readonly start: BatchRecord
  /** How many refusals the batch may have in all. */
  readonly refusalLimit: number
}

/**
 * Several replays that write nothing to the database. Each replay finds what the replays before it would have
 * posted. Pass the rehearsal as `dryRun` to each call.
 * @example
 * const dryRun = new Rehearsal(connection)
 * for (const file of files) await replay(connection, { file, dryRun })
 */
export class Rehearsal {
  readonly #connection: Connection
  readonly #accounts = new RehearsedAccounts()
  readonly #transfers = new RehearsedTransfers()
  readonly #holds = new RehearsedHolds()
  readonly #batches = new Map<string, BatchRecord>()

  constructor(connection: Connection) {
    requireConnection(connection)
    this.#connection = connection
  }

  /** The record of a batch, if this rehearsal has rehearsed a part of it. */
  recordOf(batch: string): BatchRecord | undefined {
    return this.#batches.get(batch)
  }

  /** Forgets the record of a batch of which nothing was posted, because it is started again. */
  forget(batch: string): void {
    this.#batches.delete(batch)
  }

  get records(): readonly BatchRecord[] {
    return [...this.#batches.values()]
  }

  /** Evaluates rows by the rules of posting, against what is stored and what was rehearsed before. */
  poster({ start, refusalLimit }: RehearsalPosterOptions): PostChunk {
    const batch = start._id
    const postChunk: PostChunk = async (rows, isAtomic) => {
      const before = this.#batches.get(batch) ?? start
      const { results: evaluated, ...ledger } = await this.#evaluate(requestsOf(rows), batch)
      const results = isAtomic ? linkedResults(rows, evaluated) : evaluated
      const counted = countResults(before, rows, { results, refusalLimit })
      const { record, refusals, overLimit } = counted
      if (isAtomic && refusals.length > 0) {
        return { record, refusals, isRefused: true }
      }
      if (overLimit) {
        const stoppedAt = overLimit.refusal
        if (overLimit.index === 0) return { record, refusals, stoppedAt }
        return { ...(await postChunk(rows.slice(0, overLimit.index), isAtomic)), stoppedAt }
      }
      this.#remember(results, ledger)
      this.#batches.set(batch, record)
      return { record, refusals }
    }
    return postChunk
  }

  /** What would become of requests if they were posted now. The next ones find what these would have posted. */
  async post(requests: readonly LedgerRequest[], batch: string): Promise<LedgerResult[]> {
    const { results, ...ledger } = await this.#evaluate(requests, batch)
    this.#remember(results, ledger)
    return results
  }

  /** Keeps the transfers and holds that would have been posted, and their accounts as they would be after them. */
  #remember(results: readonly LedgerResult[], { accounts, holds }: Evaluated): void {
    const posted = results.flatMap((result) =>
      result.status === 'posted' && 'transfer' in result ? [result.transfer] : [],
    )
    const ids = new Set(posted.flatMap(({ fromAccount, toAccount }) => [fromAccount, toAccount]))
    for (const { fromAccount } of holds) ids.add(fromAccount)
    this.#accounts.keep([...ids].flatMap((id) => accounts.get(id) ?? []))
    this.#transfers.add(posted)
    this.#holds.keep(holds)
  }

  /** The results of requests, with copies of their accounts as they would be after them and the holds that would change. */
  async #evaluate(
    requests: readonly LedgerRequest[],
    batch: string,
  ): Promise<Evaluated & { readonly results: LedgerResult[] }> {
    const { transfer: fields, account: accountFields } = ownFieldsOf(this.#connection)
    const readings = requests.map((request) => readLedgerRequest(request, fields))
    const ledger = await this.#read(
      requests.filter((_, index) => isWellFormed(readings[index] as Reading)),
    )
    const options = { now: new Date(), batch, accountFields }
    const { accounts } = ledger
    const reads = this.#holds.over({
      ...storedHoldReads(this.#stored),
      accounts: (ids) => this.#readAccounts(ids),
    })
    const holds = await PostedHolds.read(requests, { accounts, presumeNew: false }, reads)
    await holds?.releaseExpired(readings, options.now)
    const results = evaluateAll(requests, readings, { ...ledger, holds: holds?.book }, options)
    return { accounts, holds: holds?.changed() ?? [], results }
  }

  get #stored() {
    return { connection: this.#connection, database: databaseOf(this.#connection) }
  }

  /** Accounts that were rehearsed before, else those stored. */
  async #readAccounts(ids: ReadonlySet<string>): Promise<Map<string, LedgerAccount>> {
    const accounts = new Map<string, LedgerAccount>()
    const unread = new Set<string>()
    for (const id of ids) {
      const account = this.#accounts.get(id)
      if (account) accounts.set(id, account)
      else unread.add(id)
    }
    const stored = await readAccounts(unread, this.#stored, { withOpening: true })
    for (const [id, account] of stored) accounts.set(id, account)
    return accounts
  }

  /** The accounts, the transfers and the groups that requests name: those rehearsed before, else those stored. */
  async #read(requests: readonly LedgerRequest[]) {
    const stored = this.#stored
    const accounts = await this.#readAccounts(accountIdsOf(requests))
    const transfers = new Map<string, TransferRecord>()
    const unknown: string[] = []
    for (const id of [...transferIdsOf(requests), ...originalIdsOf(requests)]) {
      const transfer = this.#transfers.get(id)
      if (transfer) transfers.set(id, transfer)
      else unknown.push(id)
    }
    for (const [id, transfer] of await readTransfers(unknown, stored)) transfers.set(id, transfer)
    const groupIds = groupIdsOf(requests)
    const groups = await readGroups(groupIds, stored)
    for (const id of groupIds) addToGroups(groups, this.#transfers.legsOf(id))
    return { accounts, transfers, groups }
  }
}

/** What an evaluation would leave behind. */
interface Evaluated {
  readonly accounts: ReadonlyMap<string, LedgerAccount>
  readonly holds: readonly HoldRecord[]
}
