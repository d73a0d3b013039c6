import { ATOMIC_LIMIT } from '../../ledger/transaction-size.ts'
import { BatchFileError } from '../errors.ts'
import { ATOMIC_TEXT } from '../file-size.ts'
import { type Row, requestsOfRow } from '../reading/row.ts'
import { groupOf, isOneGroup, previousSplit } from './row-groups.ts'

/** The text of a chunk may reach this many characters; then the chunk takes no more rows. */
const TEXT_LIMIT = 8 * 1024 * 1024

/** Reads rows from a file in blocks, and hands them out in chunks of any length. */
export class RowQueue {
  readonly #blocks: AsyncGenerator<Row[]>
  /** The last block that was read. Its rows before `#start` are handed out. */
  #rows: Row[] = []
  #start = 0
  readonly #file: string

  constructor(blocks: AsyncGenerator<Row[]>, file: string) {
    this.#blocks = blocks
    this.#file = file
  }

  /**
   * The next `count` rows, or fewer if their text reaches the limit or the file ends. A group is taken as a whole. At the
   * end of the file there are none. Call it again only after the last call is done.
   * @throws BatchFileError if a group does not fit into one transaction
   */
  async take(count: number, textLimit = TEXT_LIMIT): Promise<readonly Row[]> {
    const taken: Row[] = []
    let textLength = 0
    while (taken.length < count && textLength < textLimit) {
      // Most rows are there, and to await each of them would take longer than all the rest.
      const row = this.#rows[this.#start] ?? (await this.#peek())
      if (!row) return taken
      this.#start += 1
      taken.push(row)
      textLength += row.text.length
    }
    await this.#takeRestOfGroup(taken)
    return taken
  }

  /** Takes the rows that are in one group with the last row taken, and the skipped ones among them. */
  async #takeRestOfGroup(taken: Row[]): Promise<void> {
    let last = taken.findLast(({ skipped }) => skipped === undefined)
    let size: GroupSize | undefined
    for (;;) {
      const row = last && (await this.#peek())
      if (!row) return
      if (row.skipped === undefined) {
        if (!last || !isOneGroup(last, row)) return
        size ??= new GroupSize(taken.slice(previousSplit(taken, taken.indexOf(last))), this.#file)
        size.add(row)
        last = row
      } else if (groupOf(last?.request) === undefined) return
      this.#start += 1
      taken.push(row)
    }
  }

  /** The next row, which stays the next. Undefined at the end of the file. */
  async #peek(): Promise<Row | undefined> {
    while (this.#start === this.#rows.length) {
      const next = await this.#blocks.next()
      if (next.done) return undefined
      this.#rows = next.value
      this.#start = 0
    }
    return this.#rows[this.#start]
  }

  /** All rows, of a batch that is known to be small enough. */
  takeAll(): Promise<readonly Row[]> {
    return this.take(Infinity, Infinity)
  }

  async close(): Promise<void> {
    await this.#blocks.return(undefined)
  }
}

/** Counts what a group has, to throw when that is more than one transaction holds. */
class GroupSize {
  readonly #first: Row
  readonly #file: string
  #transfers = 0
  #characters = 0

  constructor(rows: readonly Row[], file: string) {
    this.#first = rows[0] as Row
    this.#file = file
    for (const row of rows) this.add(row)
  }

  add(row: Row): void {
    this.#transfers += requestsOfRow(row).length
    this.#characters += row.text.length
    const found =
      this.#transfers > ATOMIC_LIMIT
        ? `more than ${ATOMIC_LIMIT} transfers`
        : this.#characters > ATOMIC_TEXT
          ? `more than ${ATOMIC_TEXT} characters`
          : undefined
    if (found === undefined) return
    const problem = `the group that starts here has ${found}, which is the most that one transaction holds: split it into several groups. What is posted stays posted`
    throw new BatchFileError(this.#file, problem, this.#first)
  }
}
