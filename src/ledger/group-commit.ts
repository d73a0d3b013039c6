import { setImmediate } from 'node:timers/promises'
import mongoose, { type ClientSession, type Connection } from 'mongoose'
import { sessionOf } from '../mongodb/connection.ts'
import { joinTransaction, PATIENCE, TransactionTimeoutError } from '../mongodb/transaction.ts'
import { postInOwnTransaction } from './own-transaction.ts'
import { post } from './posting.ts'
import type { TransferRecord } from './records.ts'
import type { IdentifiedRequest } from './request.ts'
import type { RefusedTransfer, TransferResult } from './transfer-result.ts'

/** The most requests in one posting, so that it takes well under a second. The rest waits for the next one. */
const LARGEST_GROUP = 1_000

interface Waiter {
  readonly request: IdentifiedRequest
  readonly resolve: (result: TransferResult) => void
  readonly reject: (reason: unknown) => void
}

interface Queue {
  /** In order of arrival. None of them is part of a posting yet. */
  readonly waiting: Waiter[]
  /** Whether a posting is in flight. There is at most one, and requests for the next gather in `waiting`. */
  busy: boolean
}

const queues = new WeakMap<Connection, Queue>()

/**
 * Posts one request: in the caller's transaction if there is a session, else in one that it shares with
 * concurrent calls.
 * @throws TransferRefusedError
 */
export async function postOne(
  request: IdentifiedRequest,
  connection: Connection,
  callerSession?: ClientSession,
): Promise<TransferRecord> {
  const session = sessionOf(connection, callerSession)
  const [result] = session
    ? await joinTransaction(connection, session, (transaction) => post([request], transaction))
    : [await postInGroup(connection, request)]
  if (result?.status === 'refused') throw result.error
  return (result as Exclude<TransferResult, RefusedTransfer>).transfer
}

/**
 * Posts a request in one transaction with all others that wait on the same connection, and returns its own
 * result. A lone request starts at once. Requests that arrive during a posting share the next one.
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
    // Callers that just got their result may send their next request now, so that it shares the next posting.
    await setImmediate()
  }
  queue.busy = false
}

/** How long the queue waits for a posting that meets write conflicts, in milliseconds. */
const QUEUE_PATIENCE = 1_000

/**
 * Posts a group and answers each of its waiters. Never rejects.
 * - If the posting fails, each request is posted alone, so that only those at fault fail.
 * - If it still meets conflicts after a second, the queue goes on without it. Its requests are posted in
 *   parts that share no account, so that an account that another transaction holds delays only the requests
 *   that need it.
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
      for (const part of splitByAccount(group)) void settle(part, connection, PATIENCE)
    } else if (group.length === 1 || isAway || isBusy) {
      // Posting one by one would only make each caller wait that long again.
      for (const { reject } of group) reject(error)
    } else {
      for (const waiter of group) await settle([waiter], connection)
    }
  }
}

/** Splits a group into parts that share no account. Each part keeps the group's order. */
function splitByAccount(group: readonly Waiter[]): Waiter[][] {
  const partOf = new Map<unknown, ReadonlySet<Waiter>>()
  for (const waiter of group) {
    const { from, to } = waiter.request
    const joined = new Set([...(partOf.get(from) ?? []), ...(partOf.get(to) ?? []), waiter])
    for (const { request } of joined) partOf.set(request.from, joined).set(request.to, joined)
  }
  return [...new Set(partOf.values())].map((part) => group.filter((waiter) => part.has(waiter)))
}
