import type { TransferRecord } from '../ledger/records.ts'
import { REVERSAL_SUFFIX, reversalId } from '../ledger/request.ts'
import { quote } from '../messages.ts'
import { Violation } from './account-proof.ts'

type Reversal = Pick<TransferRecord, '_id' | 'fromAccount' | 'toAccount' | 'currency'> & {
  readonly amount: string
}

/** How many transfers are looked up at once. */
const LOOKED_UP = 1_000

/** The reversals that a verification has met, until it has met what they take back. */
export class Reversals {
  /** By the id of the transfer that they take back. */
  readonly #open = new Map<string, Reversal>()

  enter({ _id, reverses, fromAccount, toAccount, amount, currency }: TransferRecord): void {
    if (reverses === undefined) {
      if (!_id.endsWith(REVERSAL_SUFFIX)) return
      throw new Violation(`transfer ${_id} has the id of a reversal, and reverses none`)
    }
    if (typeof reverses !== 'string' || _id !== reversalId(reverses)) {
      throw new Violation(`transfer ${_id} reverses ${quote(reverses)}, whose reversal it is not`)
    }
    this.#open.set(reverses, { _id, fromAccount, toAccount, amount: amount.toString(), currency })
  }

  /** The ids of the transfers that are taken back, many at once. */
  *originals(): Generator<string[]> {
    const ids = [...this.#open.keys()]
    for (let start = 0; start < ids.length; start += LOOKED_UP) {
      yield ids.slice(start, start + LOOKED_UP)
    }
  }

  /** One of the transfers that are taken back. */
  match({ _id, reverses, fromAccount, toAccount, amount, currency }: TransferRecord): void {
    const reversal = this.#open.get(_id)
    if (!reversal) return
    if (
      reverses !== undefined ||
      reversal.fromAccount !== toAccount ||
      reversal.toAccount !== fromAccount ||
      reversal.amount !== amount.toString() ||
      reversal.currency !== currency
    ) {
      throw new Violation(`transfer ${reversal._id} is not ${_id} the other way round`)
    }
    this.#open.delete(_id)
  }

  /** Proves that nothing is left open. */
  close(): void {
    const [first] = this.#open
    if (!first) return
    const [original, { _id }] = first
    throw new Violation(`transfer ${_id} reverses ${original}, which does not exist`)
  }
}
