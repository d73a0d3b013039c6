import type { AskedRecord, Call, Entry, Outcome } from './journal.ts'

/** All that clients asked about one transfer or hold, and what they were told. Times are of the machine's clock. */
export interface KnownRecord {
  readonly content: string
  /** Whether a caller was told that it is posted. */
  isAcknowledged: boolean
  /** When the last call ended that may have posted it: by its answer, or because its outcome is unknown. */
  writerEnd: number
  /** When the last call began that was refused. */
  refusalBegin: number
  /** Whether a caller was told that its call did not post it. */
  isFailed: boolean
  isInDoubt: boolean
}

/** All that clients asked about one field of an account. */
export interface KnownField {
  /** The latest value of which a caller was told that it is set. */
  acknowledged: string | undefined
  /** The values of calls with an unknown outcome. */
  readonly inDoubt: Set<string>
  /** The values of calls whose callers were told that they changed nothing. */
  readonly failed: Set<string>
}

/** Transfers and holds that are posted together or not at all, with the document that the caller wrote with them. */
export interface KnownGroup {
  readonly keys: readonly string[]
  readonly order: string | undefined
}

/** The verb of a call that marks expired holds. */
export const SWEEP = 'expire'

/** What the journals of a soak say. */
export class AskedLedger {
  readonly transfers = new Map<string, KnownRecord>()
  /** Holds that were placed, and holds that were released. */
  readonly holds = new Map<string, KnownRecord>()
  /** By account and field. */
  readonly fields = new Map<string, KnownField>()
  readonly groups: KnownGroup[] = []
  /** The keys of the lines of each batch of which a caller was told that it is finished. */
  readonly finishedBatches = new Map<string, readonly string[]>()
  /** How many calls ended in each way. */
  readonly outcomes = { done: 0, refused: 0, 'not posted': 0, unknown: 0, died: 0 }
  /** How often callers were told each error, by the verb and the text without ids and numbers. */
  readonly errors = new Map<string, number>()
  /** Calls that used an id again for another transfer and were not refused. */
  conflictsPosted = 0
  /** Calls for a hold that had expired, and that were not refused. */
  readonly latePosted: string[] = []
  /** How many holds the sweeps ended, as they reported. */
  expiries = 0
  /** The longest that a call took, in milliseconds, by its verb. */
  readonly longestWaits = new Map<string, number>()

  /** Adds one journal. */
  async read(entries: AsyncIterable<Entry> | Iterable<Entry>): Promise<void> {
    const open = new Map<string, Call & { readonly began: number }>()
    for await (const entry of entries) {
      if ('began' in entry) {
        open.set(entry.call, entry)
      } else if ('died' in entry) {
        for (const call of open.values()) this.#end(call, { outcome: 'died' }, entry.died)
        open.clear()
      } else {
        const call = open.get(entry.call)
        open.delete(entry.call)
        if (call) this.#end(call, entry, entry.ended)
      }
    }
    for (const call of open.values()) this.#end(call, { outcome: 'died' }, Infinity)
  }

  #end(
    call: Call & { readonly began: number },
    outcome: Outcome | { readonly outcome: 'died' },
    ended: number,
  ): void {
    this.outcomes[outcome.outcome] += 1
    if (outcome.outcome !== 'died') {
      const longest = this.longestWaits.get(call.verb) ?? 0
      this.longestWaits.set(call.verb, Math.max(longest, ended - call.began))
    }
    if ('error' in outcome) this.#count(`${call.verb}: ${outcome.error}`)
    if (call.verb === 'conflict' && outcome.outcome === 'done') this.conflictsPosted += 1
    if (call.account) this.#endChange(call.account, outcome.outcome)
    const { batch, transfers = [], holds = [] } = call
    if (call.atomic) {
      const keys = [...transfers, ...holds].map(({ key }) => key)
      this.groups.push({ keys, order: call.order })
    }
    if (outcome.outcome === 'done') this.#endHolds(call, outcome.results)
    const records = [
      ...transfers.map((asked) => knownIn(this.transfers, asked)),
      ...holds.map((asked) => knownIn(this.holds, asked)),
    ]
    if (batch !== undefined) {
      // Its lines may be posted and refused in many calls of many processes: the batch itself knows which.
      for (const record of records) record.writerEnd = Infinity
      const keys = [...transfers, ...holds].map(({ key }) => key)
      if (outcome.outcome === 'done') this.finishedBatches.set(batch, keys)
      return
    }
    records.forEach((known, index) => {
      if (outcome.outcome === 'done') {
        const status = outcome.results[index] ?? ''
        if (status === 'posted' || status === 'existing') known.isAcknowledged = true
        else known.refusalBegin = Math.max(known.refusalBegin, call.began)
        if (status === 'posted') known.writerEnd = Math.max(known.writerEnd, ended)
      } else if (outcome.outcome === 'refused') {
        known.refusalBegin = Math.max(known.refusalBegin, call.began)
      } else if (outcome.outcome === 'not posted') {
        known.isFailed = true
      } else {
        known.isInDoubt = true
        known.writerEnd = Math.max(known.writerEnd, ended)
      }
    })
  }

  #endHolds({ call, verb, isLate }: Call, results: readonly string[]): void {
    if (isLate && results.includes('posted')) this.latePosted.push(`${verb} of ${call}`)
    if (verb === SWEEP) this.expiries += Number(results[0])
  }

  #endChange(
    { id, field, value }: NonNullable<Call['account']>,
    outcome: Outcome['outcome'] | 'died',
  ): void {
    const name = `${id} ${field}`
    const known = this.fields.get(name) ?? {
      acknowledged: undefined,
      inDoubt: new Set<string>(),
      failed: new Set<string>(),
    }
    this.fields.set(name, known)
    if (outcome === 'done') known.acknowledged = value
    else if (outcome === 'unknown' || outcome === 'died') known.inDoubt.add(value)
    else known.failed.add(value)
  }

  #count(error: string): void {
    const kind = error
      .replace(/c\d+w\d+[\w.-]*|(?:shared|shared-group|shared-hold|batch|order)-[\w.-]+/g, '…')
      .replace(/\b\d+(?:\.\d+)*(?::\d+)?\b/g, '#')
      .slice(0, 150)
    this.errors.set(kind, (this.errors.get(kind) ?? 0) + 1)
  }
}

/** What is known of a record. It is added if nobody has asked for it before. */
function knownIn(records: Map<string, KnownRecord>, { key, content }: AskedRecord): KnownRecord {
  const found = records.get(key)
  if (found) return found
  const known = {
    content,
    isAcknowledged: false,
    writerEnd: -Infinity,
    refusalBegin: -Infinity,
    isFailed: false,
    isInDoubt: false,
  }
  records.set(key, known)
  return known
}
