import { InputError } from '../errors.ts'
import { quote } from '../messages.ts'
import { BATCH_FORMATS, type BatchFormat } from '../models/batch.ts'
import { writeNewFile } from '../new-file.ts'
import type { LineFields, TransferFields } from './fake-refusals.ts'
import type { FakeTransfer } from './fake-transfers.ts'

/**
 * The format that a file's extension stands for.
 * @throws InputError if it stands for none
 */
export function formatOf(file: string): BatchFormat {
  const extension = /\.([^.]+?)(?:\.gz)?$/i.exec(file)?.[1]?.toLowerCase()
  const name = extension === 'ndjson' ? 'jsonl' : extension
  const format = BATCH_FORMATS.find((known) => known === name)
  if (format) return format
  throw new InputError(
    `the extension of ${quote(file)} is not one of .${BATCH_FORMATS.join(', .')} (or one of these with .gz): change it, or set the option format`,
  )
}

type Texts = AsyncGenerator<string, void, undefined>
type Blocks = AsyncIterable<readonly FakeTransfer[]>

/** What the lines of a file may have beyond what each transfer has. */
interface Content {
  readonly isHistory: boolean
  readonly hasHolds: boolean
}

const columnsOf = ({ isHistory, hasHolds }: Content): readonly (keyof LineFields)[] => [
  'transferId',
  'from',
  'to',
  'amount',
  'currency',
  'reference',
  ...(isHistory ? (['effectiveAt'] as const) : []),
  ...(hasHolds ? (['action', 'holdId', 'final'] as const) : []),
]

type Writer = (blocks: Blocks, columns: readonly (keyof LineFields)[]) => Texts

const WRITERS: Readonly<Record<BatchFormat, Writer>> = {
  csv: (blocks, columns) => writeSeparated(blocks, { delimiter: ',', columns }),
  tsv: (blocks, columns) => writeSeparated(blocks, { delimiter: '\t', columns }),
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

async function* writeSeparated(
  blocks: Blocks,
  { delimiter, columns }: { delimiter: string; columns: readonly (keyof LineFields)[] },
): Texts {
  yield `${columns.join(delimiter)}\n`
  const quoted = (text: string) => (text.includes(delimiter) ? `"${text}"` : text)
  for await (const block of blocks) {
    const lines = block.map(({ outcome, fields }) => {
      const values = columns.map((column) => quoted(fields[column] ?? ''))
      // The line ends after its third field.
      if (outcome === 'MALFORMED_LINE') values.splice(3)
      return `${values.join(delimiter)}\n`
    })
    yield lines.join('')
  }
}

function jsonOf({ outcome, fields }: FakeTransfer): string {
  const { transferId, from, to, amount, currency, reference, ...dated } = fields
  if (dated.action) {
    return JSON.stringify(Object.fromEntries(Object.entries(fields).filter(([, text]) => text)))
  }
  if (outcome === 'MALFORMED_LINE') return JSON.stringify([transferId, from, to])
  const required: Partial<TransferFields> = { transferId, from, to, amount, currency }
  return JSON.stringify({ ...required, ...(reference !== '' && { reference }), ...dated })
}

/**
 * Writes a batch file, gzipped if its name ends in `.gz`. An existing file is replaced only with `force`.
 * @throws InputError if the file cannot be written, or exists and `force` is not set
 */
export async function writeBatchFile(
  file: string,
  blocks: Blocks,
  { format, force, content }: { format: BatchFormat; force: boolean; content: Content },
): Promise<void> {
  await writeNewFile(file, WRITERS[format](blocks, columnsOf(content)), { force })
}
