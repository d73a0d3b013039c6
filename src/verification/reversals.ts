import type { TransferRecord } from '../ledger/records.ts'
import { REVERSAL_SUFFIX, reversalId } from '../ledger/request.ts'
import { quote } from '../messages.ts'
import { Violation } from './account-proof.ts'

type Reversal = Pick<TransferRecord, '_id' | 'fromAccount' | 'toAccount' | 'currency'> & {
  readonly amount: string
}

/** How many transfers are looked up at once. */
const IDS_PER_LOOKUP = 1_000

/** Proves that each reversal moves the amount of an existing transfer in the opposite direction. */
export class Reversals {
  /** The reversals whose original has not been checked yet, by the id of that original. */
  readonly #unmatched = new Map<string, Reversal>()

  /** Remembers a transfer if it is a reversal. */
  add({ _id, reverses, fromAccount, toAccount, amount, currency }: TransferRecord): void {
    if (reverses === undefined) {
      if (!_id.endsWith(REVERSAL_SUFFIX)) return
      throw new Violation(
        `transfer ${_id} has the id of a reversal, but does not reverse a transfer`,
      )
    }
    if (typeof reverses !== 'string' || _id !== reversalId(reverses)) {
      throw new Violation(
        `transfer ${_id} reverses ${quote(reverses)}, but does not have the id of its reversal`,
      )
    }
    this.#unmatched.set(reverses, {
      _id,
      fromAccount,
      toAccount,
      amount: amount.toString(),
      currency,
    })
  }

  /** The ids of the reversed transfers, in parts for one look-up each. */
  *originalIds(): Generator<string[]> {
    const ids = [...this.#unmatched.keys()]
    for (let start = 0; start < ids.length; start += IDS_PER_LOOKUP) {
      yield ids.slice(start, start + IDS_PER_LOOKUP)
    }
  }

  /** Checks a reversed transfer against its reversal. */
  match({ _id, reverses, fromAccount, toAccount, amount, currency }: TransferRecord): void {
    const reversal = this.#unmatched.get(_id)
    if (!reversal) return
    if (
      reverses !== undefined ||
      reversal.fromAccount !== toAccount ||
      reversal.toAccount !== fromAccount ||
      reversal.amount !== amount.toString() ||
      reversal.currency !== currency
    ) {
      throw new Violation(
        `transfer ${reversal._id} does not match transfer ${_id}, which it reverses`,
      )
    }
    this.#unmatched.delete(_id)
  }

  /** Completes the proof after all reversed transfers were matched. */
  finish(): void {
    const [first] = this.#unmatched
    if (!first) return
    const [original, { _id }] = first
    throw new Violation(`transfer ${_id} reverses ${original}, which does not exist`)
  }
}
