import { createHash, randomUUID } from 'node:crypto'
import { open, realpath, rename, rm, stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { BatchTallies } from '../batch-tallies.ts'
import { showUnits } from '../units.ts'
import { jsonLine } from './run-block.ts'
import { StateFileError } from './state-file-error.ts'
import { type KeptBooks, STATE_TITLE, STATE_VERSION } from './state-file.ts'

/** The batches of a kept state: what the transfers that name them came to, and the digests of their records. */
export interface BatchesToKeep {
  readonly tallies: BatchTallies
  readonly digests: ReadonlyMap<string, string>
}

/** Checks that nothing is at a path but what a new state may replace. @throws StateFileError */
export async function requireReplaceable(
  file: string,
  replaceable: string | undefined,
): Promise<void> {
  const found = await stat(file).catch(() => undefined)
  if (!found) return
  const other = replaceable === undefined ? undefined : await stat(replaceable)
  if (found.isFile() && found.dev === other?.dev && found.ino === other.ino) return
  const problem =
    'the file exists, and only the state that this run verifies against is replaced: save to another file'
  throw new StateFileError(file, problem)
}

/**
 * Writes a kept state, gzipped if the file's name ends in `.gz`. It has another name until it is complete.
 * @param accountLines the lines of the accounts, some at a time
 */
export async function writeStateFile(
  file: string,
  {
    books,
    accountLines,
    batches,
  }: {
    books: Omit<KeptBooks, 'batches'>
    accountLines: AsyncIterable<string>
    batches: BatchesToKeep
  },
): Promise<void> {
  // If the path is a link, replace the file that it points to, not the link.
  const path = await realpath(file).catch(() => file)
  const temporary = `${path}.${randomUUID()}.tmp`
  try {
    const handle = await open(temporary, 'wx')
    const output = handle.createWriteStream({ flush: true })
    const input = Readable.from(linesOf({ books, accountLines, batches }))
    await (/\.gz$/i.test(file) ? pipeline(input, createGzip(), output) : pipeline(input, output))
    await rename(temporary, path)
  } catch (cause) {
    await rm(temporary, { force: true })
    if (cause instanceof StateFileError) throw cause
    const problem = `the file cannot be written: ${(cause as Error).message}`
    throw new StateFileError(file, problem, { cause })
  }
}

async function* linesOf({
  books,
  accountLines,
  batches: { tallies, digests },
}: {
  books: Omit<KeptBooks, 'batches'>
  accountLines: AsyncIterable<string>
  batches: BatchesToKeep
}): AsyncGenerator<string, void, undefined> {
  const sum = createHash('sha256')
  const summed = (text: string): string => {
    sum.update(text)
    return text
  }
  const names = new Set([...tallies.names(), ...digests.keys()])
  const header = { daybook: STATE_TITLE, version: STATE_VERSION, ...books, batches: names.size }
  yield summed(jsonLine(header))
  for await (const lines of accountLines) if (lines !== '') yield summed(lines)
  for (const batch of names) {
    const { transfers, amounts } = tallies.of(batch)
    const texts = Array.from(amounts, ([currency, sum_]) => [currency, showUnits(sum_, currency)])
    const line = { batch, digest: digests.get(batch), transfers }
    yield summed(jsonLine({ ...line, amounts: Object.fromEntries(texts) as object }))
  }
  yield jsonLine({ checksum: sum.digest('hex') })
}
