import { quote, reasonOf } from '../../messages.ts'
import { BatchFileError } from '../errors.ts'
import { linesOf } from '../source/lines.ts'
import { MAX_RECORD_BYTES, type RawRecord, type RecordBlocks } from '../source/raw-record.ts'
import type { Source } from '../source/source.ts'
import { readObject } from './json/json-object.ts'
import { readRejected } from './json/json-rejects.ts'
import type { FoundRecord, ReadFunction, TextFile } from './text-file.ts'

const BLOCK_SIZE = 500

/** The records that a transform finds in a file, each as JSON. */
export async function* ownRecords(source: Source, read: ReadFunction): RecordBlocks {
  const { name } = source
  const places = new Places(name)
  let block: RawRecord[] = []
  for await (const found of guarded(source, read)) {
    const { record, line } = (found ?? {}) as Partial<FoundRecord>
    if (typeof record !== 'object' || record === null || Array.isArray(record)) {
      const problem = `the read of the transform gave ${quote(found)}: expected { record, line } with an object as its record`
      throw new BatchFileError(name, problem)
    }
    block.push(rawRecord(places.next(line), JSON.stringify(record)))
    if (block.length < BLOCK_SIZE) continue
    yield block
    block = []
  }
  yield block
}

function rawRecord(place: { line: number; item: number }, text: string): RawRecord {
  if (text.length <= MAX_RECORD_BYTES) return { ...place, text }
  const problem = `the record is longer than ${MAX_RECORD_BYTES} characters; only its start is kept`
  return { ...place, text: text.slice(0, 200), problem, damage: 'truncated' }
}

/** What `read` gives, with an error that names the file if it throws. */
async function* guarded(source: Source, read: ReadFunction): AsyncGenerator {
  try {
    yield* read(textFile(source))
  } catch (error) {
    if (error instanceof BatchFileError) throw error
    const problem = `the read of the transform failed: ${reasonOf(error)}`
    throw new BatchFileError(source.name, problem, {}, { cause: error })
  }
}

/** Numbers the records that start on the same line, because a refusal is found by its line and that number. */
class Places {
  readonly #file: string
  #count = 0
  #line = 0
  #item = 0

  constructor(file: string) {
    this.#file = file
  }

  next(given: unknown): { line: number; item: number } {
    this.#count += 1
    const line = given ?? this.#count
    if (!Number.isSafeInteger(line) || (line as number) < Math.max(1, this.#line)) {
      const problem = `the read of the transform gave the line ${quote(line)} after ${this.#line}: expected whole numbers from 1 that do not go back`
      throw new BatchFileError(this.#file, problem)
    }
    this.#item = line === this.#line ? this.#item + 1 : 1
    this.#line = line as number
    return { line: this.#line, item: this.#item }
  }
}

const textFile = (source: Source): TextFile => ({
  name: source.name,
  async *lines() {
    for await (const block of linesOf(source.bytes(), source.name)) {
      for (const { line, text, problem } of block) {
        if (problem !== undefined) throw new BatchFileError(source.name, problem, { line })
        const content = text.endsWith('\r') ? text.slice(0, -1) : text
        if (content !== '') yield { line, text: content }
      }
    }
  },
  async *text() {
    const decoder = new TextDecoder('utf-8', { fatal: true })
    for await (const bytes of source.bytes()) yield decoder.decode(bytes, { stream: true })
    yield decoder.decode()
  },
})

/** Whether a file contains rejects of an earlier batch with a transform. Their records are read already. */
export async function holdsRejects(source: Source): Promise<boolean> {
  for await (const [first] of linesOf(source.bytes(), source.name)) {
    if (!first) continue
    if (!first.text.startsWith('{')) return false
    const read = readObject(first.text)
    return (
      'object' in read &&
      readRejected(read.object, first.text, { map: {}, set: {}, areMade: true }) !== undefined
    )
  }
  return false
}
