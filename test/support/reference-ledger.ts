import { createHash } from 'node:crypto'
import {
  isAccountId,
  isCurrency,
  isDate,
  isLine,
  isMetadata,
  isTransferId,
  limitOf,
  textOf,
  unitsOf,
} from './reference-rules.ts'

export interface ReferenceAccount {
  readonly holder: string
  readonly currency: string
  readonly status: 'open' | 'frozen' | 'closed'
  readonly balance: bigint
  readonly openingBalance: bigint
  readonly overdraftLimit: bigint
  /** What its active holds reserve. */
  readonly held: bigint
  /** The ids of all its transfers, oldest first. */
  readonly transfers: readonly string[]
}

interface ReferenceTransfer {
  readonly from: string
  readonly to: string
  readonly amount: bigint
  readonly currency: string
  readonly fromBalance: bigint
  readonly toBalance: bigint
  readonly fromSequence: number
  readonly toSequence: number
  readonly reverses?: string | undefined
  readonly hold?: string | undefined
  readonly reference?: string | undefined
  readonly metadata?: Readonly<Record<string, unknown>> | undefined
  readonly effectiveAt?: Date | undefined
  readonly group?: unknown
  readonly leg?: number | undefined
  readonly legs?: number | undefined
  readonly batch?: string | undefined
}

export interface ReferenceHold {
  readonly from: string
  readonly to: string
  readonly amount: bigint
  readonly captured: bigint
  readonly currency: string
  readonly status: 'active' | 'captured' | 'released'
  /** The id of the capture that ended it. */
  readonly finalCapture?: string
  readonly reference?: string | undefined
  readonly metadata?: Readonly<Record<string, unknown>> | undefined
  readonly expiresAt?: Date | undefined
  readonly batch?: string | undefined
}

/** A request as a caller writes it: nothing about its parts is certain yet. */
export interface ReferenceRequest {
  readonly transferId?: unknown
  readonly from?: unknown
  readonly to?: unknown
  readonly amount?: unknown
  readonly currency?: unknown
  readonly reference?: unknown
  readonly metadata?: unknown
  readonly effectiveAt?: unknown
  /** Only in files, and for the legs of a group. */
  readonly group?: unknown
}

export interface ReferenceExchange {
  readonly exchangeId: unknown
  readonly from: unknown
  readonly to: unknown
  readonly amount: unknown
  readonly toAmount: unknown
  readonly through: Readonly<Record<string, string>>
}

/** The place of a leg in its group. */
interface Place {
  readonly leg: number
  readonly legs: number
}

/** The codes that come before TRANSFER_CONFLICT. */
const STATIC_CODES = new Set([
  'INVALID_TRANSFER_ID',
  'INVALID_ACCOUNT_ID',
  'INVALID_REFERENCE',
  'INVALID_METADATA',
  'INVALID_EFFECTIVE_AT',
  'INVALID_AMOUNT',
  'SAME_ACCOUNT',
])

/** A request for a hold, or for a capture of one. */
export interface ReferenceHoldRequest extends Omit<ReferenceRequest, 'group'> {
  readonly holdId?: unknown
  readonly expiresAt?: unknown
  readonly final?: boolean | undefined
}

export interface ReferenceOpening {
  readonly accountId?: unknown
  readonly holder?: unknown
  readonly currency?: unknown
  readonly openingBalance?: unknown
  readonly overdraftLimit?: unknown
}

/** What the documents say about a refusal besides its code. */
interface Details {
  readonly side?: 'from' | 'to'
  /** The fields that differ, in a conflict. */
  readonly fields?: readonly string[]
  /** In an atomic group: the transfer because of which this one is not posted. */
  readonly refusedTransferId?: unknown
  /** The leg of a group that is refused as a whole. */
  readonly leg?: number
}

export class Refusal extends Error {
  readonly code: string
  readonly details: Details
  constructor(code: string, details: Details = {}) {
    super(code)
    this.code = code
    this.details = details
  }
}

