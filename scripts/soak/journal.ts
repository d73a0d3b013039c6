import { closeSync, createReadStream, openSync, writeSync } from 'node:fs'
import { createInterface } from 'node:readline'

/** What a call asks of the ledger. A call may ask for several transfers and holds, or change a field of an account. */
export interface Call {
  /** Unique in the soak: the client's process and a number. */
  readonly call: string
  readonly verb: string
  readonly transfers?: readonly AskedRecord[]
  /** Holds that it places or releases: see `holdKey` and `releaseKey`. */
  readonly holds?: readonly AskedRecord[]
  /** Whether its hold has expired: nothing may be posted by it. */
  readonly isLate?: boolean
  /** Whether its transfers and holds are posted together or not at all. */
  readonly atomic?: boolean
  /** The document that the caller's own transaction writes with them. */
  readonly order?: string
  readonly account?: AskedAccount
  /** The batch whose lines are the transfers. */
  readonly batch?: string
}

/** A transfer or hold that somebody asked for. A transfer's key is its reference, which no other transfer of the soak has. */
export interface AskedRecord {
  readonly key: string
  /** What the stored record must say: see `contentOf`. */
  readonly content: string
}

/** A field of an account, and the value that it gets. */
interface AskedAccount {
  readonly id: string
  readonly field: 'holder' | 'status' | 'overdraftLimit'
  readonly value: string
}

/** What a call's caller was told. */
export type Outcome =
  /** One status for each transfer, then for each hold: `posted`, `existing` or the code of a refusal. A sweep says how many holds it ended. */
  | { readonly outcome: 'done'; readonly results: readonly string[] }
  | { readonly outcome: 'refused'; readonly code: string }
  /** An error that says whether anything was posted; `unknown` if it does not say. */
  | { readonly outcome: 'not posted' | 'unknown'; readonly error: string }

/** A line of a journal. Times are milliseconds on a clock that all processes of the machine share. */
export type Entry =
  | ({ readonly began: number } & Call)
  | ({ readonly ended: number; readonly call: string } & Outcome)
  /** Written by the parent when the client's process has ended: calls without an end never got one. */
  | { readonly died: number }

/** Milliseconds on the machine's monotonic clock, the same in every process. */
export const clock = (): number => Number(process.hrtime.bigint() / 1_000n) / 1_000

/** A file to which a client appends what it asks for and what it learns. What it has written outlives it. */
export class Journal {
  readonly #file: number

  constructor(path: string) {
    this.#file = openSync(path, 'a')
  }

  write(entry: Entry): void {
    writeSync(this.#file, `${JSON.stringify(entry)}\n`)
  }

  close(): void {
    closeSync(this.#file)
  }
}

/** The entries of a journal. Its last line may be cut, because its writer may have been killed. */
export async function* readJournal(path: string): AsyncGenerator<Entry> {
  for await (const line of createInterface({
    input: createReadStream(path),
    crlfDelay: Infinity,
  })) {
    const entry = parse(line)
    if (entry) yield entry
  }
}

function parse(line: string): Entry | undefined {
  try {
    return JSON.parse(line) as Entry
  } catch {
    return undefined
  }
}
