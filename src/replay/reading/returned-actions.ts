import { type Keys, requireKnownKeys } from '../../arguments.ts'
import {
  CAPTURE_KEYS,
  type CaptureRequest,
  type HoldAction,
  type HoldRequest,
  identifiedCapture,
  identifiedHold,
} from '../../ledger/holds/hold-request.ts'
import { quote } from '../../messages.ts'
import { readAction } from './values/actions.ts'
import { Problem } from './values/problem.ts'
import { isMissing } from './values/values.ts'

/** A hold that a transform asks for. */
interface RowHold extends HoldRequest {
  readonly action: 'hold'
}

/** A capture that a transform asks for. */
interface RowCapture extends CaptureRequest {
  readonly action: 'capture'
  readonly holdId: string
  /** An ISO 4217 code. If given, the hold must be in this currency. */
  readonly currency?: string | undefined
}

/** A release that a transform asks for. */
interface RowRelease {
  readonly action: 'release'
  readonly holdId: string
}

/** What a transform can ask for beside transfers. Empty texts count as none. */
export type RowHoldAction = RowHold | RowCapture | RowRelease

/** Whether what a transform has returned is about a hold. @throws Error if its action is none */
export function isHoldAction(returned: { readonly action?: unknown }): returned is RowHoldAction {
  const action = readAction(returned.action)
  if (action instanceof Problem) {
    throw new Error(
      `the action ${quote(returned.action)} is not "transfer", "hold", "capture" or "release"`,
    )
  }
  return action !== 'transfer'
}

const CAPTURE_ROW_KEYS: Keys<Omit<RowCapture, 'action'>> = {
  ...CAPTURE_KEYS,
  holdId: true,
  currency: true,
}
const RELEASE_KEYS: Keys<Omit<RowRelease, 'action'>> = { holdId: true }

/**
 * The action that a transform has returned, and whether it got `madeId` as its id, because it has none of its own.
 * @throws Error or TypeError if it cannot be one
 */
export function identifiedAction(
  { action: name, ...returned }: RowHoldAction,
  { madeId, currency }: { madeId: string; currency: string | undefined },
): { readonly request: HoldAction; readonly isIdMade: boolean } {
  const action = readAction(name)
  const request = Object.fromEntries(
    Object.entries(returned).map(([key, value]) => [key, isMissing(value) ? undefined : value]),
  )
  if (action === 'hold') {
    const isIdMade = request['holdId'] === undefined
    const hold = { ...request, holdId: request['holdId'] ?? madeId } as HoldRequest
    return { request: identifiedHold({ ...hold, currency: hold.currency ?? currency }), isIdMade }
  }
  const { holdId, ...parts } = request
  if (holdId === undefined) throw new Error(`a ${action as string} needs the holdId of its hold`)
  if (action === 'release') {
    requireKnownKeys(request as object, RELEASE_KEYS, 'the returned release')
    return { request: { kind: 'release', holdId: holdId as string }, isIdMade: false }
  }
  requireKnownKeys(request as object, CAPTURE_ROW_KEYS, 'the returned capture')
  const { currency: own, ...capture } = parts as CaptureRequest & { currency?: string }
  const isIdMade =
    capture.transferId === undefined && capture.amount !== undefined && capture.final !== true
  const identified = identifiedCapture(holdId as string, {
    ...capture,
    ...(isIdMade && { transferId: madeId }),
  })
  return { request: { ...identified, currency: own ?? currency }, isIdMade }
}