function require(condition: boolean, code: string, details?: Details): asserts condition {
  if (!condition) throw new Refusal(code, details)
}

/** An original's id with `:reversal`; if that is too long for an id, a digest of the original's stands for it. */
function reversalId(transferId: string): string {
  const id = `${transferId}:reversal`
  if (id.length <= 128) return id
  return `${createHash('sha256').update(transferId).digest('hex')}:reversal:reversal`
}

/** The id of a capture of all that is left, by the same rule. */
export function captureId(holdId: string): string {
  const id = `${holdId}:capture`
  if (id.length <= 128) return id
  return `${createHash('sha256').update(holdId).digest('hex')}:capture:capture`
}

/** Whether metadata are the same, in any order. No metadata are the same as no key. */
function isSame(one: object = {}, other: object = {}): boolean {
  const sorted = (metadata: object) =>
    Object.entries(metadata)
      .map((entry) => JSON.stringify(entry))
      .toSorted()
      .join()
  return sorted(one) === sorted(other)
}

/**
 * The ledger of README.md and docs/ once more, as simple as can be: accounts and transfers in two maps, requests one
 * after the other. The property tests compare Daybook with it. It is written from the documents, and knows nothing of
 * databases. A method either does its work or throws a {@link Refusal} and changes nothing.
 */
export class ReferenceLedger {
  readonly accounts: Map<string, ReferenceAccount>
  readonly transfers: Map<string, ReferenceTransfer>
  readonly holds: Map<string, ReferenceHold>

  constructor({
    accounts = new Map(),
    transfers = new Map(),
    holds = new Map(),
  }: Partial<ReferenceLedger> = {}) {
    this.accounts = new Map(accounts)
    this.transfers = new Map(transfers)
    this.holds = new Map(holds)
  }

  copy(): ReferenceLedger {
    return new ReferenceLedger(this)
  }

  /** Takes over what a copy has become: the commit of a transaction. */
  become({ accounts, transfers, holds }: ReferenceLedger): void {
    for (const [id, account] of accounts) this.accounts.set(id, account)
    for (const [id, transfer] of transfers) this.transfers.set(id, transfer)
    for (const [id, hold] of holds) this.holds.set(id, hold)
  }

  open(request: ReferenceOpening): void {
    const { accountId, holder, currency, openingBalance = 0, overdraftLimit = 0 } = request
    require(isAccountId(accountId), 'INVALID_ACCOUNT_ID')
    require(isLine(holder), 'INVALID_HOLDER')
    require(isCurrency(currency), 'INVALID_CURRENCY')
    const balance = unitsOf(openingBalance, currency)
    const limit = unitsOf(overdraftLimit, currency)
    require(balance !== undefined && limit !== undefined && limit >= 0n, 'INVALID_AMOUNT')
    require(balance >= -limit, 'INVALID_AMOUNT')
    const account = this.accounts.get(accountId)
    if (account) {
      const fields: string[] = []
      if (account.holder !== holder) fields.push('holder')
      if (account.currency !== currency) fields.push('currency')
      const [stored, asked] = [
        textOf(account.openingBalance, account.currency),
        textOf(balance, currency),
      ].map(withoutZeros)
      if (stored !== asked) fields.push('openingBalance')
      require(fields.length === 0, 'ACCOUNT_CONFLICT', { fields })
      return
    }
    this.accounts.set(accountId, {
      holder,
      currency,
      status: 'open',
      balance,
      openingBalance: balance,
      overdraftLimit: limit,
      held: 0n,
      transfers: [],
    })
  }

  transfer(request: ReferenceRequest, batch?: string, place?: Place): 'posted' | 'existing' {
    require(isTransferId(request.transferId), 'INVALID_TRANSFER_ID')
    return this.#post(request.transferId, request, { batch, ...place })
  }

