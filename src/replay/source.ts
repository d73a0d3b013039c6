import { createHash, randomUUID } from 'node:crypto'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { Readable, pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { BatchFileError } from './errors.ts'

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
  /** The bytes from the beginning, unpacked where they are gzipped. */
  bytes(): AsyncGenerator<Buffer>
  /** Throws where the file is no longer what it was when it was opened. */
  assertUnchanged(): Promise<void>
  close(): Promise<void>
}

/**
 * Opens a file. What can be read only once (`-` for the given standard input, or a pipe by its name)
 * is first spooled to a temporary file, which is gone afterwards, however the process ends.
 */
export async function openSource(
  file: string,
  stdin?: Readable,
  signal?: AbortSignal,
): Promise<Source> {
  if (file === '-') {
    if (!stdin) throw new TypeError('"-" needs the standard input: give it as `stdin`')
    return await opened(await spool(stdin, signal), 'standard input')
  }
  let handle: FileHandle
  try {
    handle = await open(file)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const problem =
      code === 'ENOENT'
        ? 'there is no such file'
        : code === 'EACCES'
          ? 'the file may not be read: check its permissions'
          : `the file cannot be opened: ${(error as Error).message}`
    throw new BatchFileError(file, problem, {}, { cause: error })
  }
  const stat = await handle.stat()
  if (stat.isDirectory()) {
    await handle.close()
    throw new BatchFileError(file, 'this is a directory: name a file')
  }
  if (stat.isFile()) return await opened(handle, file, basename(file))
  return await opened(await spool(handle.createReadStream(), signal), file, basename(file))
}

async function spool(input: Readable, signal?: AbortSignal): Promise<FileHandle> {
  const path = join(tmpdir(), `daybook-${randomUUID()}`)
  const handle = await open(path, 'wx+', 0o600)
  try {
    // Without its name the file lives as long as its handle, even when the process is killed.
    await rm(path)
    for await (const chunk of input) {
      signal?.throwIfAborted()
      await handle.writeFile(chunk as Buffer)
    }
    return handle
  } catch (error) {
    await handle.close()
    throw error
  }
}

async function opened(handle: FileHandle, name: string, baseName?: string): Promise<Source> {
  const { size, mtimeMs } = await handle.stat()
  let consumed = 0

  async function* raw(): AsyncGenerator<Buffer> {
    consumed = 0
    while (true) {
      const { buffer, bytesRead } = await handle.read(
        Buffer.allocUnsafeSlow(BLOCK_BYTES),
        0,
        BLOCK_BYTES,
        consumed,
      )
      if (bytesRead === 0) return
      consumed += bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  }

  const isGzipped = async (): Promise<boolean> => {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0)
    return bytesRead === 2 && buffer.readUInt16BE() === 0x1f8b
  }

  return {
    name,
    baseName,
    size,
    get consumed() {
      return consumed
    },
    async digest() {
      const hash = createHash('sha256')
      for await (const block of raw()) hash.update(block)
      return hash.digest('hex')
    },
    async *bytes() {
      if (!(await isGzipped())) {
        yield* raw()
        return
      }
      const gunzip = createGunzip({ chunkSize: BLOCK_BYTES })
      // The failure comes out of the iteration below.
      pipeline(Readable.from(raw()), gunzip, () => undefined)
      try {
        yield* gunzip
      } catch (error) {
        throw gzipError(name, error)
      }
    },
    async assertUnchanged() {
      const now = await handle.stat()
      if (now.size === size && now.mtimeMs === mtimeMs) return
      throw new BatchFileError(
        name,
        'the file was changed while it was being read: what is posted stays posted; replay the changed file as a batch of another name',
      )
    },
    close: () => handle.close(),
  }
}

function gzipError(name: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'Z_BUF_ERROR') {
    const problem = 'the gzip data end too early, the file is truncated: fetch it again'
    return new BatchFileError(name, problem, {}, { cause: error })
  }
  if (code?.startsWith('Z_')) {
    const problem = `the gzip data are damaged (${(error as Error).message}): fetch the file again`
    return new BatchFileError(name, problem, {}, { cause: error })
  }
  return error
}
