import type { IdentifiedRequest } from './request.ts'

/** The most transfers in one transaction, unless they are an atomic group. */
const MAX_REQUESTS = 5_000

/** The most metadata and own fields in one transaction, in characters, because the server keeps a transaction in memory. */
const MAX_METADATA_LENGTH = 8 * 1024 * 1024

/** Splits requests into parts, in order. Each part is small enough for one transaction. */
export function* splitIntoTransactions(
  requests: readonly IdentifiedRequest[],
): Generator<readonly IdentifiedRequest[]> {
  let start = 0
  let metadataLength = 0
  for (const [index, request] of requests.entries()) {
    const length = metadataLengthOf(request)
    const isFull =
      index - start === MAX_REQUESTS ||
      (index > start && metadataLength + length > MAX_METADATA_LENGTH)
    if (isFull) {
      yield requests.slice(start, index)
      start = index
      metadataLength = 0
    }
    metadataLength += length
  }
  if (start < requests.length) yield requests.slice(start)
}

const metadataLengthOf = ({ metadata, fieldValues }: IdentifiedRequest): number =>
  lengthOf(metadata) + lengthOf(fieldValues)

function lengthOf(values: unknown): number {
  if (typeof values !== 'object' || values === null) return 0
  let length = 0
  for (const [key, value] of Object.entries(values)) {
    length += key.length + (typeof value === 'string' ? value.length : 0)
  }
  return length
}

/** The most transfers in an atomic group. While it is posted, other transfers wait for its accounts. */
export const ATOMIC_LIMIT = 50_000
