import { ATOMIC_LIMIT } from '../ledger/transaction-size.ts'
import { BatchFileError } from './errors.ts'
import type { BatchFile } from './reading/batch-file.ts'

/** How large a file is. */
interface Extent {
  readonly records: number
  /** Of their texts. */
  readonly characters: number
}

/**
 * Reads a file to its end, so that what is wrong with it is known before anything is posted. Undefined
 * where the signal ends it.
 */
export async function measure(
  file: BatchFile,
  { signal, onRecords }: { signal: AbortSignal | undefined; onRecords: (records: number) => void },
): Promise<Extent | undefined> {
  let [records, characters] = [0, 0]
  for await (const block of file.records()) {
    if (signal?.aborted) return undefined
    records += block.length
    for (const { text } of block) characters += text.length
    onRecords(records)
  }
  return { records, characters }
}

/** How much text an atomic batch may have in all, in characters: it is held at once. */
const ATOMIC_TEXT = 16 * 1024 * 1024

/** Refuses a file that is too large for one transaction. */
export function requireAtomicSize({ records, characters }: Extent, file: string): void {
  if (records <= ATOMIC_LIMIT && characters <= ATOMIC_TEXT) return
  const found =
    records > ATOMIC_LIMIT
      ? `the file has ${records} transfers, and one transaction holds ${ATOMIC_LIMIT}`
      : `the file's records have ${characters} characters, and one transaction holds ${ATOMIC_TEXT}`
  throw new BatchFileError(file, `${found} at most: split the file, or leave --atomic out`)
}
