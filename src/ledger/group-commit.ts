import { setImmediate } from 'node:timers/promises'
import mongoose, { type ClientSession, type Connection } from 'mongoose'
import { sessionOf } from '../mongodb/connection.ts'
import { joinTransaction, PATIENCE, TransactionTimeoutError } from '../mongodb/transaction.ts'
import { postInOwnTransaction } from './own-transaction.ts'
import { post } from './posting.ts'
import type { TransferRecord } from './records.ts'
import type { IdentifiedRequest } from './request.ts'
import type { RefusedTransfer, TransferResult } from './transfer-result.ts'

/** What one posting takes at most, so that it stays well below a second; the rest waits for the next. */
const LARGEST_GROUP = 1_000

interface Waiter {
  readonly request: IdentifiedRequest
  readonly resolve: (result: TransferResult) => void
  readonly reject: (reason: unknown) => void
}

interface Queue {
  /** In order of arrival. Who is in it is in no posting. */
  readonly waiting: Waiter[]
  /** Whether a posting is in flight. While one is, at most one, the next gathers in `waiting`. */
  busy: boolean
}

const queues = new WeakMap<Connection, Queue>()

/**
 * Posts one request: in the caller's transaction where there is a session, else in one that concurrent
 * calls share. Throws its refusal.
 */
export async function postOne(
  request: IdentifiedRequest,
  connection: Connection,
  given?: ClientSession,
): Promise<TransferRecord> {
  const session = sessionOf(connection, given)
  const [result] = session
    ? await joinTransaction(connection, session, (transaction) => post([request], transaction))
    : [await postInGroup(connection, request)]
  if (result?.status === 'refused') throw result.error
  return (result as Exclude<TransferResult, RefusedTransfer>).transfer
}

/**
 * Posts a request together with all that wait on the same connection, in one transaction, and gives it
 * its own result. A lone request starts at once; those that come while a posting is in flight share the next.
 */
function postInGroup(connection: Connection, request: IdentifiedRequest): Promise<TransferResult> {
  let queue = queues.get(connection)
  if (!queue) queues.set(connection, (queue = { waiting: [], busy: false }))
  const { waiting, busy } = queue
  const result = new Promise<TransferResult>((resolve, reject) => {
    waiting.push({ request, resolve, reject })
  })
  if (!busy) void drain(queue, connection)
  return result
}

async function drain(queue: Queue, connection: Connection): Promise<void> {
  queue.busy = true
  while (queue.waiting.length > 0) {
    await settle(queue.waiting.splice(0, LARGEST_GROUP), connection)
    // Lets the callers that were answered ask for their next, so that it shares the next posting.
    await setImmediate()
  }
  queue.busy = false
}

/** How long the queue waits for a posting that meets conflicts, in milliseconds. */
const QUEUE_PATIENCE = 1_000

/**
 * Settles each of a group; never rejects. An accident in common is resolved one by one. Where conflicts go on
 * the queue waits no longer, and the requests that share no account are posted apart: an account that
 * somebody else holds stops nobody but those that need it.
 */
async function settle(
  group: readonly Waiter[],
  connection: Connection,
  patience = QUEUE_PATIENCE,
): Promise<void> {
  try {
    const requests = group.map(({ request }) => request)
    const results = await postInOwnTransaction(requests, connection, { patience })
    group.forEach(({ resolve }, index) => resolve(results[index] as TransferResult))
  } catch (error) {
    const isBusy = error instanceof TransactionTimeoutError
    const isAway = connection.readyState !== mongoose.ConnectionStates.connected
    if (isBusy && patience === QUEUE_PATIENCE) {
      for (const part of apart(group)) void settle(part, connection, PATIENCE)
    } else if (group.length === 1 || isAway || isBusy) {
      // One by one would only let each caller wait as long again.
      for (const { reject } of group) reject(error)
    } else {
      for (const waiter of group) await settle([waiter], connection)
    }
  }
}

/** A group in parts that share no account, each in the group's order. */
function apart(group: readonly Waiter[]): Waiter[][] {
  const partOf = new Map<unknown, ReadonlySet<Waiter>>()
  for (const waiter of group) {
    const { from, to } = waiter.request
    const joined = new Set([...(partOf.get(from) ?? []), ...(partOf.get(to) ?? []), waiter])
    for (const { request } of joined) partOf.set(request.from, joined).set(request.to, joined)
  }
  return [...new Set(partOf.values())].map((part) => group.filter((waiter) => part.has(waiter)))
}
