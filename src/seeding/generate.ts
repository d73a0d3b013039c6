import { type Keys, requireKnownKeys, requireObject } from '../arguments.ts'
import type { BatchFormat } from '../models/batch.ts'
import { requireNewFile } from '../new-file.ts'
import { formatOf, writeBatchFile } from './batch-file-writer.ts'
import { type FakeTransfersOptions, type Outcome, fakeTransfers } from './fake-transfers.ts'
import { type SeededAccounts, seededAccounts } from './seeded-accounts.ts'

export interface GenerateOptions extends FakeTransfersOptions {
  /** The file to write. It is gzipped if its name ends in `.gz`. */
  readonly file: string
  /** Default: what the file's extension stands for, which is `.csv`, `.tsv`, `.jsonl`, `.ndjson` or `.json`. */
  readonly format?: BatchFormat | undefined
  /**
   * The accounts that the transfers are between: the options that `seed()` was called with. Default: the 20
   * accounts that come with Daybook.
   */
  readonly seeded?: SeededAccounts | undefined
  /** Replaces the file if it exists. Default: false. */
  readonly force?: boolean | undefined
  /** Makes all transfers and counts their outcomes, but writes nothing. Default: false. */
  readonly dryRun?: boolean | undefined
  /** Called after each thousand lines, with how many are done and how many there are in all. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined
  /** Once it is aborted, `generate()` rejects with the signal's reason and leaves no file behind. */
  readonly signal?: AbortSignal | undefined
}

export interface Generated {
  file: string
  /** The number of lines written; with `dryRun`, that would be written. */
  transfers: number
  /**
   * The number of lines by their outcome when the batch is posted to accounts that have just been seeded:
   * `posted`, `existing` (a repeat of an earlier line) or the code of a refusal.
   */
  outcomes: Partial<Record<Outcome, number>>
}

const GENERATE_KEYS: Keys<GenerateOptions> = {
  file: true,
  transfers: true,
  seed: true,
  hot: true,
  refusals: true,
  repeats: true,
  holds: true,
  history: true,
  format: true,
  seeded: true,
  force: true,
  dryRun: true,
  onProgress: true,
  signal: true,
}

/** Does the work of `generate()`, which index.ts documents. */
export async function generate(options: GenerateOptions): Promise<Generated> {
  requireObject(options, 'the options argument of generate()', 'an object with file and transfers')
  requireKnownKeys(options, GENERATE_KEYS, 'the options argument of generate()')
  const { file, force = false, dryRun = false, transfers, signal, onProgress } = options
  const format = options.format ?? formatOf(file)
  if (!force) await requireNewFile(file)
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
  else
    await writeBatchFile(file, blocks(), {
      format,
      force,
      content: { isHistory: options.history !== undefined, hasHolds: (options.holds ?? 0) > 0 },
    })
  return { file, transfers: done, outcomes }
}
