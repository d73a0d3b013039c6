import type { TransferField } from '../ledger/documents/transfer-fields.ts'
import type { OwnFields } from '../ledger/own-fields.ts'
import type { ExportedFields, Metadata, TransferFields } from '../ledger/records.ts'
import { type UndecodedTransfer, decoded, transferReader } from './undecoded-transfer.ts'

/** A transfer with all that is needed to post it again. What it does not have is absent. */
export interface ExportedTransfer extends ExportedFields<TransferFields> {
  /** Whether it is the capture of a hold. */
  readonly action?: 'capture'
  /** The id of the hold that it was captured from. */
  readonly holdId?: string
  /** Whether it ended its hold. */
  readonly final?: true
  readonly transferId: string
  readonly from: string
  readonly to: string
  /** With the currency's decimals. */
  readonly amount: string
  readonly currency: string
  readonly reference?: string
  readonly effectiveAt?: Date
  readonly metadata?: Metadata
  /** The id of the group that it is a leg of. */
  readonly group?: string
  /** Its number among the legs of its group, from 1. */
  readonly leg?: number
  /** How many legs its group has. */
  readonly legs?: number
  /** The id of the transfer that this one reverses. */
  readonly reverses?: string
  readonly postedAt: Date
  /** The name of the batch that it came with. */
  readonly batch?: string
}

/**
 * Makes the exported form of a transfer of its bytes. `isFinal` says whether it ended its hold. What another program has written
 * with another type is exported as it is.
 */
export function exported(
  transfer: UndecodedTransfer,
  isFinal: boolean,
  fields: OwnFields | undefined,
): ExportedTransfer {
  const { _id: transferId, fromAccount: from, toAccount: to, postedAt, hold, bytes } = transfer
  reader.read(bytes)
  // An object that is spread from parts takes several times as long, and JSON has the fields in this order.
  const record: Record<string, unknown> = {}
  if (hold !== undefined) Object.assign(record, { action: 'capture', holdId: hold })
  if (isFinal) record['final'] = true
  record['transferId'] = transferId
  record['from'] = from
  record['to'] = to
  record['amount'] = reader.decimalText('amount') ?? String(reader.value('amount'))
  record['currency'] = reader.text('currency') ?? reader.value('currency')
  for (const [name, read] of OPTIONAL_FIELDS) {
    if (reader.has(name)) record[name] = read(name) ?? reader.value(name)
  }
  record['postedAt'] = postedAt
  if (reader.has('batch')) record['batch'] = reader.text('batch') ?? reader.value('batch')
  if (fields) Object.assign(record, fields.exported(decoded(transfer)))
  return record as unknown as ExportedTransfer
}

const reader = transferReader()

const text = (name: TransferField) => reader.text(name)

const whole = (name: TransferField) => reader.whole(name)

function date(name: TransferField): Date | undefined {
  const time = reader.time(name)
  return time === undefined ? undefined : new Date(time)
}

/** What a transfer may lack, and how it is read. */
const OPTIONAL_FIELDS = [
  ['reference', text],
  ['effectiveAt', date],
  ['metadata', (name: TransferField) => reader.object(name)],
  ['group', text],
  ['leg', whole],
  ['legs', whole],
  ['reverses', text],
] as const
