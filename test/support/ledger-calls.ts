import type { ClientSession } from 'mongoose'
import {
  type AccountModel,
  type CaptureRequest,
  Decimal,
  Decimal128,
  type ExchangeRequest,
  type GroupRequest,
  type HoldModel,
  type HoldRequest,
  LedgerError,
  type OpeningRequest,
  type TransferModel,
  type TransferRequest,
  type TransferResult,
} from '../../src/index.ts'
import {
  type ReferenceExchange,
  type ReferenceHoldRequest,
  type ReferenceLedger,
  type ReferenceOpening,
  type ReferenceRequest,
  Refusal,
} from './reference-ledger.ts'
import { textOf } from './reference-rules.ts'

/** A call of one of the ledger's verbs, with all its parameters. */
export type Call =
  | { readonly verb: 'open'; readonly request: ReferenceOpening }
  | { readonly verb: 'transfer'; readonly request: ReferenceRequest }
  | {
      readonly verb: 'transferMany'
      readonly requests: readonly ReferenceRequest[]
      readonly atomic: boolean
    }
  | {
      readonly verb: 'transferGroup'
      readonly groupId: unknown
      readonly legs: readonly ReferenceRequest[]
    }
  | { readonly verb: 'exchange'; readonly request: ReferenceExchange }
  | {
      readonly verb: 'reverseGroup'
      readonly groupId: unknown
      readonly reference: unknown
      readonly effectiveAt: unknown
    }
  | {
      readonly verb: 'reverse'
      readonly transferId: unknown
      readonly reference: unknown
      readonly effectiveAt: unknown
    }
  | { readonly verb: 'hold' | 'capture'; readonly request: ReferenceHoldRequest }
  | { readonly verb: 'release'; readonly holdId: unknown }
  | { readonly verb: 'freeze' | 'unfreeze'; readonly accountId: unknown }
  | { readonly verb: 'close'; readonly accountId: unknown; readonly payOutTo: unknown }
  | { readonly verb: 'setOverdraftLimit'; readonly accountId: unknown; readonly limit: unknown }
  /** A write through Mongoose, past the verbs. */
  | { readonly verb: 'write'; readonly to: 'account' | 'transfer' | 'hold' }

/** What became of a request: it was done, or the refusal with what the documents say about it. */
type Outcome = string | { readonly code: string; readonly [detail: string]: unknown }

/** How a call ended. */
export interface Performed {
  /** One for each request of a batch, else one. */
  readonly outcomes: readonly Outcome[]
  /** The sentences of the refusals. */
  readonly messages: readonly string[]
  /** What a single call returned, as JSON. */
  readonly document?: unknown
  /** The id that was made for the transfer that paid out a closed account. */
  readonly payOutId?: string | undefined
}

interface Models {
  readonly Account: AccountModel
  readonly Transfer: TransferModel
  readonly Hold: HoldModel
}

/** Amounts that depend on what the sender has, so that balances end exactly at their limits. */
export const DEPENDENT_AMOUNTS: readonly unknown[] = ['everything', 'everything and a unit more']

/** Stands for the id of the latest transfer or hold. */
export const LATEST = 'the latest one'

