import { ATOMIC_LIMIT } from '../ledger/transaction-size.ts'
import { BatchFileError } from './errors.ts'
import type { BatchFile } from './reading/batch-file.ts'

interface FileSize {
  readonly records: number
  readonly characters: number
}

/**
 * Reads a whole file, so that a file that cannot be read throws before anything is posted. Returns undefined if
 * the signal interrupts it.
 */
export async function measureFile(
  file: BatchFile,
  { signal, onRecords }: { signal: AbortSignal | undefined; onRecords: (records: number) => void },
): Promise<FileSize | undefined> {
  let [records, characters] = [0, 0]
  for await (const block of file.records()) {
    if (signal?.aborted) return undefined
    records += block.length
    for (const { text } of block) characters += text.length
    onRecords(records)
  }
  return { records, characters }
}

/** The most text of an atomic batch, in characters: all of it is in memory at once. */
export const ATOMIC_TEXT = 16 * 1024 * 1024

export function requireAtomicSize({ records, characters }: FileSize, file: string): void {
  if (records <= ATOMIC_LIMIT && characters <= ATOMIC_TEXT) return
  const found =
    records > ATOMIC_LIMIT
      ? `the file has ${records} transfers, but one transaction holds at most ${ATOMIC_LIMIT}`
      : `the file's records have ${characters} characters, but one transaction holds at most ${ATOMIC_TEXT}`
  throw new BatchFileError(file, `${found}: split the file, or leave --atomic out`)
}
