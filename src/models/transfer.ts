import { type Connection, type HydratedDocument, Schema } from 'mongoose'
import { CALL_KEYS, requireNoMore, waitOptionsOf } from '../arguments.ts'
import { TransferImmutableError } from '../errors.ts'
import { copyOfDate } from '../ledger/effective-at.ts'
import { reverseGroup } from '../ledger/group-reversal.ts'
import type { TransferRecord } from '../ledger/records.ts'
import { reverse } from '../ledger/reversal.ts'
import { Decimal } from '../money/money.ts'
import { sessionOf } from '../mongodb/connection.ts'
import { explainFailure, reportAbout } from '../mongodb/outcome.ts'
import type { CallOptions } from '../mongodb/patience.ts'
import { type Transaction, inTransaction, joinTransaction } from '../mongodb/transaction.ts'
import { declareModel, onDefaultConnection } from './model-registry.ts'
import {
  type MoneyModel,
  type PlainForms,
  type WithDecimals,
  moneyAsText,
  moneyPath,
} from './money-path.ts'
import { refuseEveryWrite } from './write-guard.ts'

interface TransferStatics {
  /**
   * Reverses a transfer with a new one in the other direction. The id of the reversal follows from that of
   * the original, so a transfer is reversed at most once. A repeated call with the same reference and
   * `effectiveAt` returns the same reversal.
   * @throws TransferNotFoundError, TransferIsReversalError, or the refusal of the new transfer, such as
   * `INSUFFICIENT_FUNDS` if the receiver no longer has the money
   * @example
   * const reversal = await Transfer.reverse('RENT-1', { reference: 'paid twice' })
   * console.log(reversal.reverses) // RENT-1
   */
  reverse(
    this: TransferModel,
    transferId: string,
    options?: ReversalOptions,
  ): Promise<TransferDocument>

  /**
   * Reverses all legs of a group with a group of reversals, the last leg first: all or none. It returns the reversals in
   * that order. A group is reversed at most once, and a repeated call with the same reference and `effectiveAt` returns
   * the same reversals. If one leg was reversed by itself, the group is not.
   * @throws GroupNotFoundError, TransferIsReversalError if the group is one of reversals, or the refusal of the leg that
   * cannot be reversed, with its number in `leg`
   */
  reverseGroup(
    this: TransferModel,
    groupId: string,
    options?: ReversalOptions,
  ): Promise<TransferDocument[]>
}

/** What a reversal has of its own. */
export interface ReversalOptions extends CallOptions {
  readonly reference?: string | undefined
  readonly effectiveAt?: Date | undefined
}

type Hydrated = PlainForms<TransferRecord> &
  HydratedDocument<Readonly<WithDecimals<TransferRecord>>>

/** A transfer as it is read. It never changes. */
export interface TransferDocument extends Hydrated {}

export interface TransferModel
  extends MoneyModel<TransferRecord, TransferDocument>, TransferStatics {}

const transferSchema = new Schema<
  TransferRecord,
  TransferModel,
  object,
  object,
  object,
  TransferStatics,
  object,
  TransferRecord,
  TransferDocument
>(
  {
    _id: { type: String, required: true },
    fromAccount: { type: String, ref: 'Account', required: true },
    toAccount: { type: String, ref: 'Account', required: true },
    amount: moneyPath({ above: new Decimal(0) }),
    currency: { type: String, required: true },
    fromBalance: moneyPath(),
    toBalance: moneyPath(),
    fromSequence: { type: Number, required: true },
    toSequence: { type: Number, required: true },
    postedAt: { type: Date, required: true },
    effectiveAt: Date,
    group: { type: String, ref: 'TransferGroup' },
    leg: Number,
    legs: Number,
    reverses: { type: String, ref: 'Transfer' },
    hold: { type: String, ref: 'Hold' },
    reference: String,
    metadata: Schema.Types.Mixed,
    batch: { type: String, ref: 'Batch' },
  },
  {
    collection: 'transfers',
    versionKey: false,
    strict: 'throw',
    toJSON: moneyAsText('amount', 'fromBalance', 'toBalance'),
    statics: {
      async reverse(transferId, options, ...others: unknown[]) {
        requireNoMore(others, 'Transfer.reverse()')
        const call = waitOptionsOf(options, 'Transfer.reverse()', REVERSAL_KEYS)
        const request = { transferId, ...partsOf(call) }
        const reversal = post(this.db, call, (transaction) => reverse(request, transaction))
        const subject = { what: 'reversal of transfer', id: transferId } as const
        return this.hydrate(await reportAbout(subject, reversal))
      },
      async reverseGroup(groupId, options, ...others: unknown[]) {
        requireNoMore(others, 'Transfer.reverseGroup()')
        const call = waitOptionsOf(options, 'Transfer.reverseGroup()', REVERSAL_KEYS)
        const request = { groupId, ...partsOf(call) }
        const reversals = post(this.db, call, (transaction) => reverseGroup(request, transaction))
        const subject = { what: 'reversal of group', id: groupId } as const
        return (await reportAbout(subject, reversals)).map((reversal) => this.hydrate(reversal))
      },
    },
  },
)

const REVERSAL_KEYS = { ...CALL_KEYS, reference: true, effectiveAt: true } as const

const partsOf = ({ reference, effectiveAt }: ReversalOptions) => ({
  reference: reference ?? undefined,
  effectiveAt: copyOfDate(effectiveAt),
})

/** Posts in the caller's transaction, if there is one. */
function post<Result>(
  connection: Connection,
  { session: callerSession, patience, signal }: ReversalOptions,
  work: (transaction: Transaction) => Promise<Result>,
): Promise<Result> {
  const session = sessionOf(connection, callerSession)
  return session
    ? joinTransaction(connection, session, work)
    : inTransaction(connection, work, { patience, signal }).catch(explainFailure(connection))
}

transferSchema.index({ fromAccount: 1, fromSequence: 1 })
transferSchema.index({ toAccount: 1, toSequence: 1 })
// A transfer without an effective date is in neither of these, so that they cost it nothing.
const dated = { partialFilterExpression: { effectiveAt: { $exists: true } } }
transferSchema.index({ fromAccount: 1, effectiveAt: 1, fromSequence: 1 }, dated)
transferSchema.index({ toAccount: 1, effectiveAt: 1, toSequence: 1 }, dated)
// Only legs are in this one.
const ofGroups = { partialFilterExpression: { group: { $exists: true } } }
transferSchema.index({ group: 1, leg: 1 }, ofGroups)
refuseEveryWrite(transferSchema, (operation) => new TransferImmutableError({ operation }))

/** The `Transfer` model on a connection. */
export const transferModel = declareModel('transfer', transferSchema) as (
  connection: Connection,
) => TransferModel

/** The `Transfer` model on Mongoose's default connection. */
export const Transfer = onDefaultConnection(transferModel)
