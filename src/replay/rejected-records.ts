import type { BatchRefusal, Reject } from './reading/batch-file.ts'
import { recordPlace } from './record-place.ts'

/** A refusal of a record, as a file of rejects needs it. */
export type RefusedPart = Reject & Pick<BatchRefusal, 'item' | 'madeId'>

/**
 * Refusals, joined so that each record has one: a record that asks for several transfers may have several. The id of the
 * joined one is that of the record, so that corrected and replayed its transfers get the ids that they had.
 */
export async function* onePerRecord(
  refusals: AsyncIterable<RefusedPart> | Iterable<RefusedPart>,
): AsyncGenerator<Reject> {
  let parts: RefusedPart[] = []
  for await (const refusal of refusals) {
    const [first] = parts
    if (first && (first.line !== refusal.line || first.item !== refusal.item)) {
      yield joined(first, parts)
      parts = []
    }
    parts.push(refusal)
  }
  const [first] = parts
  if (first) yield joined(first, parts)
}

function joined(first: RefusedPart, parts: readonly RefusedPart[]): Reject {
  const cause = parts.find(({ code }) => code !== 'LINKED_TRANSFER_REFUSED') ?? first
  const reasons = parts.map(({ message }) => message)
  return {
    line: first.line,
    code: cause.code,
    // The column `line` has no place for the object.
    message: `${first.item > 1 ? `${recordPlace(first)}: ` : ''}${reasons.join('; ')}`,
    transferId: parts.find(({ madeId }) => madeId !== undefined)?.madeId ?? ownIdOf(first),
    text: first.text,
  }
}

/** An id that was not made. A line about a hold says its ids itself, or they follow from the hold's. */
const ownIdOf = ({ transferId, holdId }: RefusedPart): string | undefined =>
  holdId === undefined ? transferId : undefined
