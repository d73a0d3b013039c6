import { createHash } from 'node:crypto'
import { type Stats, constants, fstat, open as openDescriptor } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { Socket } from 'node:net'
import { basename } from 'node:path'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { BatchFileError, StorageError } from '../errors.ts'
import { unpackGzip } from './gzip.ts'
import { isGzipped, copyToTemporaryFile } from './temporary-file.ts'

/** How much is read at once. The longest line that is certain to lie within one block is shorter. */
const BLOCK_BYTES = 256 * 1024

/** The bytes of a batch, which can be read again from the beginning. */
export interface Source {
  /** As it was named, or `standard input`. */
  readonly name: string
  /** The file's base name; absent for standard input. */
  readonly baseName: string | undefined
  /** In bytes, as given: compressed where it is. */
  readonly size: number
  /** How many bytes the reading in progress has taken. */
  readonly consumed: number
  /** SHA-256 of the bytes as given, in hex. */
  digest(): Promise<string>
  /** The bytes from the beginning, unpacked where they are gzipped. A block is there until the next one is asked for. */
  bytes(): AsyncGenerator<Buffer>
  /** Whether the file still holds what it did when its digest was made. */
  isUnchanged(): Promise<boolean>
  close(): Promise<void>
}

/** What a source is opened with. */
export interface SourceOptions {
  /** The path of a file; `-` for `stdin`. */
  readonly file: string
  readonly stdin?: Readable | undefined
  /** Ends the reading of what can be read only once, and of the digest: they throw its reason. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Opens a file. What can be read only once (`-` for the given standard input, or a pipe by its name)
 * is first spooled to a temporary file, which is gone afterwards, however the process ends.
 */
export async function openSource({ file, stdin, signal }: SourceOptions): Promise<Source> {
  if (file === '-') {
    if (!stdin) throw new TypeError('"-" needs the standard input: give it as `stdin`')
    const name = 'standard input'
    return await opened(await copyToTemporaryFile(stdin, { file: name, signal }), { name, signal })
  }
  const named = { name: file, baseName: basename(file), signal }
  const found = await stat(file).catch((error: unknown) => unopened(file, error))
  if (found.isDirectory()) throw new BatchFileError(file, 'this is a directory: name a file')
  if (found.isFIFO()) {
    return await opened(await copyToTemporaryFile(await openFifo(file), { file, signal }), named)
  }
  const handle = await open(file).catch((error: unknown) => unopened(file, error))
  if ((await handle.stat()).isFile()) return await opened(handle, named)
  return await opened(await copyToTemporaryFile(handle.createReadStream(), { file, signal }), named)
}

function unopened(file: string, error: unknown): never {
  const { code, message } = error as NodeJS.ErrnoException
  const problem =
    code === 'ENOENT'
      ? 'there is no such file'
      : code === 'EACCES'
        ? 'the file may not be read: check its permissions'
        : `the file cannot be opened: ${message}`
  throw new BatchFileError(file, problem, {}, { cause: error })
}

/** A FIFO as a stream that waits for its writer, and for what that writes, without holding up an end. */
async function openFifo(path: string): Promise<Readable> {
  const flags = constants.O_RDONLY | constants.O_NONBLOCK
  const descriptor = await promisify(openDescriptor)(path, flags).catch((error: unknown) =>
    unopened(path, error),
  )
  return new Socket({ fd: descriptor, readable: true, writable: false })
}

async function opened(
  handle: FileHandle,
  { name, baseName, signal }: { name: string; baseName?: string; signal: AbortSignal | undefined },
): Promise<Source> {
  let seen = await handle.stat({ bigint: true })
  let known: string | undefined
  let consumed = 0

  async function read(buffer: Buffer, position: number): Promise<Buffer> {
    const { bytesRead } = await handle
      .read(buffer, 0, buffer.length, position)
      .catch((error: Error) => {
        throw new StorageError(name, `the file cannot be read: ${error.message}`, { cause: error })
      })
    return buffer.subarray(0, bytesRead)
  }

  /** The file from a position on. A block is there until the next one is asked for, unless they are `kept`. */
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

  async function* counted(from: number, { kept = false } = {}): AsyncGenerator<Buffer> {
    consumed = from
    for await (const block of blocksFrom(from, { kept })) {
      consumed += block.length
      yield block
    }
  }

  async function hash(): Promise<string> {
    const sum = createHash('sha256')
    for await (const block of blocksFrom(0)) {
      signal?.throwIfAborted()
      sum.update(block)
    }
    return sum.digest('hex')
  }

  return {
    name,
    baseName,
    size: Number(seen.size),
    get consumed() {
      return consumed
    },
    async digest() {
      return (known ??= await hash())
    },
    async *bytes() {
      if (!isGzipped(await read(Buffer.alloc(2), 0))) yield* counted(0)
      else {
        // Unpacking takes several before it is done with the first.
        const readKept = (from: number) => counted(from, { kept: true })
        yield* unpackGzip({ file: name, blockBytes: BLOCK_BYTES, read: readKept })
      }
    },
    async isUnchanged() {
      const now = await handle.stat({ bigint: true })
      if (now.size !== seen.size || now.mtimeNs !== seen.mtimeNs) return false
      // This time cannot be set back; but a new name or new permissions change it too.
      if (now.ctimeNs !== seen.ctimeNs && (await hash()) !== known) return false
      seen = now
      return true
    },
    close: () => handle.close(),
  }
}

/** What tells the file behind an input from others; undefined where there is none. */
export async function statInput({ file, stdin }: SourceOptions): Promise<Stats | undefined> {
  if (file !== '-') return await stat(file).catch(() => undefined)
  const { fd, path } = (stdin ?? {}) as { fd?: unknown; path?: unknown }
  if (typeof fd === 'number') return await promisify(fstat)(fd).catch(() => undefined)
  return typeof path === 'string' ? await stat(path).catch(() => undefined) : undefined
}