/** Replaces what depends on the books. */
export function resolve(call: Call, ledger: ReferenceLedger): Call {
  const resolved = <Request extends ReferenceRequest>(request: Request): Request => {
    const account = ledger.accounts.get(String(request.from))
    if (!DEPENDENT_AMOUNTS.includes(request.amount)) return request
    if (!account) return { ...request, amount: '1' }
    const available = account.balance - account.held + account.overdraftLimit
    const units = request.amount === 'everything' ? available : available + 1n
    return { ...request, amount: textOf(units, account.currency) }
  }
  const latestHold = [...ledger.holds.keys()].at(-1) ?? 'H0'
  if (call.verb === 'transfer') return { ...call, request: resolved(call.request) }
  if (call.verb === 'hold') return { ...call, request: resolved(call.request) }
  if (call.verb === 'capture' && call.request.holdId === LATEST) {
    return { ...call, request: { ...call.request, holdId: latestHold } }
  }
  if (call.verb === 'release' && call.holdId === LATEST) return { ...call, holdId: latestHold }
  if (call.verb === 'transferMany') return { ...call, requests: call.requests.map(resolved) }
  if (call.verb === 'transferGroup') return { ...call, legs: call.legs.map(resolved) }
  if (call.verb === 'reverseGroup' && call.groupId === LATEST) {
    const groups = [...ledger.transfers.values()].flatMap(({ group }) => group ?? [])
    return { ...call, groupId: groups.at(-1) ?? 'G0' }
  }
  if (call.verb === 'reverse' && call.transferId === LATEST) {
    return { ...call, transferId: [...ledger.transfers.keys()].at(-1) ?? 'T0' }
  }
  return call
}

/** Does a call in Daybook: by itself, or in the caller's transaction. */
export async function perform(
  call: Call,
  models: Models,
  session?: ClientSession,
): Promise<Performed> {
  try {
    if (call.verb === 'transferMany') return await performMany(call, models, session)
    const document = await performOne(call, models, session)
    return {
      outcomes: ['done'],
      messages: [],
      document: JSON.parse(JSON.stringify(document)) as unknown,
      payOutId: call.verb === 'close' ? await payOutIdOf(call, models, session) : undefined,
    }
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error
    return { outcomes: [detailsOf(error)], messages: [error.message] }
  }
}

async function performMany(
  { requests, atomic }: Call & { verb: 'transferMany' },
  { Account }: Models,
  session: ClientSession | undefined,
): Promise<Performed> {
  const options = { atomic, ...(session && { session }) }
  const results = await Account.transferMany(requests as TransferRequest[], options)
  const refusals = results.filter((result) => result.status === 'refused')
  return {
    outcomes: results.map(outcomeOf),
    messages: refusals.map(({ message }) => message),
  }
}

const outcomeOf = (result: TransferResult): Outcome =>
  result.status === 'refused' ? detailsOf(result.error) : result.status

function performOne(
  call: Exclude<Call, { verb: 'transferMany' }>,
  { Account, Transfer, Hold }: Models,
  session: ClientSession | undefined,
): Promise<unknown> {
  const options = session ? { session } : {}
  switch (call.verb) {
    case 'open':
      return Account.open(call.request as OpeningRequest, options)
    case 'transfer':
      return Account.transfer(call.request as TransferRequest, options)
    case 'reverse': {
      const { transferId, reference, effectiveAt } = call
      const parts = { reference, effectiveAt } as { reference: string; effectiveAt: Date }
      return Transfer.reverse(transferId as string, { ...options, ...parts })
    }
    case 'transferGroup': {
      const { groupId, legs } = call
      const request = { groupId, legs } as GroupRequest
      return Account.transferGroup(request, options)
    }
    case 'exchange':
      return Account.exchange(call.request as ExchangeRequest, options)
    case 'reverseGroup': {
      const { groupId, reference, effectiveAt } = call
      const parts = { reference, effectiveAt } as { reference: string; effectiveAt: Date }
      return Transfer.reverseGroup(groupId as string, { ...options, ...parts })
    }
    case 'hold':
      return Account.hold(call.request as HoldRequest, options)
    case 'capture': {
      const { holdId, ...request } = call.request
      return Hold.capture(holdId as string, { ...options, ...(request as CaptureRequest) })
    }
    case 'release':
      return Hold.release(call.holdId as string, options)
    case 'freeze':
      return Account.freeze(call.accountId as string, options)
    case 'unfreeze':
      return Account.unfreeze(call.accountId as string, options)
    case 'close': {
      const payOutTo = call.payOutTo as string
      return Account.close(call.accountId as string, { ...options, payOutTo })
    }
    case 'setOverdraftLimit':
      return Account.setOverdraftLimit(call.accountId as string, call.limit as string, options)
    case 'write':
      return call.to === 'account'
        ? Account.updateOne({ _id: 'ADA' }, { balance: '1000000' }, options).exec()
        : call.to === 'hold'
          ? Hold.updateOne({}, { status: 'released' }, options).exec()
          : Transfer.deleteMany({}, options).exec()
  }
}

