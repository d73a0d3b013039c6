import { type Connection, type HydratedDocument, Schema } from 'mongoose'
import { CALL_KEYS, WAIT_KEYS, requireNoMore, waitOptionsOf } from '../arguments.ts'
import { HoldProtectedError } from '../errors.ts'
import { postOne } from '../ledger/group-commit.ts'
import {
  CAPTURE_KEYS,
  type CaptureRequest,
  type IdentifiedRelease,
  identifiedCapture,
} from '../ledger/holds/hold-request.ts'
import { expireHolds } from '../ledger/holds/sweep.ts'
import type { HoldRecord } from '../ledger/records.ts'
import { heldOrThrow, postedOrThrow } from '../ledger/transfer-result.ts'
import { Decimal } from '../money/money.ts'
import { waitUntilOpen } from '../mongodb/connection.ts'
import { explainFailure, reportAbout } from '../mongodb/outcome.ts'
import type { CallOptions, WaitOptions } from '../mongodb/patience.ts'
import { declareModel, onDefaultConnection } from './model-registry.ts'
import {
  type MoneyModel,
  type PlainForms,
  type WithDecimals,
  moneyAsText,
  moneyPath,
} from './money-path.ts'
import { requireSelected } from './selected-paths.ts'
import { type TransferDocument, transferModel } from './transfer.ts'
import { refuseEveryWrite } from './write-guard.ts'

interface HoldStatics {
  /**
   * Moves money that a hold has reserved: all that is left, or the `amount`. With `final` the rest is released. Returns the
   * transfer. A repeated call returns the same transfer, whose id is the hold's with `:capture` unless `transferId` says
   * another. A payer that was frozen since pays nevertheless.
   * @throws HoldNotFoundError, HoldNotActiveError, HoldExceededError, or another TransferRefusedError. Nothing has changed
   * @throws OutcomeError if time is up. Its `outcome` says whether the transfer may be posted
   * @example
   * await Hold.capture('ROOM-7', { amount: '90', transferId: 'ROOM-7-NIGHT-1' })
   * const last = await Hold.capture('ROOM-7', { amount: '95.50', final: true })
   * console.log(last.hold) // ROOM-7
   */
  capture(
    this: HoldModel,
    holdId: string,
    options?: CaptureRequest & CallOptions,
  ): Promise<TransferDocument>

  /**
   * Gives back what is left of a hold. A repeated call returns the same hold.
   * @throws HoldNotFoundError; HoldNotActiveError if it is captured or has expired
   * @example
   * const { status } = await Hold.release('ROOM-7')
   * console.log(status) // released
   */
  release(this: HoldModel, holdId: string, options?: CallOptions): Promise<HoldDocument>

  /**
   * Marks the holds that have expired by the server's clock, and returns how many. Nothing depends on it but what documents
   * show: an expired hold blocks no money and cannot be captured, whether or not it is marked.
   */
  expire(this: HoldModel, options?: WaitOptions): Promise<number>
}

interface HoldMethods {
  /** What can still be captured: zero if it has ended. It may have expired since it was read. */
  remaining(): Decimal
}

type Hydrated = PlainForms<HoldRecord> &
  HydratedDocument<Readonly<WithDecimals<HoldRecord>>, HoldMethods>

// An interface, because a type would lose its name in `orFail()`, and editors would show what it consists of.
/** A hold as it is read. Only Daybook's own methods change it. */
export interface HoldDocument extends Hydrated {}

export interface HoldModel extends MoneyModel<HoldRecord, HoldDocument, HoldMethods>, HoldStatics {}

const holdSchema = new Schema<
  HoldRecord,
  HoldModel,
  HoldMethods,
  object,
  object,
  HoldStatics,
  object,
  HoldRecord,
  HoldDocument
>(
  {
    _id: { type: String, required: true },
    fromAccount: { type: String, ref: 'Account', required: true },
    toAccount: { type: String, ref: 'Account', required: true },
    amount: moneyPath({ above: new Decimal(0) }),
    currency: { type: String, required: true },
    captured: moneyPath({ atLeast: new Decimal(0) }),
    status: {
      type: String,
      enum: ['active', 'captured', 'released', 'expired'],
      required: true,
    },
    expiresAt: Date,
    createdAt: { type: Date, required: true },
    endedAt: Date,
    finalCapture: { type: String, ref: 'Transfer' },
    reference: String,
    metadata: Schema.Types.Mixed,
    batch: { type: String, ref: 'Batch' },
  },
  {
    collection: 'holds',
    versionKey: false,
    strict: 'throw',
    toJSON: moneyAsText('amount', 'captured'),
    methods: {
      remaining() {
        requireSelected(this, 'hold', ['status', 'amount', 'captured'])
        return this.status === 'active' ? this.amount.minus(this.captured) : new Decimal(0)
      },
    },
    statics: {
      async capture(holdId, options, ...others: unknown[]) {
        requireNoMore(others, 'Hold.capture()')
        const keys = { ...CALL_KEYS, ...CAPTURE_KEYS }
        const caller = 'Hold.capture()'
        const { patience, signal, session, ...request } = waitOptionsOf(options, caller, keys)
        const capture = identifiedCapture(holdId, request)
        const posted = postOne(capture, this.db, { caller, options: { patience, signal, session } })
        const subject = { what: 'transfer', id: capture.transferId } as const
        return transferModel(this.db).hydrate(
          await reportAbout(subject, posted.then(postedOrThrow)),
        )
      },
      async release(holdId, options, ...others: unknown[]) {
        requireNoMore(others, 'Hold.release()')
        const release: IdentifiedRelease = { kind: 'release', holdId }
        const released = postOne(release, this.db, { caller: 'Hold.release()', options })
        const subject = { what: 'hold', id: holdId } as const
        return this.hydrate(await reportAbout(subject, released.then(heldOrThrow)))
      },
      async expire(options) {
        const waiting = waitOptionsOf(options, 'Hold.expire()', WAIT_KEYS)
        await waitUntilOpen(this.db)
        return await expireHolds(this.db, waiting).catch(explainFailure(this.db))
      },
    },
  },
)

// An account's holds, active ones by their expiry: what a payer's expired holds are found by.
holdSchema.index({ fromAccount: 1, status: 1, expiresAt: 1 })
// Those that a sweep has to look at.
holdSchema.index({ expiresAt: 1 }, { partialFilterExpression: { status: 'active' } })
refuseEveryWrite(holdSchema, (operation) => new HoldProtectedError({ operation }))

/** The `Hold` model on a connection. */
export const holdModel = declareModel('hold', holdSchema) as (connection: Connection) => HoldModel

/** The `Hold` model on Mongoose's default connection. */
export const Hold = onDefaultConnection(holdModel)
