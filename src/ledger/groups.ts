import {
  LinkedTransferRefusedError,
  TransferConflictError,
  TransferRefusedError,
} from '../errors.ts'
import { named } from '../messages.ts'
import { type EvaluationOptions, type Ledger, evaluate, resultById } from './evaluation.ts'
import { evaluateOpening } from './missing-accounts.ts'
import type { IdentifiedRequest, WellFormedRequest } from './request.ts'
import { type RefusedTransfer, type TransferResult, refused } from './transfer-result.ts'

type Reading = WellFormedRequest | TransferRefusedError

export const isWellFormed = (reading: Reading): reading is WellFormedRequest =>
  !(reading instanceof TransferRefusedError)

/** Whether a request and the next one are in one group. */
export const isGrouped = (
  one: Pick<IdentifiedRequest, 'group'> | undefined,
  next: Pick<IdentifiedRequest, 'group' | 'startsGroup'> | undefined,
): boolean => one?.group !== undefined && one.group === next?.group && !next.startsGroup

/** Decides requests in memory, one after another. Those next to each other with one group are posted all or nothing. */
export function evaluateAll(
  requests: readonly IdentifiedRequest[],
  readings: readonly Reading[],
  ledger: Ledger,
  options: EvaluationOptions,
): TransferResult[] {
  const results: TransferResult[] = []
  for (let start = 0; start < requests.length;) {
    let end = start + 1
    while (isGrouped(requests[end - 1], requests[end])) end++
    if (requests[start]?.group === undefined) {
      results.push(evaluateOne(requests, readings, { index: start, ledger, options }))
    } else {
      const members = { requests: requests.slice(start, end), readings: readings.slice(start, end) }
      results.push(...evaluateGroup(members, ledger, options))
    }
    start = end
  }
  return results
}

function evaluateOne(
  requests: readonly IdentifiedRequest[],
  readings: readonly Reading[],
  { index, ledger, options }: { index: number; ledger: Ledger; options: EvaluationOptions },
): TransferResult {
  const reading = readings[index] as Reading
  return isWellFormed(reading)
    ? (reading.open ? evaluateOpening : evaluate)(reading, ledger, options)
    : refused((requests[index] as IdentifiedRequest).transferId, reading)
}

interface Members {
  readonly requests: readonly IdentifiedRequest[]
  readonly readings: readonly Reading[]
}

/** Decides a group on a copy of what it changes, which counts only if all of it is posted. */
function evaluateGroup(
  { requests, readings }: Members,
  ledger: Ledger,
  options: EvaluationOptions,
): TransferResult[] {
  const conflicts = conflictsWithPosted({ requests, readings }, ledger)
  if (conflicts) return conflicts
  const trial = copyFor(readings, ledger)
  const results = readings.map((_, index) =>
    evaluateOne(requests, readings, { index, ledger: trial, options }),
  )
  const cause = causeOf(requests, results)
  if (cause !== undefined) return linked(results, cause, requests[0]?.group as string)
  for (const [id, account] of trial.accounts) ledger.accounts.set(id, account)
  for (const [id, transfer] of trial.transfers) ledger.transfers.set(id, transfer)
  return results
}

/**
 * The results of a group of which a part is posted already. A group is posted as a whole, so the others cannot join it.
 * Undefined if that is not so.
 */
function conflictsWithPosted(
  { requests, readings }: Members,
  { accounts, transfers }: Ledger,
): TransferResult[] | undefined {
  const results = readings.map((reading, index) => {
    if (!isWellFormed(reading)) {
      return refused((requests[index] as IdentifiedRequest).transferId, reading)
    }
    const account = accounts.get(reading.from) ?? accounts.get(reading.to)
    return resultById(reading, transfers, account?.currency)
  })
  const isLate = requests.some(({ isLateInGroup }) => isLateInGroup)
  if (!isLate && !results.some((result) => result?.status === 'existing')) return undefined
  return results.map((result, index) => {
    if (result) return result
    const { transferId, group = '' } = requests[index] as IdentifiedRequest
    return refused(transferId, new TransferConflictError({ transferId, fields: ['group'], group }))
  })
}

/** A copy of the accounts and transfers that requests name. */
function copyFor(readings: readonly Reading[], { accounts, transfers }: Ledger): Ledger {
  const copy: Ledger = { accounts: new Map(), transfers: new Map() }
  for (const reading of readings) {
    if (!isWellFormed(reading)) continue
    for (const id of [reading.from, reading.to]) {
      const account = accounts.get(id)
      if (account && !copy.accounts.has(id)) copy.accounts.set(id, { ...account })
    }
    const transfer = transfers.get(reading.transferId)
    if (transfer) copy.transfers.set(reading.transferId, transfer)
  }
  return copy
}

/** What a group is refused for: its first refused transfer, or something that is not among its requests. */
function causeOf(
  requests: readonly IdentifiedRequest[],
  results: readonly TransferResult[],
): string | undefined {
  const first = results.find((result): result is RefusedTransfer => result.status === 'refused')
  return first
    ? named(first.transferId)
    : requests.find(({ refusedBeside }) => refusedBeside !== undefined)?.refusedBeside
}

/** The results of a group that is not posted: what was not refused itself is refused with the cause. */
const linked = (
  results: readonly TransferResult[],
  refusedTransferId: string,
  group: string,
): TransferResult[] =>
  results.map((result) => {
    if (result.status === 'refused') return result
    const { transferId } = result
    return refused(
      transferId,
      new LinkedTransferRefusedError({ transferId, refusedTransferId, group }),
    )
  })

/** A transfer that cannot join its group was refused because of the group, and not because of what has its id. */
export const isRefusedByGroup = (result: RefusedTransfer): boolean =>
  result.error instanceof TransferConflictError && result.error.group !== undefined
