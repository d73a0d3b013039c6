import type { TransferRecord } from '../../ledger/records.ts'
import { RecordFile } from './record-file.ts'

interface Group {
  readonly _id: string
  /** The ids of its legs. */
  readonly legs: readonly string[]
}

/** The transfers that a rehearsal would have posted. */
export class RehearsedTransfers {
  readonly #transfers = new RecordFile<TransferRecord>()
  readonly #groups = new RecordFile<Group>()

  add(transfers: readonly TransferRecord[]): void {
    const groups = new Map<string, string[]>()
    for (const transfer of transfers) {
      this.#transfers.add(transfer)
      const { _id: id, group } = transfer
      if (group === undefined) continue
      const legs = groups.get(group)
      if (legs) legs.push(id)
      else groups.set(group, [id])
    }
    for (const [_id, legs] of groups) {
      const earlier = this.#groups.get(_id)
      if (!earlier) this.#groups.add({ _id, legs })
      else this.#groups.replace(earlier.place, { _id, legs: [...earlier.record.legs, ...legs] })
    }
  }

  get(id: string): TransferRecord | undefined {
    return this.#transfers.get(id)?.record
  }

  /** The legs of a group that would have been posted. */
  legsOf(group: string): TransferRecord[] {
    return (this.#groups.get(group)?.record.legs ?? []).flatMap((id) => this.get(id) ?? [])
  }
}
