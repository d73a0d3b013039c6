import { randomUUID } from 'node:crypto'
import {
  type FileHandle,
  access,
  constants,
  open,
  readdir,
  realpath,
  rename,
  rm,
  stat,
} from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import mongoose, { type Connection } from 'mongoose'
import type { RefusalRecord } from '../models/batch.ts'
import { BatchFileError } from './errors.ts'
import type { Reject, RejectsFormat } from './reading/batch-file.ts'
import { type SourceOptions, statInput } from './source/source.ts'
import { appendToTemporaryFile, openTemporaryFile } from './source/temporary-file.ts'

/** Refuses a file of rejects that could not be written at the end, or that would replace something else. */
export async function checkRejectsFile(path: string, options: SourceOptions): Promise<void> {
  try {
    await access(dirname(path), constants.W_OK)
  } catch (error) {
    const problem = 'the folder for the rejects is not there or may not be written to'
    throw new BatchFileError(path, problem, {}, { cause: error })
  }
  const found = await stat(path).catch(() => undefined)
  if (!found) return
  if (!found.isFile())
    throw new BatchFileError(path, 'this is no file: name a file for the rejects')
  const input = await statInput(options)
  if (input && input.dev === found.dev && input.ino === found.ino) {
    throw new BatchFileError(
      path,
      'the rejects would replace the file that is replayed: name another',
    )
  }
}

/**
 * A file of rejects, gathered in a temporary one: all of it is put in its place at once, or what was there
 * stays as it was.
 */
export class RejectsFile {
  readonly #path: string
  readonly #format: RejectsFormat
  #gathered: FileHandle | undefined

  constructor(path: string, format: RejectsFormat) {
    this.#path = path
    this.#format = format
  }

  async add(rejects: AsyncIterable<Reject> | Iterable<Reject>): Promise<void> {
    const { head, separator } = this.#format
    let pending = ''
    const write = async () => {
      if (pending === '') return
      this.#gathered ??= await openTemporaryFile()
      await appendToTemporaryFile(this.#gathered, pending)
      pending = ''
    }
    let isFirst = !this.#gathered
    for await (const reject of rejects) {
      pending += (isFirst ? head : separator) + this.#format.write(reject)
      isFirst = false
      if (pending.length > PENDING_LENGTH) await write()
    }
    await write()
  }

  /** Puts the file in its place. */
  async put(): Promise<void> {
    const { empty, tail } = this.#format
    if (this.#gathered) await appendToTemporaryFile(this.#gathered, tail)
    // A link stays a link.
    const path = await realpath(this.#path).catch(() => this.#path)
    await removeAbandoned(path)
    const temporary = `${path}.${randomUUID()}.tmp`
    const file = await open(temporary, 'wx')
    try {
      if (this.#gathered) await copy(this.#gathered, file)
      else await file.writeFile(empty)
      await file.sync()
      await file.close()
      await rename(temporary, path)
    } catch (error) {
      await file.close()
      await rm(temporary, { force: true })
      throw error
    }
  }

  async close(): Promise<void> {
    await this.#gathered?.close()
  }
}

const PENDING_LENGTH = 64 * 1024

async function copy(from: FileHandle, to: FileHandle): Promise<void> {
  const buffer = Buffer.allocUnsafe(COPIED_BYTES)
  for (let position = 0; ;) {
    const { bytesRead } = await from.read(buffer, 0, buffer.length, position)
    if (bytesRead === 0) return
    position += bytesRead
    await to.writeFile(buffer.subarray(0, bytesRead))
  }
}

const COPIED_BYTES = 256 * 1024

/** A file that is put in its place is written in one go: what rested so long is of a process that was killed. */
const ABANDONED_AFTER_MS = 3_600_000

async function removeAbandoned(path: string): Promise<void> {
  const folder = dirname(path)
  const suffix = /^\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp$/
  for (const name of await readdir(folder)) {
    if (!name.startsWith(basename(path)) || !suffix.test(name.slice(basename(path).length)))
      continue
    const found = await stat(join(folder, name)).catch(() => undefined)
    if (!found || Date.now() - found.mtimeMs < ABANDONED_AFTER_MS) continue
    await rm(join(folder, name), { force: true })
  }
}

/** The refused lines of a batch that are stored, in the file's order. */
export async function* storedRejects(
  connection: Connection,
  batch: string,
): AsyncGenerator<Reject> {
  const refusals = connection
    .collection<RefusalRecord>('refusals')
    .find({ _id: { $gte: { batch }, $lt: { batch, line: new mongoose.mongo.MaxKey() } } } as object)
    .sort({ _id: 1 })
  for await (const { _id, row: text, ...reject } of refusals) {
    yield { ...reject, line: _id.line, text }
  }
}
