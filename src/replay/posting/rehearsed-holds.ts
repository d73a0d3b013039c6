import type { HoldReads } from '../../ledger/holds/posted-holds.ts'
import type { HoldRecord } from '../../ledger/records.ts'
import { RecordFile } from './record-file.ts'

/** A hold, and the one before it among those of its payer that can expire. */
type RehearsedHold = HoldRecord & { readonly previous?: string }

/** The latest hold of a payer that can expire. */
interface Payer {
  readonly _id: string
  readonly latest: string
}

/** The holds that a rehearsal would have placed or changed, in a file. */
export class RehearsedHolds {
  readonly #holds = new RecordFile<RehearsedHold>()
  readonly #payers = new RecordFile<Payer>()
  /** When the first of them expires. */
  #firstExpiry = Infinity

  /** Keeps holds as they are now. */
  keep(holds: readonly HoldRecord[]): void {
    for (const hold of holds) {
      const kept = this.#holds.get(hold._id)
      if (kept) {
        const { previous } = kept.record
        this.#holds.replace(kept.place, { ...hold, ...(previous !== undefined && { previous }) })
      } else {
        this.#holds.add(hold.expiresAt && hold.status === 'active' ? this.#linked(hold) : hold)
      }
    }
  }

  /** Makes a hold the latest of its payer. */
  #linked(hold: HoldRecord): RehearsedHold {
    const payer = { _id: hold.fromAccount, latest: hold._id }
    this.#firstExpiry = Math.min(this.#firstExpiry, hold.expiresAt?.getTime() ?? Infinity)
    const earlier = this.#payers.get(payer._id)
    if (!earlier) this.#payers.add(payer)
    else this.#payers.replace(earlier.place, payer)
    return earlier ? { ...hold, previous: earlier.record.latest } : hold
  }

  /** Reads these holds, and of the others those that are stored. */
  over(stored: HoldReads): HoldReads {
    return {
      ...stored,
      holds: async (holdIds) => {
        const kept = holdIds.flatMap((id) => this.#get(id) ?? [])
        const keptIds = new Set(kept.map(({ _id }) => _id))
        const { holds, expired } = await stored.holds(holdIds.filter((id) => !keptIds.has(id)))
        const expiredNow = await this.#expired(kept, stored)
        return {
          holds: [...holds, ...kept],
          expired: new Set([...expired, ...expiredNow.map(({ _id }) => _id)]),
        }
      },
      expired: async (accountIds) => {
        const unchanged = (await stored.expired(accountIds)).filter(({ _id }) => !this.#get(_id))
        if (this.#firstExpiry === Infinity) return unchanged
        // Most rehearsals end before the first hold expires.
        if ((await stored.serverTime(accountIds)).getTime() < this.#firstExpiry) return unchanged
        const kept = accountIds.flatMap((id) => [...this.#expiringOf(id)])
        return [...unchanged, ...(await this.#expired(kept, stored))]
      },
    }
  }

  #get(id: string): HoldRecord | undefined {
    const record = this.#holds.get(id)?.record
    if (!record) return undefined
    const { previous: _, ...hold } = record
    return hold
  }

  /** The holds of a payer that can expire, the latest first. */
  *#expiringOf(payer: string): Generator<HoldRecord> {
    let id = this.#payers.get(payer)?.record.latest
    while (id !== undefined) {
      const record: RehearsedHold | undefined = this.#holds.get(id)?.record
      if (!record) return
      const { previous, ...hold } = record
      yield hold
      id = previous
    }
  }

  /** Those of some holds that are active and have expired, by the server's clock. */
  async #expired(holds: readonly HoldRecord[], { serverTime }: HoldReads): Promise<HoldRecord[]> {
    const expiring = holds.filter(({ status, expiresAt }) => status === 'active' && expiresAt)
    if (expiring.length === 0) return []
    const now = await serverTime(expiring.map(({ fromAccount }) => fromAccount))
    return expiring.filter(({ expiresAt }) => (expiresAt as Date) <= now)
  }
}
