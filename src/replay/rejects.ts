import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import {
  type FileHandle,
  access,
  constants,
  open,
  realpath,
  rename,
  stat,
  writeFile,
} from 'node:fs/promises'
import { dirname } from 'node:path'
import process from 'node:process'
import mongoose, { type Connection } from 'mongoose'
import { collectionsOf } from '../definition.ts'
import type { RefusalRecord } from '../models/batch.ts'
import { keepRejects, requireRejects } from './earlier-rejects.ts'
import { BatchFileError } from './errors.ts'
import type { RejectsFormat } from './reading/batch-file.ts'
import { type RefusedPart, onePerRecord } from './rejected-records.ts'
import type { Encoding } from './source/encoding.ts'
import { type SourceOptions, statInput } from './source/source.ts'
import { appendToTemporaryFile, openTemporaryFile } from './source/temporary-file.ts'

/**
 * Checks that a file of rejects can be written and replaces neither the input nor a file that is not one of rejects.
 * @throws BatchFileError
 */
export async function checkRejectsFile(path: string, options: SourceOptions): Promise<void> {
  try {
    await access(dirname(path), constants.W_OK)
  } catch (error) {
    const problem = 'the folder for the rejects does not exist or is not writable'
    throw new BatchFileError(path, problem, {}, { cause: error })
  }
  const found = await stat(path).catch(() => undefined)
  if (!found) return
  if (!found.isFile()) {
    throw new BatchFileError(path, 'the rejects cannot be written here: this is not a file')
  }
  const input = await statInput(options)
  if (input && input.dev === found.dev && input.ino === found.ino) {
    const problem = 'the rejects would replace the file that is replayed: name another file'
    throw new BatchFileError(path, problem)
  }
  await requireRejects(path)
}

/**
 * A file of rejects. They are collected in a temporary file first. Then {@link save} replaces the whole file at
 * once, so that a failure leaves the old file as it was.
 */
export class RejectsFile {
  readonly #path: string
  readonly #format: RejectsFormat
  /** That of the batch's file, with its byte order mark if it has one. */
  readonly #encoding: Encoding
  #collected: FileHandle | undefined

  constructor(path: string, format: RejectsFormat, encoding: Encoding) {
    this.#path = path
    this.#format = format
    this.#encoding = encoding
  }

  /** Collects rejects, in the order in which the file will contain them. */
  async add(refusals: AsyncIterable<RefusedPart> | Iterable<RefusedPart>): Promise<void> {
    const { separator } = this.#format
    const head = this.#encoding.mark + this.#format.head
    let pending = ''
    const write = async () => {
      if (pending === '') return
      this.#collected ??= await openTemporaryFile()
      await appendToTemporaryFile(this.#collected, this.#encoding.encode(pending))
      pending = ''
    }
    let isFirst = !this.#collected
    for await (const reject of onePerRecord(refusals)) {
      pending += (isFirst ? head : separator) + this.#format.write(reject)
      isFirst = false
      if (pending.length > PENDING_LENGTH) await write()
    }
    await write()
  }

  /**
   * Writes the collected rejects to the file. While it is written it is named `NAME.UUID.tmp`, in the same folder.
   * Only a process that is killed by SIGKILL leaves such a file behind. It is harmless and can be deleted. Returns
   * the path of a copy of the file that was there before, if it had anything that the new one does not have.
   */
  async save(): Promise<string | undefined> {
    const { encode, mark } = this.#encoding
    const { empty, tail } = this.#format
    if (this.#collected) await appendToTemporaryFile(this.#collected, encode(tail))
    // If the path is a link, replace the file that it points to, not the link.
    const path = await realpath(this.#path).catch(() => this.#path)
    const temporary = `${path}.${randomUUID()}.tmp`
    const remove = () => rmSync(temporary, { force: true })
    process.once('exit', remove)
    try {
      const file = await open(temporary, 'wx')
      try {
        await writeFile(
          file,
          this.#collected?.createReadStream({ start: 0 }) ?? encode(mark + empty),
        )
        await file.sync()
      } finally {
        await file.close()
      }
      const exists = await stat(path).then(Boolean, () => false)
      const copy = exists ? await keepRejects(path, temporary) : undefined
      await rename(temporary, path)
      return copy
    } catch (error) {
      remove()
      throw error
    } finally {
      process.off('exit', remove)
    }
  }

  async close(): Promise<void> {
    await this.#collected?.close()
  }
}

/** Rejects are written when they reach this many characters. */
const PENDING_LENGTH = 64 * 1024

/** The stored refusals of a batch, in the file's order. */
export async function* storedRejects(
  connection: Connection,
  batch: string,
): AsyncGenerator<RefusedPart> {
  const refusals = connection
    .collection<RefusalRecord>(collectionsOf(connection).refusals)
    .find({ _id: { $gte: { batch }, $lt: { batch, line: new mongoose.mongo.MaxKey() } } } as object)
    .sort({ _id: 1 })
  for await (const { _id, row: text, ...reject } of refusals) {
    yield { ...reject, line: _id.line, item: _id.item ?? 1, text }
  }
}
