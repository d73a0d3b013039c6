import { type FileHandle, open } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { StateFileError } from './state-file-error.ts'

/** No line that `verify` writes is longer. */
const LONGEST_LINE = 1024 * 1024

const BLOCK_BYTES = 64 * 1024

const LF = 10

/**
 * Reads the lines of a file, some at a time, unpacked if it is gzipped. The last line may lack its end.
 * @throws StateFileError if the file cannot be read, or has a line that `verify` would not write
 */
export async function* readLines(file: string): AsyncGenerator<readonly string[], void, undefined> {
  const handle = await open(file).catch((cause: NodeJS.ErrnoException) => {
    throw new StateFileError(file, openProblem(cause), { cause })
  })
  const bytes = await unpacked(handle)
  let number = 1
  let partial: Buffer[] = []
  let length = 0
  const tooLong = () =>
    new StateFileError(file, `the line is longer than ${LONGEST_LINE} bytes`, { line: number })
  try {
    for await (const chunk of bytes as AsyncIterable<Buffer>) {
      const end = chunk.lastIndexOf(LF)
      if (end >= 0) {
        const lines = Buffer.concat([...partial, chunk.subarray(0, end)])
          .toString()
          .split('\n')
        for (const line of lines) {
          if (line.length > LONGEST_LINE) throw tooLong()
          number += 1
        }
        partial = []
        length = 0
        yield lines
      }
      const rest = chunk.subarray(end + 1)
      partial.push(Buffer.from(rest))
      length += rest.length
      if (length > LONGEST_LINE) throw tooLong()
    }
    if (length > 0) yield [Buffer.concat(partial).toString()]
  } catch (cause) {
    if (cause instanceof StateFileError) throw cause
    const problem = `the file cannot be read: ${(cause as Error).message}`
    throw new StateFileError(file, problem, { line: number, cause })
  } finally {
    bytes.destroy()
    await handle.close().catch(() => undefined)
  }
}

async function unpacked(handle: FileHandle): Promise<Readable> {
  const { bytesRead, buffer } = await handle
    .read(Buffer.alloc(2), 0, 2, 0)
    .catch(() => ({ bytesRead: 0, buffer: Buffer.alloc(2) }))
  const bytes = handle.createReadStream({ start: 0, highWaterMark: BLOCK_BYTES, autoClose: false })
  const isGzipped = bytesRead === 2 && buffer.readUInt16BE() === 0x1f8b
  if (!isGzipped) return bytes
  const unpacking = createGunzip({ chunkSize: BLOCK_BYTES })
  bytes.on('error', (error) => unpacking.destroy(error))
  return bytes.pipe(unpacking)
}

const openProblem = ({ code, message }: NodeJS.ErrnoException): string =>
  code === 'ENOENT'
    ? 'the file does not exist: check its path'
    : code === 'EACCES'
      ? 'you have no permission to read the file: check its mode and owner'
      : `the file cannot be opened: ${message}`
