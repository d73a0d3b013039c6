import type { FileHandle } from 'node:fs/promises'
import { type Readable, addAbortSignal } from 'node:stream'
import { encodingOf } from './encoding.ts'
import { isGzipped } from './gzip.ts'
import { linesOf } from './lines.ts'
import { MAX_RECORD_BYTES } from './raw-record.ts'
import { appendToTemporaryFile, openTemporaryFile } from './temporary-file.ts'

/**
 * Copies an input that can be read only once to a temporary file. If its first line cannot be that of a
 * batch, this throws at once: such an input may never end.
 */
export async function copyToTemporaryFile(
  input: Readable,
  options: { file: string; encoding: string | undefined; signal: AbortSignal | undefined },
): Promise<FileHandle> {
  const { signal } = options
  const handle = await openTemporaryFile()
  try {
    if (signal) addAbortSignal(signal, input)
    const start: Buffer[] = []
    let length = 0
    let isStartChecked = false
    for await (const chunk of input) {
      const bytes = Buffer.from(chunk as Buffer | string)
      await appendToTemporaryFile(handle, bytes)
      if (isStartChecked) continue
      start.push(bytes)
      length += bytes.length
      isStartChecked = bytes.includes(LF) || length > MAX_RECORD_BYTES
      if (isStartChecked) await checkFirstLine(Buffer.concat(start.splice(0)), options)
    }
    return handle
  } catch (error) {
    await handle.close()
    signal?.throwIfAborted()
    throw error
  }
}

const LF = 10

/** Throws if the first line of a text cannot be that of a batch. Gzip data and JSON need not have lines. */
async function checkFirstLine(
  start: Buffer,
  options: { file: string; encoding: string | undefined },
): Promise<void> {
  if (isGzipped(start)) return
  const { name: encoding, decoder } = encodingOf(start, options)
  const text = decoder ? decoder().write(start) : start
  if (/^(?:\xEF\xBB\xBF)?\s*[[{]/.test(text.toString('latin1'))) return
  const end = text.indexOf(LF)
  const line = end < 0 ? text : text.subarray(0, end + 1)
  const bytes = (async function* () {
    yield line
  })()
  const lines = linesOf(bytes, options.file, { encoding })
  while (!(await lines.next()).done);
}