  /** The transfers of a group, in the order of its legs. */
  legsOf(group: unknown): [id: string, transfer: ReferenceTransfer][] {
    return [...this.transfers]
      .filter(([, transfer]) => transfer.group === group)
      .toSorted(([, one], [, other]) => (one.leg ?? 0) - (other.leg ?? 0))
  }

  /** The outcome of each leg of a group, in order. They are posted whole or not at all, and only once. */
  postLegs(
    legs: readonly ReferenceRequest[],
    { batch, isBroken = false }: { batch?: string; isBroken?: boolean } = {},
  ): ('posted' | 'existing' | Refusal)[] {
    const isPosted = this.legsOf(legs[0]?.group).length > 0
    const trial = this.copy()
    const outcomes = legs.map((request, index): 'posted' | 'existing' | Refusal => {
      const place = { leg: index + 1, legs: legs.length }
      try {
        return (isPosted ? this.copy() : trial).transfer(request, batch, place)
      } catch (error) {
        if (error instanceof Refusal) return error
        throw error
      }
    })
    if (isPosted) {
      // A leg that is not one of the posted ones cannot join them, unless something else refuses it first.
      return outcomes.map((outcome, index) => {
        const isKnown = this.transfers.has(String(legs[index]?.transferId))
        const isItsOwn = outcome instanceof Refusal && STATIC_CODES.has(outcome.code)
        return isKnown || isItsOwn
          ? outcome
          : new Refusal('TRANSFER_CONFLICT', { fields: ['group'] })
      })
    }
    if (isBroken || outcomes.some((outcome) => outcome instanceof Refusal)) {
      return outcomes.map((outcome) =>
        outcome instanceof Refusal ? outcome : new Refusal('LINKED_TRANSFER_REFUSED'),
      )
    }
    this.become(trial)
    return outcomes
  }

  transferGroup(groupId: unknown, legs: readonly ReferenceRequest[]): void {
    require(isTransferId(groupId), 'INVALID_GROUP_ID')
    const posted = this.legsOf(groupId)
    const outcomes = this.postLegs(
      legs.map((request, index) => {
        // Without an id of its own it is the leg in its place.
        const [madeId] = posted[index] ?? [`${groupId}:${index + 1}`]
        return { ...request, transferId: request.transferId ?? madeId, group: groupId }
      }),
    )
    requireWhole(outcomes, (index) => index + 1)
  }

  exchange({ exchangeId, from, to, amount, toAmount, through }: ReferenceExchange): void {
    const sender = this.accounts.get(String(from))
    const receiver = this.accounts.get(String(to))
    require(sender !== undefined, 'ACCOUNT_NOT_FOUND', { side: 'from' })
    require(receiver !== undefined, 'ACCOUNT_NOT_FOUND', { side: 'to' })
    const [paid, received] = [sender.currency, receiver.currency]
    require(paid !== received, 'INVALID_EXCHANGE')
    require(paid in through && received in through, 'INVALID_EXCHANGE')
    this.transferGroup(exchangeId, [
      { from, to: through[paid], amount, currency: paid },
      { from: through[received], to, amount: toAmount, currency: received },
    ])
  }

  reverseGroup(
    groupId: unknown,
    { reference, effectiveAt }: Pick<ReferenceRequest, 'reference' | 'effectiveAt'>,
  ): void {
    const legs = this.legsOf(groupId ?? '')
    require(legs.length > 0, 'GROUP_NOT_FOUND')
    require(legs.every(([, { reverses }]) => reverses === undefined), 'TRANSFER_IS_REVERSAL')
    const trial = this.copy()
    const outcomes = legs.toReversed().map(([id], index): 'posted' | Refusal => {
      try {
        trial.reverse(
          id,
          { reference, effectiveAt },
          { group: reversalId(String(groupId)), leg: index + 1, legs: legs.length },
        )
        return 'posted'
      } catch (error) {
        if (error instanceof Refusal) return error
        throw error
      }
    })
    requireWhole(outcomes, (index) => legs.length - index)
    this.become(trial)
  }

