import { type FileHandle, open } from 'node:fs/promises'
import { type Readable, pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { openProblem } from '../../messages.ts'
import { StateFileError } from './state-file-error.ts'

/** No line that `verify` writes is longer. */
const LONGEST_LINE = 1024 * 1024

const BLOCK_BYTES = 64 * 1024

/**
 * Reads the lines of a file, some at a time, unpacked if it is gzipped. The last line may lack its end.
 * @throws StateFileError if the file cannot be read, or has a line that `verify` would not write
 */
export async function* readLines(file: string): AsyncGenerator<readonly string[], void, undefined> {
  const handle = await open(file).catch((cause: NodeJS.ErrnoException) => {
    throw new StateFileError(file, openProblem(cause), { cause })
  })
  const bytes = await unpacked(handle)
  bytes.setEncoding('utf8')
  let number = 1
  let partial = ''
  const tooLong = () =>
    new StateFileError(file, `the line is longer than ${LONGEST_LINE} characters`, { line: number })
  try {
    for await (const chunk of bytes as AsyncIterable<string>) {
      const lines = (partial + chunk).split('\n')
      partial = lines.pop() as string
      for (const line of lines) {
        if (line.length > LONGEST_LINE) throw tooLong()
        number += 1
      }
      if (partial.length > LONGEST_LINE) throw tooLong()
      if (lines.length > 0) yield lines
    }
    if (partial !== '') yield [partial]
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
  // If one of them ends early, so does the other. The reader of the unpacked bytes gets the error.
  return pipeline(bytes, unpacking, () => undefined)
}
