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
import { refuseEveryWrite } from './write-guard.ts'
import { type PlainForms, type WithDecimals, moneyAsText, moneyPath } from './money-path.ts'

interface TransferStatics {
  /**
   * Takes a transfer back: a new one in the other direction. Its id derives from the original's, so it
   * is made at most once, and asking again, with the same reference, gives the same one.
   * @throws TransferNotFoundError, TransferIsReversalError, or the refusal of the new transfer, such as
   * `INSUFFICIENT_FUNDS` where the receiver no longer has the money
   */
  reverse(
    this: TransferModel,
    transferId: string,
    options?: { reference?: string; session?: ClientSession },
  ): Promise<TransferDocument>
}

/** A transfer as it is read. It stays as it is. */
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
      async reverse(transferId, { reference, session: given } = {}) {
        const session = sessionOf(this.db, given)
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

/** The model of transfers on a connection. */
export const transferModel = (connection: Connection): TransferModel =>
  modelOn(connection, 'Transfer', transferSchema) as TransferModel

/** The model of transfers on mongoose's default connection. */
export const Transfer = transferModel(mongoose.connection)