  /** The outcome of each request, in order: a status or a refusal. An atomic group is posted whole or not at all. */
  transferMany(
    requests: readonly ReferenceRequest[],
    { atomic = false, batch }: { atomic?: boolean; batch?: string } = {},
  ): ('posted' | 'existing' | Refusal)[] {
    const ledger = atomic ? this.copy() : this
    const outcomes = requests.map((request) => {
      try {
        return ledger.transfer(request, batch)
      } catch (error) {
        if (error instanceof Refusal) return error
        throw error
      }
    })
    if (!atomic) return outcomes
    const first = outcomes.findIndex((outcome) => outcome instanceof Refusal)
    if (first === -1) {
      this.become(ledger)
      return outcomes
    }
    const refusedTransferId = requests[first]?.transferId
    return outcomes.map((outcome, index) => {
      if (index === first) return outcome
      // An id that was posted before the group still is.
      const isExisting =
        outcome === 'existing' && this.transfers.has(String(requests[index]?.transferId))
      return isExisting ? outcome : new Refusal('LINKED_TRANSFER_REFUSED', { refusedTransferId })
    })
  }

  reverse(
    transferId: unknown,
    { reference, effectiveAt }: Pick<ReferenceRequest, 'reference' | 'effectiveAt'>,
    { group, ...place }: Partial<Place> & { group?: string } = {},
  ): void {
    const original = this.transfers.get(String(transferId))
    require(original !== undefined, 'TRANSFER_NOT_FOUND')
    require(original.reverses === undefined, 'TRANSFER_IS_REVERSAL')
    const { from, to, currency } = original
    const amount = textOf(original.amount, currency)
    this.#post(
      reversalId(String(transferId)),
      { from: to, to: from, amount, currency, reference, effectiveAt, group },
      { reverses: String(transferId), ...place },
    )
  }

  hold(
    { holdId, from, to, amount, ...optional }: ReferenceHoldRequest,
    batch?: string,
  ): 'posted' | 'existing' {
    // Null counts as absent.
    const named = optional.currency ?? undefined
    const reference = optional.reference ?? undefined
    const metadata = optional.metadata ?? undefined
    const expiresAt = optional.expiresAt ?? undefined
    require(isAccountId(holdId), 'INVALID_HOLD_ID')
    require(isAccountId(from), 'INVALID_ACCOUNT_ID', { side: 'from' })
    require(isAccountId(to), 'INVALID_ACCOUNT_ID', { side: 'to' })
    require(reference === undefined || isLine(reference), 'INVALID_REFERENCE')
    require(metadata === undefined || isMetadata(metadata), 'INVALID_METADATA')
    require(expiresAt === undefined || isDate(expiresAt), 'INVALID_EXPIRES_AT')
    const sender = this.accounts.get(from)
    const receiver = this.accounts.get(to)
    const currency = isCurrency(named) ? named : (sender ?? receiver)?.currency
    const units = unitsOf(amount, currency)
    require(units !== undefined && units > 0n, 'INVALID_AMOUNT')
    require(from !== to, 'SAME_ACCOUNT')

    const earlier = this.holds.get(holdId)
    if (earlier) {
      const fields: string[] = []
      if (earlier.from !== from) fields.push('from')
      if (earlier.to !== to) fields.push('to')
      if (unitsOf(amount, earlier.currency) !== earlier.amount) fields.push('amount')
      if (named !== undefined && named !== earlier.currency) fields.push('currency')
      if (earlier.expiresAt?.getTime() !== expiresAt?.getTime()) fields.push('expiresAt')
      if (earlier.reference !== reference) fields.push('reference')
      if (!isSame(earlier.metadata, metadata)) fields.push('metadata')
      require(fields.length === 0, 'HOLD_CONFLICT', { fields })
      return 'existing'
    }
    require(expiresAt === undefined ||
      expiresAt.getTime() > Date.now() ||
      !sender ||
      !receiver, 'INVALID_EXPIRES_AT')
    const { currency: held } = this.#checkedSides({ from, to, currency: named })
    const payer = this.#account(from)
    require(availableOf(payer) >= units, 'INSUFFICIENT_FUNDS')
    const limit = limitOf(held)
    require(payer.balance - payer.held - units > -limit &&
      payer.held + units < limit, 'BALANCE_OUT_OF_RANGE')
    this.#change(from, { held: payer.held + units })
    this.holds.set(holdId, {
      from,
      to,
      amount: units,
      captured: 0n,
      currency: held,
      status: 'active',
      reference,
      metadata,
      expiresAt,
      batch,
    })
    return 'posted'
  }

  /** Only a line of a file says a currency. */
  capture(
    { holdId, transferId: chosenId, ...request }: ReferenceHoldRequest,
    batch?: string,
  ): 'posted' | 'existing' {
    const transferId = chosenId ?? captureId(String(holdId))
    require(isTransferId(transferId), 'INVALID_TRANSFER_ID')
    require(isAccountId(holdId), 'INVALID_HOLD_ID')
    const { reference, metadata, effectiveAt } = request
    require(reference === undefined || isLine(reference), 'INVALID_REFERENCE')
    require(metadata === undefined || isMetadata(metadata), 'INVALID_METADATA')
    require(effectiveAt === undefined || isDate(effectiveAt), 'INVALID_EFFECTIVE_AT')
    const hold = this.holds.get(holdId)
    const earlier = this.transfers.get(transferId)
    const isPart = request.amount !== undefined
    const units = isPart ? unitsOf(request.amount, hold?.currency) : undefined
    require(!isPart || (units !== undefined && units > 0n), 'INVALID_AMOUNT')
    require(hold !== undefined || !earlier, 'TRANSFER_CONFLICT', { fields: ['hold'] })
    require(hold !== undefined, 'HOLD_NOT_FOUND')

    const remaining = hold.amount - hold.captured
    const isFinal = !isPart || request.final === true
    const amount = units ?? earlier?.amount ?? remaining
    const parts = {
      from: hold.from,
      to: hold.to,
      amount: textOf(amount, hold.currency),
      currency: request.currency ?? hold.currency,
      reference: reference ?? hold.reference,
      metadata: metadata ?? hold.metadata,
      effectiveAt,
    }
    if (earlier) {
      this.#post(transferId, parts, { hold: holdId })
      const hasEnded = hold.finalCapture === transferId
      const isSameEnd = isFinal ? hasEnded : !hasEnded || remaining === 0n
      require(isSameEnd, 'TRANSFER_CONFLICT', { fields: ['final'] })
      require(isPart || remaining === 0n, 'TRANSFER_CONFLICT', { fields: ['amount'] })
      return 'existing'
    }
    require(hold.status === 'active', 'HOLD_NOT_ACTIVE')
    require(amount <= remaining, 'HOLD_EXCEEDED')
    this.#post(transferId, parts, { hold: holdId, batch })
    const isEnd = isFinal || amount === remaining
    const { held } = this.#account(hold.from)
    this.#change(hold.from, { held: held - (isEnd ? remaining : amount) })
    this.holds.set(holdId, {
      ...hold,
      captured: hold.captured + amount,
      ...(isEnd && { status: 'captured', finalCapture: transferId }),
    })
    return 'posted'
  }

  release(holdId: unknown): 'posted' | 'existing' {
    require(isAccountId(holdId), 'INVALID_HOLD_ID')
    const hold = this.holds.get(holdId)
    require(hold !== undefined, 'HOLD_NOT_FOUND')
    if (hold.status === 'released') return 'existing'
    require(hold.status === 'active', 'HOLD_NOT_ACTIVE')
    const { held } = this.#account(hold.from)
    this.#change(hold.from, { held: held - hold.amount + hold.captured })
    this.holds.set(holdId, { ...hold, status: 'released' })
    return 'posted'
  }

  freeze(accountId: unknown): void {
    const account = this.#account(accountId)
    require(account.status !== 'closed', 'ACCOUNT_NOT_OPEN')
    this.#change(accountId, { status: 'frozen' })
  }

  unfreeze(accountId: unknown): void {
    const account = this.#account(accountId)
    require(account.status !== 'closed', 'ACCOUNT_NOT_OPEN')
    this.#change(accountId, { status: 'open' })
  }

  /** `payOutId` is the id of the transfer that pays the balance out, if one is needed. */
  close(
    accountId: unknown,
    { payOutTo, payOutId }: { payOutTo?: unknown; payOutId?: string | undefined },
  ): void {
    const account = this.#account(accountId)
    if (account.status === 'closed') return
    require(account.status === 'open', 'ACCOUNT_NOT_OPEN')
    require(account.held === 0n, 'ACCOUNT_HAS_HOLDS')
    if (payOutTo !== undefined) {
      require(payOutTo !== accountId, 'SAME_ACCOUNT')
      this.#account(payOutTo)
    }
    if (account.balance !== 0n) {
      require(account.balance > 0n && payOutTo !== undefined, 'ACCOUNT_NOT_EMPTY')
      const amount = textOf(account.balance, account.currency)
      this.#post(payOutId ?? 'pay-out', { from: accountId, to: payOutTo, amount }, {})
    }
    this.#change(accountId, { status: 'closed' })
  }

  setOverdraftLimit(accountId: unknown, limit: unknown): void {
    const account = this.#account(accountId)
    const overdraftLimit = unitsOf(limit, account.currency)
    require(overdraftLimit !== undefined && overdraftLimit >= 0n, 'INVALID_AMOUNT')
    require(account.status !== 'closed', 'ACCOUNT_NOT_OPEN')
    this.#change(accountId, { overdraftLimit })
  }

  #account(accountId: unknown): ReferenceAccount {
    require(isAccountId(accountId), 'INVALID_ACCOUNT_ID')
    const account = this.accounts.get(accountId)
    require(account !== undefined, 'ACCOUNT_NOT_FOUND')
    return account
  }

  #change(accountId: unknown, change: Partial<ReferenceAccount>): void {
    this.accounts.set(String(accountId), { ...this.#account(accountId), ...change })
  }

  #post(
    transferId: string,
    { from, to, amount, ...optional }: ReferenceRequest,
    {
      reverses,
      hold,
      batch,
      leg,
      legs,
    }: { reverses?: string; hold?: string; batch?: string | undefined } & Partial<Place>,
  ): 'posted' | 'existing' {
    // Null counts as absent.
    const named = optional.currency ?? undefined
    const reference = optional.reference ?? undefined
    const metadata = optional.metadata ?? undefined
    const effectiveAt = optional.effectiveAt ?? undefined
    require(isAccountId(from), 'INVALID_ACCOUNT_ID', { side: 'from' })
    require(isAccountId(to), 'INVALID_ACCOUNT_ID', { side: 'to' })
    require(reference === undefined || isLine(reference), 'INVALID_REFERENCE')
    require(metadata === undefined || isMetadata(metadata), 'INVALID_METADATA')
    require(effectiveAt === undefined || isDate(effectiveAt), 'INVALID_EFFECTIVE_AT')
    const sender = this.accounts.get(from)
    const receiver = this.accounts.get(to)
    const currency = isCurrency(named) ? named : (sender ?? receiver)?.currency
    const units = unitsOf(amount, currency)
    require(units !== undefined && units > 0n, 'INVALID_AMOUNT')
    require(from !== to, 'SAME_ACCOUNT')

    const earlier = this.transfers.get(transferId)
    if (earlier) {
      const fields: string[] = []
      if (earlier.from !== from) fields.push('from')
      if (earlier.to !== to) fields.push('to')
      if (unitsOf(amount, earlier.currency) !== earlier.amount) fields.push('amount')
      if (named !== undefined && named !== earlier.currency) fields.push('currency')
      if (earlier.reference !== reference) fields.push('reference')
      if (!isSame(earlier.metadata, metadata)) fields.push('metadata')
      if (
        Number(earlier.effectiveAt) !== Number(effectiveAt) &&
        (earlier.effectiveAt ?? effectiveAt)
      ) {
        fields.push('effectiveAt')
      }
      if (earlier.group !== optional.group) fields.push('group')
      else {
        if (earlier.leg !== leg) fields.push('leg')
        if (earlier.legs !== legs) fields.push('legs')
      }
      if (earlier.hold !== hold) fields.push('hold')
      require(fields.length === 0, 'TRANSFER_CONFLICT', { fields })
      return 'existing'
    }

    const sides = this.#checkedSides({ from, to, currency: named }, hold !== undefined)
    // What was promised is paid, whatever is available now.
    require(hold !== undefined || availableOf(sides.sender) >= units, 'INSUFFICIENT_FUNDS')
    const fromBalance = sides.sender.balance - units
    const toBalance = sides.receiver.balance + units
    const limit = limitOf(sides.currency)
    require(fromBalance > -limit && toBalance < limit, 'BALANCE_OUT_OF_RANGE')

    const fromTransfers = [...sides.sender.transfers, transferId]
    const toTransfers = [...sides.receiver.transfers, transferId]
    this.#change(from, { balance: fromBalance, transfers: fromTransfers })
    this.#change(to, { balance: toBalance, transfers: toTransfers })
    this.transfers.set(transferId, {
      from,
      to,
      amount: units,
      currency: sides.currency,
      fromBalance,
      toBalance,
      fromSequence: fromTransfers.length,
      toSequence: toTransfers.length,
      reverses,
      hold,
      reference,
      metadata,
      effectiveAt,
      group: optional.group,
      leg,
      legs,
      batch,
    })
    return 'posted'
  }

  /** Both accounts, if they can send and receive. The payer of a hold can, even if it is frozen. */
  #checkedSides(
    { from, to, currency }: { from: string; to: string; currency: unknown },
    isPromised = false,
  ): { sender: ReferenceAccount; receiver: ReferenceAccount; currency: string } {
    const sender = this.accounts.get(from)
    const receiver = this.accounts.get(to)
    require(sender !== undefined, 'ACCOUNT_NOT_FOUND', { side: 'from' })
    require(receiver !== undefined, 'ACCOUNT_NOT_FOUND', { side: 'to' })
    require(sender.status === 'open' || isPromised, 'ACCOUNT_NOT_OPEN', { side: 'from' })
    require(receiver.status === 'open', 'ACCOUNT_NOT_OPEN', { side: 'to' })
    const expected = currency ?? sender.currency
    require(sender.currency === expected, 'CURRENCY_MISMATCH', { side: 'from' })
    require(receiver.currency === expected, 'CURRENCY_MISMATCH', { side: 'to' })
    return { sender, receiver, currency: sender.currency }
  }
}

/** Throws the refusal of the first leg that is refused itself, with its number. */
function requireWhole(
  outcomes: readonly (string | Refusal)[],
  legOf: (index: number) => number,
): void {
  const refused = outcomes.flatMap((outcome, index) =>
    outcome instanceof Refusal ? [{ outcome, leg: legOf(index) }] : [],
  )
  const cause =
    refused.find(({ outcome }) => outcome.code !== 'LINKED_TRANSFER_REFUSED') ?? refused[0]
  if (cause) {
    throw new Refusal(cause.outcome.code, { ...cause.outcome.details, leg: cause.leg })
  }
}
const availableOf = ({ balance, held, overdraftLimit }: ReferenceAccount): bigint =>
  balance - held + overdraftLimit

/** A number without zeros at the end of its decimals, which differ between currencies. */
const withoutZeros = (text: string): string =>
  text.includes('.') ? text.replace(/\.?0+$/, '') : text
