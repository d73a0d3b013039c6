import {
  LinkedTransferRefusedError,
  TransferConflictError,
  TransferRefusedError,
} from '../errors.ts'
import { named } from '../messages.ts'
import { type EvaluationOptions, evaluate } from './evaluation.ts'
import { evaluateAction } from './holds/hold-evaluation.ts'
import type {
  LedgerRequest,
  LedgerResult,
  Reading as AnyReading,
  ResultOf,
} from './ledger-request.ts'
import type { Ledger, LedgerWithHolds } from './ledger-state.ts'
import { evaluateOpening } from './missing-accounts.ts'
import { conflictingFields, resultById } from './posted-content.ts'
import { type PostedGroups, addToGroups } from './posted-groups.ts'
import type { TransferRecord } from './records.ts'
import type { IdentifiedRequest, WellFormedRequest } from './request.ts'
import {
  type RefusedTransfer,
  type TransferResult,
  refused,
  refusedHold,
  refusedWithinGroup,
} from './transfer-result.ts'

type Reading = WellFormedRequest | TransferRefusedError

export const isWellFormed = <Well extends object>(
  reading: Well | TransferRefusedError,
): reading is Well => !(reading instanceof TransferRefusedError)

/** A request as a member of a group, in which there are only transfers. */
interface PossibleMember {
  readonly kind?: string | undefined
  readonly group?: string | undefined
  readonly leg?: number | undefined
  readonly startsGroup?: boolean | undefined
}

/** What requests are evaluated against if some of them may be in groups. */
export interface GroupLedger extends Ledger {
  readonly groups: PostedGroups
}

/** Whether a request is a leg of a group that is posted all or nothing. A leg that was posted elsewhere is taken over by itself. */
const isLeg = (request: PossibleMember | undefined): boolean =>
  request?.group !== undefined && request.leg === undefined

/** Whether a request and the next one are in one group. */
export const isGrouped = (
  one: PossibleMember | undefined,
  next: PossibleMember | undefined,
): boolean => isLeg(one) && isLeg(next) && one?.group === next?.group && !next?.startsGroup

/** Decides requests in memory, one after another. Those next to each other with one group are posted all or nothing. */
export function evaluateAll<Request extends LedgerRequest>(
  requests: readonly Request[],
  readings: readonly AnyReading[],
  ledger: GroupLedger,
  options: EvaluationOptions,
): ResultOf<Request>[] {
  const results: LedgerResult[] = []
  for (let start = 0; start < requests.length;) {
    const request = requests[start] as LedgerRequest
    let end = start + 1
    if (!isLeg(request)) {
      const result = evaluateRequest(request, readings[start] as AnyReading, ledger, options)
      if (result.status === 'posted' && 'transfer' in result) {
        addToGroups(ledger.groups, [result.transfer])
      }
      results.push(result)
    } else {
      while (isGrouped(requests[end - 1], requests[end])) end++
      const members = { requests: requests.slice(start, end), readings: readings.slice(start, end) }
      results.push(...evaluateGroup(members as Members, ledger, options))
    }
    start = end
  }
  return results as ResultOf<Request>[]
}

/** Decides one request of any kind, with no regard to the others of its group. */
export function evaluateRequest(
  request: LedgerRequest,
  reading: AnyReading,
  ledger: Ledger & Partial<GroupLedger>,
  options: EvaluationOptions,
): LedgerResult {
  if (!isWellFormed(reading)) return refusedRequest(request, reading)
  if ('kind' in reading) return evaluateAction(reading, ledger as LedgerWithHolds, options)
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

const refusedRequest = (request: LedgerRequest, error: TransferRefusedError): LedgerResult =>
  'transferId' in request ? refused(request.transferId, error) : refusedHold(request.holdId, error)

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
  const results = readings.map(
    (reading, index) =>
      evaluateRequest(
        requests[index] as IdentifiedRequest,
        reading,
        trial,
        options,
      ) as TransferResult,
  )
  const cause = causeOf(requests, results)
  if (cause !== undefined) {
    return linked(results, cause, group).map((result) =>
      result.status === 'refused' ? refusedWithinGroup(result, ledger.transfers) : result,
    )
  }
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
    if (leg.own?.refusal) return refused(transferId, leg.own.refusal)
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
): Cause | undefined {
  const first = results.find((result): result is RefusedTransfer => result.status === 'refused')
  if (first) return { refusedTransferId: named(first.transferId) }
  const { refusedBeside } = requests.find((request) => request.refusedBeside !== undefined) ?? {}
  return refusedBeside === undefined
    ? undefined
    : { refusedTransferId: refusedBeside, beside: true }
}

/** What a group is refused for, as its other legs name it. */
type Cause = Pick<
  ConstructorParameters<typeof LinkedTransferRefusedError>[0],
  'refusedTransferId' | 'beside'
>

/** The results of a group that is not posted: what was not refused itself is refused with the cause. */
const linked = (
  results: readonly TransferResult[],
  cause: Cause,
  group: string,
): TransferResult[] =>
  results.map((result) => {
    if (result.status === 'refused') return result
    const { transferId } = result
    return refused(transferId, new LinkedTransferRefusedError({ transferId, group, ...cause }))
  })

/** A transfer that cannot join its group was refused because of the group, and not because of what has its id. */
export const isRefusedByGroup = (result: RefusedTransfer): boolean =>
  result.error instanceof TransferConflictError && result.error.group !== undefined
