import { Readable, pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { BatchFileError } from '../errors.ts'

export interface UnpackOptions {
  readonly file: string
  readonly blockBytes: number
  /** Reads the packed bytes from a position to the end. */
  readonly read: (from: number) => AsyncGenerator<Buffer>
}

/** Whether bytes start as gzip data do. */
export const isGzipped = (start: Buffer): boolean =>
  start.length >= 2 && start.readUInt16BE() === 0x1f8b

/**
 * Unpacks gzip data of one or more members. NUL bytes may follow them, because tapes pad files with NULs.
 * Anything else after them is a {@link BatchFileError}.
 */
export async function* unpackGzip({
  file,
  blockBytes,
  read,
}: UnpackOptions): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: blockBytes })
  // The iteration below throws the pipeline's error.
  pipeline(Readable.from(read(0)), gunzip, () => undefined)
  try {
    yield* gunzip
  } catch (error) {
    throw gzipError(file, error)
  }
  // zlib stops at the first NUL after a member and does not report what it left unread.
  const end = gunzip.bytesWritten
  for await (const block of read(end)) {
    if (block.equals(Buffer.alloc(block.length))) continue
    const problem = `the gzip data ends at byte ${end}, but more data follows after NUL bytes: download the file again, or unpack it with another program`
    throw new BatchFileError(file, problem)
  }
}

function gzipError(file: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'Z_BUF_ERROR') {
    const problem = 'the gzip data is incomplete: download the file again'
    return new BatchFileError(file, problem, {}, { cause: error })
  }
  if (code?.startsWith('Z_')) {
    const problem = `the gzip data is damaged (${(error as Error).message}): download the file again`
    return new BatchFileError(file, problem, {}, { cause: error })
  }
  return error
}
