import { type FileHandle, constants, copyFile, open, rm } from 'node:fs/promises'
import { join, parse } from 'node:path'
import { BatchFileError } from './errors.ts'

/**
 * Checks that a file is one of rejects, or empty. It may have been saved by another program, such as a spreadsheet.
 * @throws BatchFileError
 */
export async function requireRejects(path: string): Promise<void> {
  if (looksLikeRejects(await startOf(path))) return
  const problem =
    'the rejects would replace this file, which is not a file of rejects: name another file, or move or delete this one'
  throw new BatchFileError(path, problem)
}

/** Enough for the keys of the first record, in whatever order another program has written them. */
const START_BYTES = 64 * 1024

async function startOf(path: string): Promise<string> {
  const file = await open(path)
  try {
    // Without the zeros of UTF-16, the names of columns are the same in all encodings.
    return (await bytesAt(file, 0, START_BYTES)).toString('latin1').replaceAll('\0', '')
  } finally {
    await file.close()
  }
}

const BYTE_ORDER_MARK = /^(?:\xEF\xBB\xBF|\xFF\xFE|\xFE\xFF)/
const BLANK = /^\s*(?:(?:\{"(?:[^"\\]|\\.)*":)*\[\s*\]\}*)?\s*$/
const CSV_REJECTS = /^(?:\W?sep=[^\n]*\n)?\W{0,2}code\W.{0,12}?message\W.{0,12}?line\b/i

function looksLikeRejects(start: string): boolean {
  const text = start.replace(BYTE_ORDER_MARK, '')
  if (BLANK.test(text) || CSV_REJECTS.test(text)) return true
  return (
    /^\s*(?:\[\s*)?\{/.test(text) &&
    ['"code"', '"message"', '"line"'].every((key) => text.includes(key))
  )
}

/**
 * Copies a file of rejects to `NAME.1.csv`, or the next free number, unless all of it is in the file that is about to
 * replace it. Returns the path of the copy, if there is one.
 */
export async function keepRejects(path: string, newFile: string): Promise<string | undefined> {
  if (await isContained(path, newFile)) return undefined
  const { dir, name, ext } = parse(path)
  for (let number = 1; ; number++) {
    const copy = join(dir, `${name}.${number}${ext}`)
    try {
      await copyFile(path, copy, constants.COPYFILE_EXCL)
      return copy
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue
      await rm(copy, { force: true })
      throw error
    }
  }
}

/** Whether one file is the other, or its first records: then nothing is lost if it is replaced by the other. */
async function isContained(path: string, newFile: string): Promise<boolean> {
  const [one, other] = [await open(path), await open(newFile)]
  try {
    const { size } = await one.stat()
    const rest = await restAfterCommonStart(one, other, size)
    return rest !== undefined && /^\n?(?:\]\}*\n?)?$/.test(rest.replaceAll('\0', ''))
  } finally {
    await one.close()
    await other.close()
  }
}

const BLOCK_BYTES = 64 * 1024

/** Longer than what stands after the last reject, in any format and encoding. */
const MOST_TAIL_BYTES = 64

/** What follows in a file after the bytes that both start with; undefined if that is more than a tail. */
async function restAfterCommonStart(
  one: FileHandle,
  other: FileHandle,
  size: number,
): Promise<string | undefined> {
  let position = 0
  for (let length = BLOCK_BYTES; length === BLOCK_BYTES; position += length) {
    length = commonLength(
      await bytesAt(one, position, BLOCK_BYTES),
      await bytesAt(other, position, BLOCK_BYTES),
    )
  }
  if (size - position > MOST_TAIL_BYTES) return undefined
  return (await bytesAt(one, position, MOST_TAIL_BYTES)).toString('latin1')
}

async function bytesAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, position)
  return buffer.subarray(0, bytesRead)
}

function commonLength(one: Buffer, other: Buffer): number {
  const most = Math.min(one.length, other.length)
  if (one.subarray(0, most).equals(other.subarray(0, most))) return most
  let length = 0
  while (one[length] === other[length]) length++
  return length
}
