import { Readable, pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { BatchFileError } from '../errors.ts'

export interface GunzipOptions {
  readonly file: string
  readonly blockBytes: number
  /** The packed bytes from a position on. */
  readonly read: (from: number) => AsyncGenerator<Buffer>
}

/** Unpacks gzip data of one member or several. NULs may follow them, as tapes have it, and nothing else. */
export async function* unpackGzip({
  file,
  blockBytes,
  read,
}: GunzipOptions): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: blockBytes })
  // The failure comes out of the iteration below.
  pipeline(Readable.from(read(0)), gunzip, () => undefined)
  try {
    yield* gunzip
  } catch (error) {
    throw gzipError(file, error)
  }
  // At the first NUL after a member the unpacking ends, and says nothing of what it left.
  const end = gunzip.bytesWritten
  for await (const block of read(end)) {
    if (block.equals(Buffer.alloc(block.length))) continue
    const problem = `the gzip data end at byte ${end} and NULs follow, then other bytes, which would not be read: fetch the file again, or unpack it with another program`
    throw new BatchFileError(file, problem)
  }
}

function gzipError(file: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'Z_BUF_ERROR') {
    const problem = 'the gzip data end too early, the file is truncated: fetch it again'
    return new BatchFileError(file, problem, {}, { cause: error })
  }
  if (code?.startsWith('Z_')) {
    const problem = `the gzip data are damaged (${(error as Error).message}): fetch the file again`
    return new BatchFileError(file, problem, {}, { cause: error })
  }
  return error
}
