import { LedgerError, OutcomeError } from '../../src/index.ts'
import type { Random } from '../../src/internal.ts'
import { type Call, type Journal, type Outcome, clock } from './journal.ts'

/** What a call asks, before it has a name of its own. */
export type Asked = Omit<Call, 'call'>

/** How often a call is made at most. */
const ATTEMPTS = 4

/** Makes calls and writes them into a journal, before they are made and after they have ended. */
export class Asker {
  readonly #journal: Journal
  readonly #name: string
  #calls = 0

  /** `name` is unique in the soak. */
  constructor(journal: Journal, name: string) {
    this.#journal = journal
    this.#name = name
  }

  /** A name that nothing else in the soak has. */
  newName(): string {
    this.#calls += 1
    return `${this.#name}-${this.#calls}`
  }

  /** Makes a call once. Its results are one status for each transfer and hold that it asks for. */
  async ask(asked: Asked, make: () => Promise<readonly string[]>): Promise<Outcome> {
    const call = this.newName()
    this.#journal.write({ began: clock(), call, ...asked })
    const outcome = await make().then(
      (results): Outcome => ({ outcome: 'done', results }),
      outcomeOf,
    )
    this.#journal.write({ ended: clock(), call, ...outcome })
    return outcome
  }

  /**
   * Makes a call, and repeats it as an error advises. Sometimes it does not, and leaves the outcome in doubt. Returns
   * whether the call was answered.
   */
  async askAgain(
    asked: Asked,
    make: () => Promise<readonly string[]>,
    random: Random,
  ): Promise<boolean> {
    for (let attempt = 1; ; attempt += 1) {
      const { outcome } = await this.ask(asked, make)
      if (outcome === 'done') return true
      if (attempt === ATTEMPTS || random.isLikely(outcome === 'refused' ? 0.8 : 0.3)) return false
    }
  }
}

/** Whether something was posted by a call that began at `before`, or earlier. All clocks are this machine's. */
export const statusOf = (postedAt: unknown, before: number): string =>
  Number(postedAt) < before ? 'existing' : 'posted'

function outcomeOf(error: unknown): Outcome {
  if (error instanceof LedgerError) return { outcome: 'refused', code: error.code }
  const told = error instanceof Error ? `${nameOf(error)}: ${error.message}` : String(error)
  return { outcome: error instanceof OutcomeError ? error.outcome : 'unknown', error: told }
}

/** Its name, and the server's code for it if it has one. */
const nameOf = (error: Error): string =>
  'codeName' in error && typeof error.codeName === 'string'
    ? `${error.name} ${error.codeName}`
    : error.name
