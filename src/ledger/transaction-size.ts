import type { IdentifiedRequest } from './request.ts'

/** How many transfers one transaction takes of many. */
const MOST_REQUESTS = 5_000

/** How much of the callers' own text it takes, in characters: what a transaction holds is in the server's memory. */
const MOST_TEXT = 8 * 1024 * 1024

/** Requests in runs that are posted in one transaction each. */
export function* splitIntoTransactions(
  requests: readonly IdentifiedRequest[],
): Generator<readonly IdentifiedRequest[]> {
  let start = 0
  let text = 0
  for (const [index, request] of requests.entries()) {
    const own = textOf(request)
    if (index - start === MOST_REQUESTS || (index > start && text + own > MOST_TEXT)) {
      yield requests.slice(start, index)
      start = index
      text = 0
    }
    text += own
  }
  if (start < requests.length) yield requests.slice(start)
}

function textOf({ metadata }: IdentifiedRequest): number {
  if (typeof metadata !== 'object' || metadata === null) return 0
  let text = 0
  for (const [key, value] of Object.entries(metadata)) {
    text += key.length + (typeof value === 'string' ? value.length : 0)
  }
  return text
}

/** The largest atomic group: others wait for its accounts while it is posted. */
export const ATOMIC_LIMIT = 50_000
