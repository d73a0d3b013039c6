import { createHash } from 'node:crypto'
import { type Stats, constants, fstat, open as openDescriptor } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { Socket } from 'node:net'
import { basename } from 'node:path'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { openProblem } from '../../messages.ts'
import { BatchFileError, StorageError } from '../errors.ts'
import { type Encoding, SAMPLE_BYTES, encodingOf } from './encoding.ts'
import { isGzipped, unpackGzip } from './gzip.ts'
import { copyToTemporaryFile } from './input-copy.ts'

const BLOCK_BYTES = 256 * 1024

/** A file to read a batch from. It can be read from its start more than once. */
export interface Source {
  /** The path as given, or `standard input`. */
  readonly name: string
  /** The last part of the path; undefined for standard input. */
  readonly baseName: string | undefined
  readonly encoding: Encoding
  /** SHA-256 of the file's bytes in hex; of a gzipped file, packed. */
  digest(): Promise<string>
  /**
   * Reads the text from the start as UTF-8, unpacked if the file is gzipped. A block is valid until the next one
   * is requested. A byte FF stands for what is not text in the file's encoding.
   */
  bytes(): AsyncGenerator<Buffer>
  /** Whether the content is still the one that `digest` was computed from. */
  isUnchanged(): Promise<boolean>
  close(): Promise<void>
}

export interface SourceOptions {
  /** A path, or `-` for `stdin`. */
  readonly file: string
  readonly stdin?: Readable | undefined
  /** The encoding of a file whose byte order mark does not show it. Default: UTF-8. */
  readonly encoding?: string | undefined
  /** Interrupts the reading of an input that can be read only once, and of the digest. They throw its reason. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Opens a file. An input that can be read only once (`stdin`, a pipe or a device) is first copied to a
 * temporary file, which disappears when the source is closed or the process ends.
 */
export async function openSource(options: SourceOptions): Promise<Source> {
  const { file, stdin, encoding, signal } = options
  if (file === '-') {
    if (!stdin) throw new TypeError('the file "-" is the standard input: pass it as `stdin`')
    const name = 'standard input'
    const copy = await copyToTemporaryFile(stdin, { file: name, encoding, signal })
    return await sourceOf(copy, { name, encoding, signal })
  }
  const named = { name: file, baseName: basename(file), encoding, signal }
  const copied = async (input: Readable) =>
    await sourceOf(await copyToTemporaryFile(input, { file, encoding, signal }), named)
  const found = await stat(file).catch((error: unknown) => throwOpenError(file, error))
  if (found.isDirectory()) throw new BatchFileError(file, 'this is a folder: name a file')
  if (found.isFIFO()) return await copied(await openFifo(file))
  const handle = await open(file).catch((error: unknown) => throwOpenError(file, error))
  if ((await handle.stat()).isFile()) return await sourceOf(handle, named)
  return await copied(handle.createReadStream())
}

function throwOpenError(file: string, error: unknown): never {
  throw new BatchFileError(file, openProblem(error), {}, { cause: error })
}

/** Opens a FIFO as a stream. It waits for a writer and its data without keeping the process from ending. */
async function openFifo(path: string): Promise<Readable> {
  const flags = constants.O_RDONLY | constants.O_NONBLOCK
  const descriptor = await promisify(openDescriptor)(path, flags).catch((error: unknown) =>
    throwOpenError(path, error),
  )
  return new Socket({ fd: descriptor, readable: true, writable: false })
}

interface NamedFile {
  readonly name: string
  readonly baseName?: string
  readonly encoding: string | undefined
  readonly signal: AbortSignal | undefined
}

/** Makes a source of an open file. Closes the file if that fails. */
async function sourceOf(handle: FileHandle, named: NamedFile): Promise<Source> {
  try {
    return await readSource(handle, named)
  } catch (error) {
    await handle.close()
    throw error
  }
}

async function readSource(
  handle: FileHandle,
  { name, baseName, encoding: encodingName, signal }: NamedFile,
): Promise<Source> {
  let stats = await handle.stat({ bigint: true })
  let knownDigest: string | undefined

  async function read(buffer: Buffer, position: number): Promise<Buffer> {
    const { bytesRead } = await handle
      .read(buffer, 0, buffer.length, position)
      .catch((error: Error) => {
        throw new StorageError(name, `the file cannot be read: ${error.message}`, { cause: error })
      })
    return buffer.subarray(0, bytesRead)
  }

  /** Reads the file from a position. Each block overwrites the one before it, unless they are `kept`. */
  async function* blocksFrom(from: number, { kept = false } = {}): AsyncGenerator<Buffer> {
    let buffer = Buffer.allocUnsafeSlow(BLOCK_BYTES)
    for (let position = from; ;) {
      if (kept) buffer = Buffer.allocUnsafeSlow(BLOCK_BYTES)
      const block = await read(buffer, position)
      if (block.length === 0) return
      position += block.length
      yield block
    }
  }

  async function* unpacked(): AsyncGenerator<Buffer> {
    // The unpacking takes several blocks before it is done with the first.
    const readKept = (from: number) => blocksFrom(from, { kept: true })
    yield* isGzipped(await read(Buffer.alloc(2), 0))
      ? unpackGzip({ file: name, blockBytes: BLOCK_BYTES, read: readKept })
      : blocksFrom(0)
  }

  async function hash(): Promise<string> {
    const sum = createHash('sha256')
    for await (const block of blocksFrom(0)) {
      signal?.throwIfAborted()
      sum.update(block)
    }
    return sum.digest('hex')
  }

  const start = await startOf(unpacked(), SAMPLE_BYTES)
  const encoding = encodingOf(start, { file: name, encoding: encodingName })

  return {
    name,
    baseName,
    encoding,
    async digest() {
      return (knownDigest ??= await hash())
    },
    bytes: () => decoded(unpacked(), encoding),
    async isUnchanged() {
      const now = await handle.stat({ bigint: true })
      if (now.size !== stats.size || now.mtimeNs !== stats.mtimeNs) return false
      // Nobody can set `ctime` back, but a new name or new permissions change it too: compare the content.
      if (now.ctimeNs !== stats.ctimeNs && (await hash()) !== knownDigest) return false
      stats = now
      return true
    },
    close: () => handle.close(),
  }
}

/** The first `length` bytes, or all if there are fewer; possibly some more. */
async function startOf(blocks: AsyncGenerator<Buffer>, length: number): Promise<Buffer> {
  let start = Buffer.alloc(0)
  for await (const block of blocks) {
    start = Buffer.concat([start, block])
    if (start.length >= length) break
  }
  return start
}

async function* decoded(
  blocks: AsyncGenerator<Buffer>,
  { decoder: makeDecoder }: Encoding,
): AsyncGenerator<Buffer> {
  if (!makeDecoder) return yield* blocks
  const decoder = makeDecoder()
  for await (const block of blocks) {
    const text = decoder.write(block)
    if (text.length > 0) yield text
  }
  yield decoder.end()
}

/** The stats of the file behind an input, to compare it with other files; undefined if there is none. */
export async function statInput({ file, stdin }: SourceOptions): Promise<Stats | undefined> {
  if (file !== '-') return await stat(file).catch(() => undefined)
  const { fd, path } = (stdin ?? {}) as { fd?: unknown; path?: unknown }
  if (typeof fd === 'number') return await promisify(fstat)(fd).catch(() => undefined)
  return typeof path === 'string' ? await stat(path).catch(() => undefined) : undefined
}
