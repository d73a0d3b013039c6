import { createHash } from 'node:crypto'
import { isIdentifier, newIdentifierProblem } from '../../ledger/identifier.ts'
import type { HoldAction } from '../../ledger/holds/hold-request.ts'
import type { IdentifiedRequest } from '../../ledger/request.ts'
import type { Encoding } from '../source/encoding.ts'
import { isStatement } from './columns.ts'
import type { ReadingOptions } from './reading-options.ts'
import type { CompiledColumns } from './record-reader.ts'
import { MADE_ID_COLUMN } from './reject-columns.ts'
import type { Row } from './row.ts'
import type { RecordTransform } from './transform.ts'
import { ContentIds } from './values/content-ids.ts'
import { Problem } from './values/problem.ts'
import { Skipped } from './values/skipped.ts'
import { type ValueOf, isMissing } from './values/values.ts'

/**
 * Makes ids for a batch whose file has none: `NAME:LINE`. A line has the same id at each replay. An id can be
 * written in the file's encoding, so that the rejects keep it.
 */
export function idMaker(
  name: string,
  { asWritten }: Encoding,
): (record: { line: number; item: number }) => string {
  const isPossible =
    name.length <= 100 &&
    isIdentifier(name) &&
    newIdentifierProblem(name) === undefined &&
    asWritten(name) === name
  const prefix = isPossible ? name : createHash('sha256').update(name).digest('hex').slice(0, 32)
  return ({ line, item }) => (item === 1 ? `${prefix}:${line}` : `${prefix}:${line}.${item}`)
}

/** Where a record is in its file, and its text. */
export type RecordParts = Pick<Row, 'position' | 'line' | 'item' | 'text'>

/** What a file of rejects says of one of its records. */
export interface EarlierReject {
  /** The id that was made for the record before, or that somebody has written there. */
  readonly madeId: string | undefined
}

/** What a record is read with. */
export interface RecordValues {
  readonly compiled: CompiledColumns
  readonly value: ValueOf
  /** Makes the object that a transform is called with. */
  readonly object: () => object
}

interface RowMakerOptions {
  readonly batch: string
  readonly options: ReadingOptions
  readonly encoding: Encoding
  /** Whether the file's records have ids. */
  readonly hasIds: boolean
  readonly transform: RecordTransform | undefined
}

const NO_ID_OF_REJECT = `this line of rejects has no id of its own, and nobody knows which of several equal lines it is: write an id of its own as its ${MADE_ID_COLUMN}`

const NO_IDS_OF_CONTENT =
  'the lines have no ids, so a file that overlaps this one would post them again: --id-from makes ids of what lines say, as in --id-from effectiveAt,account,amount,reference'

/** How many reasons a message lists. */
const MOST_REASONS = 5

/** Makes the rows of a file, with ids for the records that have none. */
export class RowMaker {
  readonly #lineId: ReturnType<typeof idMaker> | undefined
  readonly #contentIds: ContentIds | undefined
  /** The ids that were made of the content of rejects without an id. */
  readonly #idsOfRejects = new Set<string>()
  readonly #transform: RecordTransform | undefined
  readonly #isStatement: boolean
  /** Whether a record has an id only because of its line. */
  #hasLineIds = false
  /** Why the first records were skipped. */
  readonly #skipped = new Set<string>()

  constructor({ batch, options, encoding, hasIds, transform }: RowMakerOptions) {
    this.#transform = transform
    const { idFrom, idPrefix = '', map = {}, set = {} } = options
    this.#isStatement = isStatement({ map, set })
    if (idFrom) this.#contentIds = new ContentIds(idPrefix)
    else if (!hasIds) this.#lineId = idMaker(batch, encoding)
  }

