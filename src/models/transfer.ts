import { type ClientSession, type Connection, type HydratedDocument, Schema } from 'mongoose'
import { CALL_KEYS, waitOptionsOf } from '../arguments.ts'
import { copyOfDate } from '../ledger/effective-at.ts'
import type { TransferRecord } from '../ledger/records.ts'
import { reverse } from '../ledger/reversal.ts'
import { Decimal } from '../money/money.ts'
import { sessionOf } from '../mongodb/connection.ts'
import { explainFailure, reportAbout } from '../mongodb/outcome.ts'
import type { WaitOptions } from '../mongodb/patience.ts'
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
   */
  reverse(
    this: TransferModel,
    transferId: string,
    options?: { reference?: string; effectiveAt?: Date; session?: ClientSession } & WaitOptions,
  ): Promise<TransferDocument>
}

/** A transfer as it is read. It never changes. */
export type TransferDocument = PlainForms<TransferRecord> &
  HydratedDocument<Readonly<WithDecimals<TransferRecord>>>

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
    group: String,
    reverses: { type: String, ref: 'Transfer' },
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
      async reverse(transferId, options) {
        const keys = { ...CALL_KEYS, reference: true, effectiveAt: true } as const
        const call = waitOptionsOf(options, 'Transfer.reverse()', keys)
        const { reference, effectiveAt, session: callerSession, ...waiting } = call
        const session = sessionOf(this.db, callerSession)
        const request = {
          transferId,
          reference: reference ?? undefined,
          effectiveAt: copyOfDate(effectiveAt),
        }
        const work = (transaction: Transaction) => reverse(request, transaction)
        const reversal = session
          ? joinTransaction(this.db, session, work)
          : inTransaction(this.db, work, waiting).catch(explainFailure(this.db))
        const subject = { what: 'reversal of transfer', id: transferId } as const
        return this.hydrate(await reportAbout(subject, reversal))
      },
    },
  },
)

transferSchema.index({ fromAccount: 1, fromSequence: 1 })
transferSchema.index({ toAccount: 1, toSequence: 1 })
// A transfer without an effective date is in neither of these, so that they cost it nothing.
const dated = { partialFilterExpression: { effectiveAt: { $exists: true } } }
transferSchema.index({ fromAccount: 1, effectiveAt: 1, fromSequence: 1 }, dated)
transferSchema.index({ toAccount: 1, effectiveAt: 1, toSequence: 1 }, dated)
refuseEveryWrite(transferSchema)

/** The `Transfer` model on a connection. */
export const transferModel = declareModel('transfer', transferSchema) as (
  connection: Connection,
) => TransferModel

/** The `Transfer` model on Mongoose's default connection. */
export const Transfer = onDefaultConnection(transferModel)
