import { createHash } from 'node:crypto'
import { type FileHandle, open, rm } from 'node:fs/promises'
import type { BatchesBefore } from '../batch-proof.ts'
import type { Findings } from '../findings.ts'
import {
  type LineObject,
  RunBlock,
  batchLines,
  endOfRange,
  findingLines,
  jsonLine,
} from './run-block.ts'
import { StateFileError } from './state-file-error.ts'
import { parseObject } from './state-file.ts'
import { readLines } from './text-lines.ts'

/** What two runs must have in common so that one can continue the other. */
export interface RunIdentity {
  readonly database: string
  /** The checksum of the kept state that the run uses; null if it uses none. */
  readonly since: string | null
  readonly against: string | null
}

interface RunOptions {
  readonly identity: RunIdentity
  /** Called with the findings of each range that an earlier run has proven, in their order. */
  readonly onFindings: (findings: Findings) => Promise<void>
}

const TITLE = 'unfinished verification'
const VERSION = 1

/**
 * The file in which a run writes down what it has proven, so that it can be continued after it was killed. Its first line
 * says what is verified. A block of lines follows for the batches, and then one for each range of accounts. A block
 * ends with the SHA-256 of all lines before; what follows the last such end was being written when the run was killed.
 */
export class UnfinishedRun {
  readonly #file: string
  readonly #handle: FileHandle
  /** Of all lines so far. */
  #sum = createHash('sha256')
  /** When the first run began, as an ISO text. */
  startedAt = new Date().toISOString()
  /** How many accounts an earlier run has proven. Undefined if there was none. */
  resumed: number | undefined
  /** The batches as they were before the first run read any transfer; undefined if they were not read yet. */
  batches: BatchesBefore | undefined
  /** The accounts up to this id are proven. */
  after: string | undefined
  /** Whether all accounts are proven. */
  isComplete = false

  private constructor(file: string, handle: FileHandle) {
    this.#file = file
    this.#handle = handle
  }

  /**
   * Starts a run, or continues one that was killed.
   * @throws StateFileError if the file cannot be written, or does not belong to such a run
   */
  static async open(file: string, options: RunOptions): Promise<UnfinishedRun> {
    const created = await open(file, 'ax').catch((cause: NodeJS.ErrnoException) => {
      if (cause.code !== 'EEXIST') throw writeError(file, cause)
    })
    if (created) {
      const run = new UnfinishedRun(file, created)
      await run.#writeHeader(options.identity)
      return run
    }
    const existing = await open(file, 'a').catch((cause: Error) => {
      throw writeError(file, cause)
    })
    const run = new UnfinishedRun(file, existing)
    try {
      await run.#continue(options)
      return run
    } catch (error) {
      await existing.close()
      throw error
    }
  }

  async addBatches(batches: BatchesBefore): Promise<void> {
    await this.#writeBlock(batchLines(batches), {})
  }

  /** Adds the findings of the range of accounts that comes next. The last one has no upper end. */
  async addRange(upTo: string | undefined, findings: Findings): Promise<void> {
    await this.#writeBlock(findingLines(findings), endOfRange(upTo, findings))
    this.#goOnAfter(upTo)
  }

  /** All lines of accounts, some at a time. @throws StateFileError if another process has written to the file */
  async *accountLines(): AsyncGenerator<string, void, undefined> {
    const sum = createHash('sha256')
    for await (const lines of readLines(this.#file)) {
      for (const line of lines) sum.update(`${line}\n`)
      yield lines
        .filter((line) => line.startsWith('{"id":'))
        .map((line) => `${line}\n`)
        .join('')
    }
    if (sum.digest('hex') === this.#sum.copy().digest('hex')) return
    const problem = 'another process has written to the file in the meantime: verify again'
    throw new StateFileError(this.#file, problem)
  }

  /** Stops writing. The file stays, so that the run can be continued, unless nothing was proven. */
  async close(): Promise<void> {
    await this.#handle.close()
    if (this.after === undefined && !this.isComplete) await this.remove()
  }

  async remove(): Promise<void> {
    await rm(this.#file, { force: true })
  }

  async #continue({ identity, onFindings }: RunOptions): Promise<void> {
    const sum = createHash('sha256')
    let isHeader = true
    let block = new RunBlock()
    let bytes = 0
    let proven = 0
    reading: for await (const lines of readLines(this.#file)) {
      for (const text of lines) {
        const line = parseObject(text)
        bytes += Buffer.byteLength(text) + 1
        if (isHeader) this.#readHeader(line, identity)
        else if (!line) break reading
        else if ('end' in line) {
          if (sum.copy().digest('hex') !== line['checksum']) break reading
          await this.#useBlock(block.finish(line['end'] as LineObject), onFindings)
          block = new RunBlock()
          proven = bytes
        } else block.add(line, text)
        sum.update(`${text}\n`)
        if (isHeader || proven === bytes) this.#sum = sum.copy()
        if (isHeader) proven = bytes
        isHeader = false
      }
    }
    if (isHeader) this.#readHeader(undefined, identity)
    await this.#handle.truncate(proven)
  }

  async #useBlock(
    block: ReturnType<RunBlock['finish']>,
    onFindings: RunOptions['onFindings'],
  ): Promise<void> {
    if ('batches' in block) {
      this.batches = block.batches
      return
    }
    const { findings, upTo } = block
    this.resumed = (this.resumed ?? 0) + findings.accounts
    this.#goOnAfter(upTo)
    await onFindings(findings)
  }

  #readHeader(line: LineObject | undefined, identity: RunIdentity): void {
    if (line?.['daybook'] !== TITLE || line['version'] !== VERSION) {
      const problem =
        'this is not an unfinished verification of this version: delete it, or save to another file'
      throw new StateFileError(this.#file, problem, { line: 1 })
    }
    for (const name of ['database', 'since', 'against'] as const) {
      if (line[name] === identity[name]) continue
      const what = name === 'database' ? 'database' : `state for --${name}`
      const problem = `this verification was interrupted, and had another ${what}: repeat it, delete the file to start again, or save to another file`
      throw new StateFileError(this.#file, problem, { line: 1 })
    }
    this.startedAt = line['startedAt'] as string
  }

  #writeHeader(identity: RunIdentity): Promise<void> {
    const { startedAt } = this
    return this.#write(jsonLine({ daybook: TITLE, version: VERSION, startedAt, ...identity }))
  }

  #goOnAfter(upTo: string | undefined): void {
    if (upTo === undefined) this.isComplete = true
    else this.after = upTo
  }

  async #writeBlock(lines: string, end: object): Promise<void> {
    this.#sum.update(lines)
    const checksum = this.#sum.copy().digest('hex')
    const last = jsonLine({ end, checksum })
    this.#sum.update(last)
    await this.#append(lines + last)
  }

  async #write(text: string): Promise<void> {
    this.#sum.update(text)
    await this.#append(text)
  }

  async #append(text: string): Promise<void> {
    await this.#handle.writeFile(text).catch((cause: Error) => {
      throw writeError(this.#file, cause)
    })
  }
}

const writeError = (file: string, cause: Error): StateFileError =>
  new StateFileError(file, `the file cannot be written: ${cause.message}`, { cause })