  /**
   * The row of a record. Ids of the content count equal records, so with them all rows must be made in the order of
   * the file, from the first. `reject` is there if the record comes from a file of rejects.
   */
  row(parts: RecordParts, values: RecordValues, reject: EarlierReject | undefined): Row {
    const { compiled, value } = values
    const earlierId = reject?.madeId
    const { position, line, item, text } = parts
    const reason = compiled.whySkipped?.(value)
    if (reason !== undefined) {
      if (this.#skipped.size < MOST_REASONS) this.#skipped.add(reason)
      return { position, line, item, text, skipped: reason }
    }
    if (this.#transform) return this.#transformed(this.#transform, parts, values, earlierId)
    const { reader } = compiled
    if ('problem' in reader) return this.refused(parts, reader.problem, earlierId)
    const request = reader.read(value)
    if (request instanceof Skipped) {
      return { position, line, item, text, skipped: request.reason }
    }
    if (request instanceof Problem) return this.refused(parts, request.text, earlierId)
    const open = 'from' in request ? compiled.openings?.(value, request) : undefined
    if (open instanceof Problem) return this.refused(parts, open.text, earlierId)
    if (open) (request as { open: typeof open }).open = open
    if (request.kind !== undefined) return this.#aboutHold(parts, request, values, reject)
    if (this.#contentIds && reader.contentOf) {
      const contentId = this.#contentIds.next(reader.contentOf(value, request))
      const madeId = earlierId ?? contentId
      const isIdOfContent = madeId === contentId
      const mustBeNew = reject && this.#isUncertain(reject, contentId)
      const identified = { ...request, transferId: madeId, ...(mustBeNew && { mustBeNew }) }
      return { position, line, item, text, request: identified, madeId, isIdOfContent }
    }
    if (!isMissing(request.transferId)) {
      return { position, line, item, text, request, madeId: undefined }
    }
    const madeId = earlierId ?? this.#lineId?.(parts)
    this.#hasLineIds ||= madeId !== earlierId
    if (madeId !== undefined) Object.assign(request, { transferId: madeId, isIdMade: true })
    return { position, line, item, text, request, madeId }
  }

  /** The row of a record about a hold. */
  #aboutHold(
    parts: RecordParts,
    request: HoldAction,
    { compiled: { reader }, value }: RecordValues,
    reject: EarlierReject | undefined,
  ): Row {
    const { position, line, item, text } = parts
    const earlierId = reject?.madeId
    const ownId = request.kind === 'capture' ? request.transferId : request.holdId
    if (!isMissing(ownId)) return { position, line, item, text, request }
    const contentOf = 'contentOf' in reader ? reader.contentOf : undefined
    const contentId = contentOf && this.#contentIds?.next(contentOf(value, request))
    if (contentId !== undefined && reject && this.#isUncertain(reject, contentId)) {
      return this.refused(parts, NO_ID_OF_REJECT)
    }
    const madeId = earlierId ?? contentId ?? this.#lineId?.(parts)
    if (madeId === undefined) return { position, line, item, text, request }
    const made = request.kind === 'capture' ? { transferId: madeId } : { holdId: madeId }
    const identified = { ...request, ...made } as HoldAction
    return { position, line, item, text, request: identified, madeId }
  }

  /**
   * Hints: `where` has left out every record, so it may be spelled in another way than the file; or the lines of a statement
   * have no ids, although the exports of banks often overlap.
   */
  warnings({ areAllSkipped }: { readonly areAllSkipped: boolean }): readonly string[] {
    if (this.#isStatement && this.#hasLineIds) return [NO_IDS_OF_CONTENT]
    if (!areAllSkipped || this.#skipped.size === 0) return []
    const more = this.#skipped.size === MOST_REASONS ? ' …' : ''
    return [
      `--where left out every line, because ${[...this.#skipped].join(', ')}${more}: case and spelling must be those of the file`,
    ]
  }

  /**
   * Whether nobody knows which of the transfers with equal content a reject is. One without an id was not counted in its
   * first file, and its equals there are not in this one. So its id may be that of another, also of one that follows.
   */
  #isUncertain({ madeId }: EarlierReject, contentId: string): boolean {
    if (madeId !== undefined) return this.#idsOfRejects.has(madeId)
    this.#idsOfRejects.add(contentId)
    return true
  }

  #transformed(
    transform: RecordTransform,
    { position, line, item, text }: RecordParts,
    { compiled: { reader, openings }, value, object }: RecordValues,
    earlierId: string | undefined,
  ): Row {
    const madeId = earlierId ?? (this.#lineId as ReturnType<typeof idMaker>)({ line, item })
    const opened = (request: Pick<IdentifiedRequest, 'from' | 'to'>) => {
      const open = openings?.(value, request)
      if (open instanceof Problem) throw new Error(open.text)
      return open
    }
    const read = () => {
      if ('problem' in reader) return reader
      const request = reader.read(value)
      return request instanceof Problem ? { problem: request.text } : request
    }
    const record = { position, line, item, text, madeId }
    return transform.row(record, object(), { read, ...(openings && { opened }) })
  }

  /**
   * The row of a record that cannot be read. It has no id of its content, because nobody knows what that will be when
   * it is corrected.
   */
  refused(parts: RecordParts, problem: string, earlierId?: string): Row {
    const { position, line, item, text } = parts
    const madeId = earlierId ?? this.#lineId?.(parts)
    return { position, line, item, text, problem, madeId }
  }
}
