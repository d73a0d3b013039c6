import { type BatchFormat, checkFree, formatOf, writeBatch } from './batch-writer.ts'
import { type FakeTransfersOptions, type Outcome, fakeTransfers } from './fake-transfers.ts'
import { type SeededAccounts, seededAccounts } from './seeded-accounts.ts'

export interface GenerateOptions extends FakeTransfersOptions {
  /** The file to write; gzipped where it ends in `.gz`. */
  readonly file: string
  /** What the file's extension says unless given. */
  readonly format?: BatchFormat | undefined
  /** The accounts that the transfers are between: as they were seeded. */
  readonly seeded?: SeededAccounts | undefined
  /** Replaces a file that is there. */
  readonly force?: boolean | undefined
  /** Makes all, writes nothing. */
  readonly dryRun?: boolean | undefined
  readonly onProgress?: ((done: number, total: number) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

export interface Generated {
  file: string
  transfers: number
  /** How many lines end in each way when the batch is posted to accounts just seeded. */
  outcomes: Partial<Record<Outcome, number>>
}

/**
 * Writes a batch of transfers that fits seeded accounts, in bounded memory: the same options give the same
 * text on every machine. The file appears when it is complete, or not at all.
 * @throws InputError where the file is there already, or no transfer can be made
 */
export async function generate(options: GenerateOptions): Promise<Generated> {
  const { file, force = false, dryRun = false, transfers, signal, onProgress } = options
  const format = options.format ?? formatOf(file)
  if (!force) await checkFree(file)
  const outcomes: Generated['outcomes'] = {}
  let done = 0
  const blocks = async function* () {
    for await (const block of fakeTransfers(seededAccounts(options.seeded), options)) {
      signal?.throwIfAborted()
      for (const { outcome } of block) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
      done += block.length
      onProgress?.(done, transfers)
      yield block
    }
  }
  if (dryRun) for await (const block of blocks()) void block
  else await writeBatch(file, blocks(), { format, force })
  return { file, transfers: done, outcomes }
}
