import { type ReferenceLedger, type ReferenceRequest, Refusal } from './reference-ledger.ts'
import { textOf } from './reference-rules.ts'

/** A record of a file: a request, or a text that cannot be read as one. */
export type Line = { readonly request: ReferenceRequest } | { readonly malformed: string }

/** When refusals stop a replay; `atomic`: all lines are posted or none. */
export interface BatchMode {
  readonly maxErrors?: number
  readonly onError?: 'stop'
  readonly atomic?: true
}

/** The replay of a file once more: how far its batch has come, and what became of each line. */
export class ReferenceBatch {
  readonly #name: string
  readonly #lines: readonly Line[]
  /** What became of the lines that are done: a status, or the code of a refusal. */
  readonly outcomes: string[] = []
  readonly #amounts = new Map<string, bigint>()

  constructor(name: string, lines: readonly Line[]) {
    this.#name = name
    this.#lines = lines
  }

  /** Replays what is left of the file, and returns the status of that. */
  replay(ledger: ReferenceLedger, { maxErrors, onError, atomic }: BatchMode): string {
    if (atomic) {
      const trial = new ReferenceBatch(this.#name, this.#lines)
      trial.replay(ledger.copy(), {})
      if (trial.refusals.length > 0) return 'refused'
    }
    const limit = onError === 'stop' ? 0 : (maxErrors ?? Infinity)
    for (const line of this.#lines.slice(this.outcomes.length)) {
      const outcome = this.#post(line, ledger)
      if (isRefusal(outcome) && this.refusals.length >= limit) return 'stopped'
      this.outcomes.push(outcome)
    }
    return 'finished'
  }

  /** The refused lines of the file, in which the header is line 1, with their codes. */
  get refusals(): [line: number, code: string][] {
    return this.outcomes.flatMap((outcome, index) =>
      isRefusal(outcome) ? [[index + 2, outcome] as [number, string]] : [],
    )
  }

  /** What the summary of the replay and the record of the batch say. */
  get counts() {
    const count = (outcome: string) => this.outcomes.filter((other) => other === outcome).length
    const codes = [...new Set(this.refusals.map(([, code]) => code))]
    return {
      posted: count('posted'),
      existing: count('existing'),
      refused: this.refusals.length,
      refusedByCode: Object.fromEntries(codes.map((code) => [code, count(code)])),
      amountByCurrency: Object.fromEntries(
        [...this.#amounts].map(([currency, sum]) => [currency, textOf(sum, currency)]),
      ),
    }
  }

  #post(line: Line, ledger: ReferenceLedger): string {
    if ('malformed' in line) return 'MALFORMED_LINE'
    const [outcome] = ledger.transferMany([line.request], { batch: this.#name })
    if (outcome === 'posted') {
      const transfer = ledger.transfers.get(String(line.request.transferId))
      if (!transfer) throw new Error('a posted transfer is in the ledger')
      const sum = this.#amounts.get(transfer.currency) ?? 0n
      this.#amounts.set(transfer.currency, sum + transfer.amount)
    }
    return outcome instanceof Refusal ? outcome.code : String(outcome)
  }
}

const isRefusal = (outcome: string): boolean => !['posted', 'existing'].includes(outcome)
