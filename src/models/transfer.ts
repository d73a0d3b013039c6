import mongoose, {
  type ClientSession,
  type Connection,
  type HydratedDocument,
  type Model,
  Schema,
  type mongo,
} from 'mongoose'
import { TransferIsReversalError, TransferNotFoundError } from '../errors.ts'
import { postOne } from '../ledger/group-commit.ts'
import type { TransferRecord } from '../ledger/records.ts'
import { isIdentifier, reversalId } from '../ledger/request.ts'
import { Decimal } from '../money/money.ts'
import { databaseOf, modelOn, sessionOf } from '../mongodb/connection.ts'
import { joinTransaction } from '../mongodb/transaction.ts'
import { type PlainForms, type WithDecimals, moneyAsText, moneyPath } from './money-path.ts'
import { refuseEveryWrite } from './write-guard.ts'

interface TransferStatics {
  /**
   * Reverses a transfer with a new one in the other direction. The id of the reversal follows from that of
   * the original, so a transfer is reversed at most once. A repeated call with the same reference returns the
   * same reversal.
   * @throws TransferNotFoundError, TransferIsReversalError, or the refusal of the new transfer, such as
   * `INSUFFICIENT_FUNDS` if the receiver no longer has the money
   */
  reverse(
    this: TransferModel,
    transferId: string,
    options?: { reference?: string; session?: ClientSession },
  ): Promise<TransferDocument>
}

/** A transfer as it is read. It never changes. */
export type TransferDocument = PlainForms<TransferRecord> &
  HydratedDocument<Readonly<WithDecimals<TransferRecord>>>

export interface TransferModel
  extends Model<TransferRecord, object, object, object, TransferDocument>, TransferStatics {}

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
      async reverse(transferId, { reference, session: callerSession } = {}) {
        const session = sessionOf(this.db, callerSession)
        const find = (options: mongo.FindOptions) =>
          databaseOf(this.db)
            .collection<TransferRecord>('transfers')
            .findOne({ _id: transferId }, options)
        const original = !isIdentifier(transferId)
          ? null
          : session
            ? await joinTransaction(this.db, session, () => find({ session }))
            : await find({ readPreference: 'primary' })
        if (!original) throw new TransferNotFoundError({ transferId })
        const { reverses, fromAccount, toAccount, amount, currency } = original
        if (reverses !== undefined) throw new TransferIsReversalError({ transferId, reverses })
        const request = {
          transferId: reversalId(transferId),
          from: toAccount,
          to: fromAccount,
          amount,
          currency,
          reference: reference ?? undefined,
          reverses: transferId,
        }
        return this.hydrate(await postOne(request, this.db, session))
      },
    },
  },
)

transferSchema.index({ fromAccount: 1, fromSequence: 1 })
transferSchema.index({ toAccount: 1, toSequence: 1 })
refuseEveryWrite(transferSchema)

/** The `Transfer` model on a connection. */
export const transferModel = (connection: Connection): TransferModel =>
  modelOn(connection, 'Transfer', transferSchema) as TransferModel

/** The `Transfer` model on Mongoose's default connection. */
export const Transfer = transferModel(mongoose.connection)
