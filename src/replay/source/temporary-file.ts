import { randomUUID } from 'node:crypto'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Readable, addAbortSignal } from 'node:stream'
import { StorageError } from '../errors.ts'
import { linesOf } from './lines.ts'
import { MAX_RECORD_BYTES } from './raw-record.ts'

/** Opens a temporary file that lives as long as its handle, even when the process is killed. */
export async function openTemporaryFile(): Promise<FileHandle> {
  const path = join(tmpdir(), `daybook-${randomUUID()}`)
  const handle = await open(path, 'wx+', 0o600).catch(failed)
  try {
    await rm(path)
    return handle
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** Adds to a temporary file. */
export async function appendToTemporaryFile(
  handle: FileHandle,
  content: Buffer | string,
): Promise<void> {
  await handle.writeFile(content).catch(failed)
}

function failed(error: Error): never {
  const problem = `the folder for temporary files cannot hold what is read: ${error.message}; free space there, or name another folder in TMPDIR`
  throw new StorageError(tmpdir(), problem, { cause: error })
}

/**
 * Copies what can be read only once to a temporary file. What begins as no batch does is not read to its
 * end, which may never come.
 */
export async function copyToTemporaryFile(
  input: Readable,
  { file, signal }: { file: string; signal: AbortSignal | undefined },
): Promise<FileHandle> {
  const handle = await openTemporaryFile()
  try {
    if (signal) addAbortSignal(signal, input)
    const begin: Buffer[] = []
    let length = 0
    let isBegun = false
    for await (const chunk of input) {
      const bytes = Buffer.from(chunk as Buffer | string)
      await appendToTemporaryFile(handle, bytes)
      if (isBegun) continue
      begin.push(bytes)
      length += bytes.length
      isBegun = bytes.includes(LF) || length > MAX_RECORD_BYTES
      if (isBegun) await assertBegins(Buffer.concat(begin.splice(0)), file)
    }
    return handle
  } catch (error) {
    await handle.close()
    signal?.throwIfAborted()
    throw error
  }
}

const LF = 10

/** Throws where the first line of a text cannot be one of a batch. What is packed, or an array, has no lines. */
async function assertBegins(begin: Buffer, file: string): Promise<void> {
  if (isGzipped(begin) || /^(?:\xEF\xBB\xBF)?\s*\[/.test(begin.toString('latin1'))) return
  const end = begin.indexOf(LF)
  const line = end < 0 ? begin : begin.subarray(0, end + 1)
  const bytes = (async function* () {
    yield line
  })()
  const lines = linesOf(bytes, file)
  while (!(await lines.next()).done);
}

/** Whether bytes begin as gzip data do. */
export const isGzipped = (begin: Buffer): boolean =>
  begin.length >= 2 && begin.readUInt16BE() === 0x1f8b
