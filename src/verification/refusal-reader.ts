import { REFUSAL_CODES } from '../errors.ts'
import { quote } from '../messages.ts'
import { isBatchName } from '../models/batch.ts'
import { DocumentReader } from '../ledger/documents/document-reader.ts'
import type { ViolationLog } from './violations.ts'

const CODES = new Set<string>([...REFUSAL_CODES, 'MALFORMED_LINE'])

const FIELDS = ['_id', 'transferId', 'holdId', 'madeId', 'code', 'message', 'row'] as const
const OPTIONAL_FIELDS: ReadonlySet<string> = new Set(['transferId', 'holdId', 'madeId'])

/** Reads refusals from their bytes, one after another, and checks what each proves by itself. */
export class RefusalReader {
  readonly #reader = new DocumentReader(FIELDS)

  read(bytes: Buffer): void {
    this.#reader.read(bytes)
  }

  /** The batch and the code. What is damaged in the record is undefined. */
  refusal(): { readonly batch: string | undefined; readonly code: string | undefined } {
    return {
      batch: this.#reader.embedded('_id')?.text('batch'),
      code: this.#reader.text('code'),
    }
  }

  check(log: ViolationLog): void {
    const reader = this.#reader
    const id = reader.show('_id')
    const add = (kind: 'id' | 'field' | 'unknown-field', problem: string) =>
      log.add({ kind, collection: 'refusals', id, message: `refusal ${id} ${problem}` })
    if (!this.#hasId()) add('id', 'has an _id that is not { batch, line, item?, part? }')
    for (const name of reader.strangers) {
      add('unknown-field', `has the field ${quote(name)}, which is unknown or repeated`)
    }
    for (const field of ['code', 'message', 'row', 'transferId', 'holdId', 'madeId'] as const) {
      const isOptional = OPTIONAL_FIELDS.has(field) && !reader.has(field)
      if (isOptional || reader.text(field) !== undefined) continue
      add('field', `has the ${field} ${reader.show(field)}, which is not a text`)
    }
    const code = reader.text('code')
    if (code !== undefined && !CODES.has(code)) {
      add('field', `has the code ${reader.show('code')}, which does not exist`)
    }
  }

  #hasId(): boolean {
    const id = this.#reader.embedded('_id')
    if (!id || id.strangers.length > 0) return false
    const names = id.names.join()
    return (
      isBatchName(id.text('batch') ?? '') &&
      (id.whole('line') ?? 0) >= 1 &&
      (names === 'batch,line' ||
        (names === 'batch,line,item' && (id.whole('item') ?? 0) >= 2) ||
        (names === 'batch,line,item,part' &&
          (id.whole('item') ?? 0) >= 1 &&
          (id.whole('part') ?? 0) >= 2))
    )
  }
}
