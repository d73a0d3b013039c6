import {
  type ReferenceHoldRequest,
  type ReferenceLedger,
  type ReferenceRequest,
  Refusal,
  captureId,
} from './reference-ledger.ts'
import { textOf } from './reference-rules.ts'

/** A record of a file: a request, an action on a hold, or a text that cannot be read as one of them. */
export type Line =
  | { readonly request: ReferenceRequest }
  | { readonly action: 'hold' | 'capture' | 'release'; readonly about: ReferenceHoldRequest }
  | { readonly malformed: string }

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
    while (this.outcomes.length < this.#lines.length) {
      const before = ledger.copy()
      const outcomes = this.#postGroup(this.#nextGroup(), before)
      if (this.refusals.length + outcomes.filter(isRefusal).length > limit) return 'stopped'
      ledger.become(before)
      this.outcomes.push(...outcomes)
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
    const posted = (action: string) =>
      this.outcomes.filter((outcome, index) => {
        const line = this.#lines[index]
        return outcome === 'posted' && line && 'action' in line && line.action === action
      }).length
    const codes = [...new Set(this.refusals.map(([, code]) => code))]
    return {
      posted: count('posted'),
      existing: count('existing'),
      holdsPlaced: posted('hold'),
      holdsReleased: posted('release'),
      refused: this.refusals.length,
      refusedByCode: Object.fromEntries(codes.map((code) => [code, count(code)])),
      amountByCurrency: Object.fromEntries(
        [...this.#amounts].map(([currency, sum]) => [currency, textOf(sum, currency)]),
      ),
    }
  }

  /** The next line, with those after it that are in one group with it. */
  #nextGroup(): Line[] {
    const [first, ...others] = this.#lines.slice(this.outcomes.length)
    if (!first) throw new Error('no line is left')
    const group = groupOf(first)
    const end = others.findIndex((line) => group === undefined || groupOf(line) !== group)
    return [first, ...(end < 0 ? others : others.slice(0, end))]
  }

  #postGroup(lines: readonly Line[], ledger: ReferenceLedger): string[] {
    const trial = ledger.copy()
    const outcomes =
      groupOf(lines[0]) === undefined
        ? lines.map((line) => post(line, trial, this.#name))
        : this.#postLegs(lines, trial)
    for (const [index, line] of lines.entries()) {
      const transfer = trial.transfers.get(idOf(line))
      if (outcomes[index] !== 'posted' || !transfer) continue
      const sum = this.#amounts.get(transfer.currency) ?? 0n
      this.#amounts.set(transfer.currency, sum + transfer.amount)
    }
    ledger.become(trial)
    return outcomes
  }

  #postLegs(lines: readonly Line[], ledger: ReferenceLedger): string[] {
    const legs = lines.flatMap((line) => ('request' in line ? [line.request] : []))
    const isBroken = this.#isBesideUnreadable(lines.length)
    return ledger.postLegs(legs, { batch: this.#name, isBroken }).map(codeOf)
  }

  /** Whether a line that cannot be read stands right before the next `length` lines, or right after them. */
  #isBesideUnreadable(length: number): boolean {
    const start = this.outcomes.length
    return [start - 1, start + length].some((index) => {
      const line = this.#lines[index]
      return line !== undefined && 'malformed' in line
    })
  }
}

const groupOf = (line: Line | undefined): unknown =>
  line && 'request' in line ? line.request.group : undefined

/** The id of the transfer that a line posts. */
function idOf(line: Line | undefined): string {
  if (line && 'request' in line) return String(line.request.transferId)
  if (!line || !('action' in line) || line.action !== 'capture') return ''
  // A file has only texts.
  const { transferId, holdId } = line.about as { transferId?: string; holdId: string }
  return transferId ?? captureId(holdId)
}

/** What becomes of a line by itself: a status, or the code of a refusal. */
function post(line: Line, ledger: ReferenceLedger, batch: string): string {
  if ('malformed' in line) return 'MALFORMED_LINE'
  if ('request' in line) {
    const [outcome] = ledger.transferMany([line.request], { batch })
    return codeOf(outcome)
  }
  try {
    if (line.action === 'release') return ledger.release(line.about.holdId)
    return ledger[line.action](line.about, batch)
  } catch (error) {
    if (error instanceof Refusal) return error.code
    throw error
  }
}

const codeOf = (outcome: string | Refusal | undefined): string =>
  outcome instanceof Refusal ? outcome.code : String(outcome)

const isRefusal = (outcome: string): boolean => !['posted', 'existing'].includes(outcome)