/** The id of the latest transfer of a closed account, which is the one that paid it out. */
async function payOutIdOf(
  { accountId }: Call & { verb: 'close' },
  { Transfer }: Models,
  session: ClientSession | undefined,
): Promise<string | undefined> {
  const transfers = Transfer.find({ fromAccount: String(accountId) }, { _id: 1 })
  const latest = transfers
    .sort({ fromSequence: -1 })
    .limit(1)
    .session(session ?? null)
  return (await latest.lean())[0]?._id
}

function detailsOf(error: object): Outcome {
  const { code, side, fields, refusedTransferId, leg } = error as { code: string } & Details
  return describe(code, { side, fields, refusedTransferId, leg })
}

interface Details {
  readonly side?: unknown
  readonly fields?: readonly string[] | undefined
  readonly refusedTransferId?: unknown
  readonly leg?: unknown
}

const describe = (code: string, { side, fields, refusedTransferId, leg }: Details): Outcome => ({
  code,
  ...(side !== undefined && { side }),
  ...(fields && { fields: fields.toSorted() }),
  ...(refusedTransferId !== undefined && { refusedTransferId }),
  ...(leg !== undefined && { leg }),
})

/** Does a call in the model. `payOutId` is the id that Daybook made, if it made one. */
export function expected(
  call: Call,
  ledger: ReferenceLedger,
  payOutId?: string,
): readonly Outcome[] {
  if (call.verb === 'transferMany') {
    const outcomes = ledger.transferMany(call.requests.map(withPlainAmount), {
      atomic: call.atomic,
    })
    return outcomes.map(describeOutcome)
  }
  try {
    switch (call.verb) {
      case 'open':
        ledger.open(call.request)
        break
      case 'transfer':
        ledger.transfer(withPlainAmount(call.request))
        break
      case 'reverse':
        ledger.reverse(call.transferId, call)
        break
      case 'transferGroup':
        ledger.transferGroup(call.groupId, call.legs.map(withPlainAmount))
        break
      case 'exchange':
        ledger.exchange(call.request)
        break
      case 'reverseGroup':
        ledger.reverseGroup(call.groupId, call)
        break
      case 'hold':
        ledger.hold(withPlainAmount(call.request))
        break
      case 'capture':
        ledger.capture(withPlainAmount(call.request))
        break
      case 'release':
        ledger.release(call.holdId)
        break
      case 'freeze':
        ledger.freeze(call.accountId)
        break
      case 'unfreeze':
        ledger.unfreeze(call.accountId)
        break
      case 'close':
        ledger.close(call.accountId, { payOutTo: call.payOutTo, payOutId })
        break
      case 'setOverdraftLimit':
        ledger.setOverdraftLimit(call.accountId, call.limit)
        break
      case 'write':
        throw call.to === 'account'
          ? new Refusal('PROTECTED_FIELD', { fields: ['balance'] })
          : new Refusal(call.to === 'hold' ? 'HOLD_PROTECTED' : 'TRANSFER_IMMUTABLE')
    }
    return ['done']
  } catch (error) {
    if (error instanceof Refusal) return [describeOutcome(error)]
    throw error
  }
}

const describeOutcome = (outcome: string | Refusal): Outcome =>
  outcome instanceof Refusal ? describe(outcome.code, outcome.details) : outcome

/** The model knows amounts as texts, numbers and bigints only. */
const withPlainAmount = <Request extends ReferenceRequest>(request: Request): Request => {
  const { amount } = request
  const isObject = amount instanceof Decimal || amount instanceof Decimal128
  return isObject ? { ...request, amount: String(amount) } : request
}
