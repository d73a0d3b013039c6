import { setImmediate } from 'node:timers/promises'
import mongoose, { type Connection } from 'mongoose'
import { CALL_KEYS, waitOptionsOf } from '../arguments.ts'
import { sessionOf, waitUntilOpen } from '../mongodb/connection.ts'
import { OutcomeError, explainFailure } from '../mongodb/outcome.ts'
import {
  type Call,
  type CallOptions,
  TimeIsUp,
  type WaitOptions,
  newCall,
  waitAtMost,
} from '../mongodb/patience.ts'
import { isServerError } from '../mongodb/server-errors.ts'
import { joinTransaction } from '../mongodb/transaction.ts'
import { postInCall } from './own-transaction.ts'
import { post } from './posting.ts'
import type { LedgerRequest, LedgerResult, ResultOf } from './ledger-request.ts'

/** The most requests in one posting, unless one call has more, so that it takes well under a second. The rest waits for the next one. */
const LARGEST_GROUP = 1_000

interface Waiter {
  /** What its call asks for: one request, or the legs of a group. */
  readonly requests: readonly LedgerRequest[]
  readonly resolve: (results: LedgerResult[]) => void
  readonly reject: (reason: unknown) => void
  readonly caller: Caller
}

interface Caller {
  /** Whether it no longer waits. */
  isGivenUp: boolean
  /** Takes its requests back. Returns the state of the posting, from which the caller learns the outcome. */
  giveUp: () => Call
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
 * concurrent calls. `caller` is its name in messages.
 * @throws OutcomeError if the caller's time is up
 */
export async function postOne<Request extends LedgerRequest>(
  request: Request,
  connection: Connection,
  { caller, options }: { caller: string; options: CallOptions | undefined },
): Promise<ResultOf<Request>> {
  const call = waitOptionsOf(options, caller, CALL_KEYS)
  const [result] = await postTogether([request], connection, call)
  return result as ResultOf<Request>
}

/**
 * Posts the requests of one call in one transaction: the caller's if there is a session, else one that it shares with
 * concurrent calls. `requests` are one transfer, or the legs of a group.
 * @throws OutcomeError if the caller's time is up
 */
export async function postTogether<Request extends LedgerRequest>(
  requests: readonly Request[],
  connection: Connection,
  { session: callerSession, ...waiting }: CallOptions,
): Promise<ResultOf<Request>[]> {
  const session = sessionOf(connection, callerSession)
  const results = session
    ? await joinTransaction(connection, session, (transaction) => post(requests, transaction))
    : await postInGroup(connection, requests, waiting)
  return results as ResultOf<Request>[]
}

/**
 * Posts the requests of a call in one transaction with all others that wait on the same connection, and returns its own
 * results. A lone call starts at once. Calls that arrive during a posting share the next one.
 */
async function postInGroup(
  connection: Connection,
  requests: readonly LedgerRequest[],
  waiting: WaitOptions,
): Promise<LedgerResult[]> {
  await waitUntilOpen(connection)
  let queue = queues.get(connection)
  if (!queue) queues.set(connection, (queue = { waiting: [], busy: false }))
  const { waiting: waiters } = queue
  const unposted = newCall({ retryFor: 0 })
  const caller: Caller = { isGivenUp: false, giveUp: () => unposted }
  const result = new Promise<LedgerResult[]>((resolve, reject) => {
    waiters.push({ requests, resolve, reject, caller })
  })
  if (!queue.busy) void drain(queue, connection)
  return await waitAtMost(waiting, result, () => {
    caller.isGivenUp = true
    return new OutcomeError(caller.giveUp(), waiting.signal)
  }).catch(explainFailure(connection))
}

async function drain(queue: Queue, connection: Connection): Promise<void> {
  queue.busy = true
  while (queue.waiting.length > 0) {
    await settle(takeGroup(queue.waiting), connection, QUEUE_PATIENCE)
    // Callers that just got their result may send their next request now, so that it shares the next posting.
    await setImmediate()
  }
  queue.busy = false
}

/** Takes the calls that share the next posting. */
function takeGroup(waiting: Waiter[]): Waiter[] {
  let size = waiting[0]?.requests.length ?? 0
  let count = 1
  for (; count < waiting.length; count++) {
    size += (waiting[count] as Waiter).requests.length
    if (size > LARGEST_GROUP) break
  }
  return waiting.splice(0, count)
}

/** How long the queue waits for a posting that meets write conflicts, in milliseconds. */
const QUEUE_PATIENCE = 1_000

/**
 * Posts a group and answers each of its waiters. Never rejects.
 * - If the posting fails, each call is posted alone, so that only those at fault fail.
 * - If it still meets conflicts after a second, the queue goes on without it. Its requests are posted in
 *   parts that share no account, so that an account that another transaction holds delays only the requests
 *   that need it.
 * - If a caller gives up before the commit, nothing is committed, and the others are posted without it.
 */
async function settle(
  waiters: readonly Waiter[],
  connection: Connection,
  retryFor = Infinity,
): Promise<void> {
  const group = waiters.filter(({ caller }) => !caller.isGivenUp)
  if (group.length === 0) return
  // Callers bound how long a doubt is resolved: the queue can do nothing better in the meantime.
  const posting = newCall({ retryFor, resolveFor: Infinity })
  for (const { caller } of group) {
    caller.giveUp = () => {
      posting.isGivenUp = true
      // With nobody left to answer, it is not repeated.
      if (group.every((waiter) => waiter.caller.isGivenUp)) {
        posting.retryUntil = 0
        posting.resolveUntil = 0
      }
      return posting
    }
  }
  try {
    const all = group.flatMap(({ requests }) => requests)
    const results = await postInCall(all, connection, { call: posting })
    let start = 0
    for (const { requests, resolve } of group) {
      resolve(results.slice(start, (start += requests.length)))
    }
  } catch (error) {
    const isClosed = connection.readyState !== mongoose.ConnectionStates.connected
    if (error instanceof TimeIsUp && !posting.isInDoubt) {
      if (isServerError(posting.latestError, 'WriteConflict') && retryFor !== Infinity) {
        for (const part of splitByAccount(group)) void settle(part, connection)
      } else {
        // The database is away, and the queue waits too. Or a caller has left.
        await settle(group, connection)
      }
    } else if (group.length === 1 || error instanceof TimeIsUp || isClosed) {
      for (const { reject } of group) {
        reject(error instanceof TimeIsUp ? new OutcomeError(posting) : error)
      }
    } else {
      for (const waiter of group) await settle([waiter], connection)
    }
  }
}

/** Splits a group into parts that share no account that is known. Each part keeps the group's order. */
function splitByAccount(group: readonly Waiter[]): Waiter[][] {
  const partOf = new Map<unknown, ReadonlySet<Waiter>>()
  for (const waiter of group) {
    const joined = new Set([waiter])
    for (const key of keysOf(waiter)) {
      for (const other of partOf.get(key) ?? []) joined.add(other)
    }
    for (const other of joined) for (const key of keysOf(other)) partOf.set(key, joined)
  }
  return [...new Set(partOf.values())].map((part) => group.filter((waiter) => part.has(waiter)))
}

/** What a call may share with others: its accounts, or its hold, whose accounts are not known yet. */
const keysOf = ({ requests }: Waiter): unknown[] =>
  requests.flatMap((request) =>
    'from' in request ? [request.from, request.to] : [`hold ${request.holdId}`],
  )
