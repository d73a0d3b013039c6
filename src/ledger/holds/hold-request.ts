import { type Keys, requireFlag } from '../../arguments.ts'
import {
  InvalidAccountIdError,
  InvalidAmountError,
  InvalidExpiresAtError,
  InvalidHoldIdError,
  InvalidTransferIdError,
  type TransferRefusedError,
} from '../../errors.ts'
import { MalformedRequestError, requireRequest } from '../../malformed-request.ts'
import type { Decimal, MoneyInput } from '../../money/money.ts'
import { EFFECTIVE_AT_RULE, copyOfDate, isEffectiveAt } from '../effective-at.ts'
import { IDENTIFIER_RULE, couldBeId, isIdentifier } from '../identifier.ts'
import type { Metadata } from '../records.ts'
import { type MissingAccount, copyOfMetadata } from '../request.ts'
import { readAmount, refusalOfContent } from '../request-reading.ts'
import { derivedId, makeId, refusalOfTransferId } from '../transfer-id.ts'

export interface HoldRequest {
  /** The hold's id, which makes a repeated request safe: 1–128 printable characters. Default: a new id. */
  readonly holdId?: string | undefined
  /** The id of the account whose money is reserved. */
  readonly from: string
  /** The id of the account that it is promised to. */
  readonly to: string
  /** More than zero, with no more decimals than the currency has. */
  readonly amount: MoneyInput
  /** An ISO 4217 code. If given, both accounts must be in this currency. */
  readonly currency?: string | undefined
  /** From then on, by the server's clock, it reserves nothing. Default: it never expires. */
  readonly expiresAt?: Date | undefined
  /** 1–256 printable characters. Its captures have it too, unless they have their own. */
  readonly reference?: string | undefined
  /** Its captures have them too, unless they have their own. */
  readonly metadata?: Metadata | undefined
}

/** What a capture takes of a hold, and the content of its transfer. */
export interface CaptureRequest {
  /** Default: all that is left of the hold, which ends it. */
  readonly amount?: MoneyInput | undefined
  /** Whether it ends the hold: the rest, if any, is released. Default: only if nothing is left. */
  readonly final?: boolean | undefined
  /**
   * The id of the transfer. Default: the hold's id with `:capture` at its end. A capture of a part that is not final
   * must have an id, because there may be several of them.
   */
  readonly transferId?: string | undefined
  /** Default: that of the hold. */
  readonly reference?: string | undefined
  /** Default: those of the hold. */
  readonly metadata?: Metadata | undefined
  readonly effectiveAt?: Date | undefined
}

/** What has been done before, in books that are restored now, is taken over. */
interface TakenOver {
  /** When it was done. If given, neither limits, nor statuses, nor the date of expiry can refuse it. */
  readonly postedElsewhereAt?: Date | undefined
}

export interface IdentifiedHold extends HoldRequest, TakenOver {
  readonly kind: 'hold'
  readonly holdId: string
  /** The accounts to open if they do not exist. Only lines of a file say any. */
  readonly open?: readonly MissingAccount[] | undefined
}

export interface IdentifiedCapture extends CaptureRequest, TakenOver {
  readonly kind: 'capture'
  readonly holdId: string
  readonly transferId: string
  /** An ISO 4217 code. If given, the hold must be in this currency. Only lines of a file say one. */
  readonly currency?: string | undefined
  /** If given, the hold must be between these accounts. Only lines of an export say them. */
  readonly parties?: { readonly from: string; readonly to: string } | undefined
}

/** `release` gives back what is left of a hold; `expire` does so only if it has expired. */
export interface IdentifiedRelease extends TakenOver {
  readonly kind: 'release' | 'expire'
  readonly holdId: string
}

/** A request that is about a hold, with the ids that make it safe to repeat. */
export type HoldAction = IdentifiedHold | IdentifiedCapture | IdentifiedRelease

const HOLD_KEYS: Keys<HoldRequest> = {
  holdId: true,
  from: true,
  to: true,
  amount: true,
  currency: true,
  expiresAt: true,
  reference: true,
  metadata: true,
}

/**
 * A copy of a request as it is now. It gets an id if it has none, and null counts as absent.
 * @throws MalformedRequestError if the request is not an object, or has an unknown key
 */
