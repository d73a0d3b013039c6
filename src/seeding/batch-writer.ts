import { randomUUID } from 'node:crypto'
import { access, link, open, rename, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { InputError } from '../errors.ts'
import { quote } from '../messages.ts'
import type { TransferFields } from './fake-refusals.ts'
import type { FakeTransfer } from './fake-transfers.ts'

export const FORMATS = ['csv', 'tsv', 'jsonl', 'json'] as const
export type BatchFormat = (typeof FORMATS)[number]

/** The format that a file's extension names. */
export function formatOf(file: string): BatchFormat {
  const extension = /\.([^.]+?)(?:\.gz)?$/i.exec(file)?.[1]?.toLowerCase()
  const known = extension === 'ndjson' ? 'jsonl' : extension
  const format = FORMATS.find((name) => name === known)
  if (format) return format
  throw new InputError(
    `${quote(file)}: its extension names no format: end it in .${FORMATS.join(', .')} (and .gz), or give --format`,
  )
}

const isThere = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  )

/** @throws InputError where there is such a file already */
export async function checkFree(file: string): Promise<void> {
  if (await isThere(file)) throw alreadyThere(file)
}

const alreadyThere = (file: string): InputError =>
  new InputError(`${quote(file)} is there already: name another file, or add --force to replace it`)

type Texts = AsyncGenerator<string, void, undefined>
type Blocks = AsyncIterable<readonly FakeTransfer[]>

const COLUMNS = ['transferId', 'from', 'to', 'amount', 'currency', 'reference'] as const

const WRITERS: Readonly<Record<BatchFormat, (blocks: Blocks) => Texts>> = {
  csv: (blocks) => separated(blocks, ','),
  tsv: (blocks) => separated(blocks, '\t'),
  async *jsonl(blocks) {
    for await (const block of blocks) yield block.map((line) => `${jsonOf(line)}\n`).join('')
  },
  async *json(blocks) {
    let separator = '[\n'
    for await (const block of blocks) {
      yield separator + block.map(jsonOf).join(',\n')
      separator = ',\n'
    }
    yield separator === '[\n' ? '[]\n' : '\n]\n'
  },
}

async function* separated(blocks: Blocks, delimiter: string): Texts {
  yield `${COLUMNS.join(delimiter)}\n`
  const field = (text: string) => (text.includes(delimiter) ? `"${text}"` : text)
  for await (const block of blocks) {
    const lines = block.map(({ outcome, fields }) => {
      const values = COLUMNS.map((column) => field(fields[column]))
      // A line that lost its end.
      if (outcome === 'MALFORMED_LINE') values.splice(3)
      return `${values.join(delimiter)}\n`
    })
    yield lines.join('')
  }
}

function jsonOf({ outcome, fields }: FakeTransfer): string {
  const { transferId, from, to, amount, currency, reference } = fields
  if (outcome === 'MALFORMED_LINE') return JSON.stringify([transferId, from, to])
  const whole: Partial<TransferFields> = { transferId, from, to, amount, currency }
  return JSON.stringify(reference === '' ? whole : { ...whole, reference })
}

/**
 * Writes a batch, gzipped where the file ends in `.gz`: beside the file, and puts it in its place when it
 * is complete. Only with `force` does it replace a file.
 */
export async function writeBatch(
  file: string,
  blocks: Blocks,
  { format, force }: { format: BatchFormat; force: boolean },
): Promise<void> {
  const partial = `${file}.${randomUUID()}.partial`
  const handle = await open(partial, 'wx').catch((error: Error) => {
    throw new InputError(`${quote(file)} cannot be written: ${error.message}`, { cause: error })
  })
  const output = handle.createWriteStream({ flush: true })
  try {
    const input = Readable.from(WRITERS[format](blocks))
    await (/\.gz$/i.test(file) ? pipeline(input, createGzip(), output) : pipeline(input, output))
    if (force) await rename(partial, file)
    else await putNew(partial, file)
  } finally {
    await rm(partial, { force: true })
  }
}

/** A link, unlike a rename, replaces nothing that came to be meanwhile. */
async function putNew(partial: string, file: string): Promise<void> {
  try {
    await link(partial, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw alreadyThere(file)
    // Some file systems have no links.
    await rename(partial, file)
  }
}
