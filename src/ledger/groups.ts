import {
  LinkedTransferRefusedError,
  TransferConflictError,
  TransferRefusedError,
} from '../errors.ts'
import { named } from '../messages.ts'
import {
  type EvaluationOptions,
  type Ledger,
  conflictingFields,
  evaluate,
  resultById,
} from './evaluation.ts'
import { evaluateOpening } from './missing-accounts.ts'
import { type PostedGroups, addToGroups } from './posted-groups.ts'
import type { TransferRecord } from './records.ts'
import type { IdentifiedRequest, WellFormedRequest } from './request.ts'
import { type RefusedTransfer, type TransferResult, refused } from './transfer-result.ts'

type Reading = WellFormedRequest | TransferRefusedError

export const isWellFormed = (reading: Reading): reading is WellFormedRequest =>
  !(reading instanceof TransferRefusedError)

/** What requests are evaluated against if some of them may be in groups. */
export interface GroupLedger extends Ledger {
  readonly groups: PostedGroups
}

/** Whether a request is a leg of a group that is posted all or nothing. A leg that was posted elsewhere is taken over by itself. */
const isLeg = (request: Pick<IdentifiedRequest, 'group' | 'leg'> | undefined): boolean =>
  request?.group !== undefined && request.leg === undefined

/** Whether a request and the next one are in one group. */
export const isGrouped = (
  one: Pick<IdentifiedRequest, 'group' | 'leg'> | undefined,
  next: Pick<IdentifiedRequest, 'group' | 'leg' | 'startsGroup'> | undefined,
): boolean => isLeg(one) && isLeg(next) && one?.group === next?.group && !next?.startsGroup

/** Decides requests in memory, one after another. Those next to each other with one group are posted all or nothing. */
export function evaluateAll(
  requests: readonly IdentifiedRequest[],
  readings: readonly Reading[],
  ledger: GroupLedger,
  options: EvaluationOptions,
): TransferResult[] {
  const results: TransferResult[] = []
  for (let start = 0; start < requests.length;) {
    let end = start + 1
    while (isGrouped(requests[end - 1], requests[end])) end++
    if (!isLeg(requests[start])) {
      const result = evaluateOne(requests, readings, { index: start, ledger, options })
      if (result.status === 'posted') addToGroups(ledger.groups, [result.transfer])
      results.push(result)
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
  {
    index,
    ledger,
    options,
  }: { index: number; ledger: Ledger & Partial<GroupLedger>; options: EvaluationOptions },
): TransferResult {
  const reading = readings[index] as Reading
  if (!isWellFormed(reading)) {
    return refused((requests[index] as IdentifiedRequest).transferId, reading)
  }
  const { transferId, group, leg, legs } = reading
  const posted = group === undefined ? undefined : ledger.groups?.get(group)
  // A leg that is taken over joins the others, unless they are those of another group with its id.
  if (group !== undefined && posted && isTaken(posted, { transferId, leg, legs })) {
    return refused(transferId, new TransferConflictError({ transferId, fields: ['group'], group }))
  }
  return (reading.open ? evaluateOpening : evaluate)(reading, ledger, options)
}

function isTaken(
  posted: ReadonlyMap<number, TransferRecord>,
  { transferId, leg, legs }: Pick<WellFormedRequest, 'transferId' | 'leg' | 'legs'>,
): boolean {
  const [first] = posted.values()
  const inPlace = leg === undefined ? undefined : posted.get(leg)
  return first?.legs !== legs || (inPlace !== undefined && inPlace._id !== transferId)
}

interface Members {
  readonly requests: readonly IdentifiedRequest[]
  readonly readings: readonly Reading[]
}

/** Decides a group on a copy of what it changes, which counts only if all of it is posted. */
function evaluateGroup(
  { requests, readings: unnumbered }: Members,
  ledger: GroupLedger,
  options: EvaluationOptions,
): TransferResult[] {
  const { length: legs } = unnumbered
  const readings = unnumbered.map((reading, index) =>
    isWellFormed(reading) ? { ...reading, leg: index + 1, legs } : reading,
  )
  const group = requests[0]?.group as string
  const posted = ledger.groups.get(group)
  if (posted) {
    return readings.map((reading, index) =>
      isWellFormed(reading)
        ? resultInPosted(reading, posted, ledger)
        : refused((requests[index] as IdentifiedRequest).transferId, reading),
    )
  }
  const trial = copyFor(readings, ledger)
  const results = readings.map((_, index) =>
    evaluateOne(requests, readings, { index, ledger: trial, options }),
  )
  const cause = causeOf(requests, results)
  if (cause !== undefined) return linked(results, cause, group)
  for (const [id, account] of trial.accounts) ledger.accounts.set(id, account)
  for (const [id, transfer] of trial.transfers) ledger.transfers.set(id, transfer)
  addToGroups(
    ledger.groups,
    results.flatMap((result) => (result.status === 'posted' ? [result.transfer] : [])),
  )
  return results
}

/**
 * The result of a leg whose group is posted already: it is one of the posted legs, or a conflict. A group is posted as a
 * whole, so no other leg can join it.
 */
function resultInPosted(
  leg: WellFormedRequest,
  posted: ReadonlyMap<number, TransferRecord>,
  { accounts, transfers }: Ledger,
): TransferResult {
  const { transferId, group = '' } = leg
  const currency = (accounts.get(leg.from) ?? accounts.get(leg.to))?.currency
  const result = resultById(leg, transfers, currency)
  if (result) return result
  const inPlace = leg.isIdMade ? posted.get(leg.leg as number) : undefined
  if (!inPlace) {
    return refused(transferId, new TransferConflictError({ transferId, fields: ['group'], group }))
  }
  const fields = conflictingFields(leg, inPlace)
  return fields.length === 0
    ? { status: 'existing', transferId: inPlace._id, transfer: inPlace }
    : refused(transferId, new TransferConflictError({ transferId: inPlace._id, fields }))
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
    for (const id of [reading.transferId, reading.reverses]) {
      const transfer = id === undefined ? undefined : transfers.get(id)
      if (transfer) copy.transfers.set(transfer._id, transfer)
    }
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