export function identifiedHold(request: HoldRequest): IdentifiedHold {
  requireRequest(request, HOLD_KEYS, { expected: 'an object with from, to and amount' })
  const { holdId, from, to, amount, currency, expiresAt, reference, metadata } = request
  return {
    kind: 'hold',
    holdId: holdId ?? makeId(),
    from,
    to,
    amount,
    currency: currency ?? undefined,
    expiresAt: copyOfDate(expiresAt),
    reference: reference ?? undefined,
    metadata: copyOfMetadata(metadata),
  }
}

export const CAPTURE_KEYS: Keys<CaptureRequest> = {
  amount: true,
  final: true,
  transferId: true,
  reference: true,
  metadata: true,
  effectiveAt: true,
}

/** The end of the id of a hold's capture, if the caller does not choose it. */
const CAPTURE_SUFFIX = ':capture'

/** The id of a hold's capture, if the caller does not choose it. */
export const captureId = (holdId: string): string =>
  couldBeId(holdId) ? derivedId(holdId, CAPTURE_SUFFIX) : CAPTURE_SUFFIX

/**
 * A copy of a request as it is now. Null counts as absent.
 * @throws TypeError if `final` is not a flag; MalformedRequestError if the id is missing of one capture of several
 */
export function identifiedCapture(holdId: string, request: CaptureRequest): IdentifiedCapture {
  const { amount, final, transferId, reference, metadata, effectiveAt } = request
  requireFlag(final ?? undefined, 'final')
  if ((transferId ?? undefined) === undefined && (amount ?? undefined) !== undefined && !final) {
    throw new MalformedRequestError(
      'a capture of a part of a hold needs a transferId, so that a repeated call is not taken for another capture. Pass one, or final: true to release the rest',
    )
  }
  return {
    kind: 'capture',
    holdId,
    transferId: transferId ?? captureId(holdId),
    amount: amount ?? undefined,
    final: final ?? undefined,
    reference: reference ?? undefined,
    metadata: copyOfMetadata(metadata),
    effectiveAt: copyOfDate(effectiveAt),
  }
}

export interface WellFormedHold extends Omit<IdentifiedHold, 'amount'> {
  readonly amount: Decimal
}

export interface WellFormedCapture extends Omit<IdentifiedCapture, 'amount'> {
  /** Undefined if it is all that is left. */
  readonly amount: Decimal | undefined
}

/** An action with every part checked and its amount read. Only the ledger can still refuse it. */
export type WellFormedAction = WellFormedHold | WellFormedCapture | IdentifiedRelease

const hasId = (transferId: unknown): boolean =>
  transferId !== undefined && transferId !== null && transferId !== ''

/** What the id of a capture must be if it has none. Only a part of a hold gets none of its own. */
const PART_ID_RULE =
  'an id: a capture of a part of a hold needs one, so that its repeat is not taken for another part. Give it one, or make it final to release the rest'

/** Checks everything that does not depend on the ledger, in the order of precedence of the codes. */
export function readHoldAction(action: HoldAction): WellFormedAction | TransferRefusedError {
  const { holdId } = action
  if (action.kind === 'capture') {
    const { transferId } = action
    const refusal = hasId(transferId)
      ? refusalOfTransferId(transferId)
      : new InvalidTransferIdError({ transferId, expected: PART_ID_RULE })
    if (refusal) return refusal
  }
  if (!isIdentifier(holdId)) return new InvalidHoldIdError({ holdId, expected: IDENTIFIER_RULE })
  switch (action.kind) {
    case 'hold':
      return readHold(action)
    case 'capture':
      return readCapture(action)
    default:
      return action
  }
}

function readHold(hold: IdentifiedHold): WellFormedHold | TransferRefusedError {
  for (const side of ['from', 'to'] as const) {
    const accountId: unknown = hold[side]
    if (!isIdentifier(accountId))
      return new InvalidAccountIdError({ side, accountId, expected: IDENTIFIER_RULE })
  }
  const { reference, metadata, expiresAt } = hold
  const refusal = refusalOfContent({ reference, metadata })
  if (refusal) return refusal
  if (expiresAt !== undefined && !isEffectiveAt(expiresAt)) {
    return new InvalidExpiresAtError({ expiresAt, expected: EFFECTIVE_AT_RULE })
  }
  const amount = readAmount(hold.amount)
  return amount instanceof InvalidAmountError ? amount : { ...hold, amount }
}

function readCapture(capture: IdentifiedCapture): WellFormedCapture | TransferRefusedError {
  const refusal = refusalOfContent(capture)
  if (refusal) return refusal
  if (capture.amount === undefined) return { ...capture, amount: undefined }
  const amount = readAmount(capture.amount)
  return amount instanceof InvalidAmountError ? amount : { ...capture, amount }
}
