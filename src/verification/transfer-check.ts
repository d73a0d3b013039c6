import { EFFECTIVE_AT_RULE, isEffectiveTime } from '../ledger/effective-at.ts'
import { IDENTIFIER_RULE } from '../ledger/identifier.ts'
import { metadataProblem } from '../ledger/metadata.ts'
import type { OwnFields } from '../ledger/own-fields.ts'
import { REVERSAL_SUFFIX, reversalId } from '../ledger/transfer-id.ts'
import { named, quote } from '../messages.ts'
import { isBatchName } from '../models/batch.ts'
import { scaleOf } from '../money/currency.ts'
import { LIMIT } from '../money/money.ts'
import type { DocumentReader } from './document-reader.ts'
import { checkOwnFields } from './own-field-check.ts'
import { isStoredId, isStoredText } from './stored-text.ts'
import { LIMITS, WHOLE_NUMBER_RULE, moneyRule } from './units.ts'
import { type ViolationKind, type ViolationLog } from './violations.ts'

/** The fields that a transfer can have, in the order in which they are stored. */
export const TRANSFER_FIELDS = [
  '_id',
  'fromAccount',
  'toAccount',
  'amount',
  'currency',
  'fromBalance',
  'toBalance',
  'fromSequence',
  'toSequence',
  'postedAt',
  'effectiveAt',
  'group',
  'leg',
  'legs',
  'reverses',
  'hold',
  'reference',
  'metadata',
  'batch',
] as const

export type TransferFields = DocumentReader<(typeof TRANSFER_FIELDS)[number]>

type Add = (kind: ViolationKind, problem: string) => void

/** Logs what is wrong with a transfer, whatever the other records are. `currency` is undefined if it is damaged. */
export function checkTransfer(
  reader: TransferFields,
  {
    currency,
    ownFields,
    log,
  }: { currency: string | undefined; ownFields: OwnFields | undefined; log: ViolationLog },
): void {
  const storedId = reader.text('_id')
  const id = storedId ?? reader.show('_id')
  const add: Add = (kind, problem) => {
    const name = storedId === undefined ? id : named(id)
    log.add({ kind, collection: 'transfers', id, message: `transfer ${name} ${problem}` })
  }
  if (!isStoredId(storedId)) add('id', 'has an _id that is not the id of a transfer')
  for (const name of reader.strangers) {
    add('unknown-field', `has the field ${quote(name)}, which is unknown or repeated`)
  }
  if (currency === undefined) {
    add('currency', `is in ${reader.show('currency')}, which is not a currency`)
  } else checkMoney(reader, { currency, add })
  checkSides(reader, add)
  checkTimes(reader, add)
  checkTexts(reader, add)
  checkReversal(reader, { id: storedId, add })
  if (ownFields) checkOwnFields(reader, ownFields, (problem) => add('field', problem))
}

function checkMoney(
  reader: TransferFields,
  { currency, add }: { currency: string; add: Add },
): void {
  const scale = scaleOf(currency)
  const limit = LIMITS[scale] as bigint
  for (const field of ['amount', 'fromBalance', 'toBalance'] as const) {
    const units = reader.money(field, scale)
    if (units === undefined) {
      add('money', `has the ${field} ${reader.show(field)}, ${moneyRule(currency)}`)
    } else if (units >= limit || units <= -limit) {
      add('money', `has the ${field} ${reader.show(field)}, which is not below ${LIMIT}`)
    } else if (field === 'amount' && units <= 0n) {
      add('money', `has the amount ${reader.show(field)}, which is not above zero`)
    }
  }
}

function checkSides(reader: TransferFields, add: Add): void {
  for (const field of ['fromAccount', 'toAccount'] as const) {
    if (reader.text(field) === undefined) {
      add('field', `has the ${field} ${reader.show(field)}, which is not the id of an account`)
    }
  }
  for (const field of ['fromSequence', 'toSequence'] as const) {
    const sequence = reader.whole(field)
    if (sequence === undefined || sequence < 1) {
      add('field', `has the ${field} ${reader.show(field)}, ${WHOLE_NUMBER_RULE} 1 or more`)
    }
  }
  const sender = reader.text('fromAccount')
  if (sender !== undefined && sender === reader.text('toAccount')) {
    add('self-transfer', `has the account ${named(sender)} as both sender and receiver`)
  }
}

function checkTimes(reader: TransferFields, add: Add): void {
  if (reader.time('postedAt') === undefined) {
    add('field', `has the postedAt ${reader.show('postedAt')}, which is not a date`)
  }
  const effectiveAt = reader.time('effectiveAt') ?? NaN
  if (reader.has('effectiveAt') && !isEffectiveTime(effectiveAt)) {
    const found = reader.show('effectiveAt')
    add('field', `has the effectiveAt ${found}, which is not ${EFFECTIVE_AT_RULE}`)
  }
}

function checkTexts(reader: TransferFields, add: Add): void {
  if (reader.has('group') && !isStoredId(reader.text('group'))) {
    const found = reader.show('group')
    add('field', `has the group ${found}, which is not ${IDENTIFIER_RULE}`)
  }
  checkLeg(reader, add)
  if (reader.has('hold') && !isStoredId(reader.text('hold'))) {
    add('field', `has the hold ${reader.show('hold')}, which is not ${IDENTIFIER_RULE}`)
  }
  if (reader.has('reference') && !isStoredText(reader.text('reference'), 256)) {
    const found = reader.show('reference')
    add('field', `has the reference ${found}, which is not a text of 1–256 printable characters`)
  }
  checkMetadata(reader, (problem) => add('field', problem))
  if (reader.has('batch') && !isBatchName(reader.text('batch') ?? '')) {
    add('field', `has the batch ${reader.show('batch')}, which is not the name of a batch`)
  }
}

function checkLeg(reader: TransferFields, add: Add): void {
  const isOfGroup = reader.has('group')
  for (const field of ['leg', 'legs'] as const) {
    const number = reader.whole(field) ?? 0
    if (isOfGroup === reader.has(field) && (!isOfGroup || number >= 1)) continue
    const expected = isOfGroup ? `${WHOLE_NUMBER_RULE} 1 or more` : 'but no group'
    add('field', `has the ${field} ${reader.show(field)}, ${expected}`)
  }
}

/** Calls `add` with what is wrong with the metadata of an account or a transfer, as a phrase. */
export function checkMetadata<Name extends string>(
  reader: DocumentReader<Name | 'metadata'>,
  add: (problem: string) => void,
): void {
  if (!reader.has('metadata')) return
  const metadata = reader.object('metadata')
  const problem = metadata ? metadataProblem(metadata) : 'is not an object of keys and values'
  if (problem === undefined) return
  const found = reader.show('metadata')
  add(`has the metadata ${found}, whose content is not allowed: it ${problem}`)
}

function checkReversal(
  reader: TransferFields,
  { id, add }: { id: string | undefined; add: Add },
): void {
  const reverses = reader.text('reverses')
  if (!reader.has('reverses')) {
    if (id?.endsWith(REVERSAL_SUFFIX)) {
      add('reversal', 'has the id of a reversal, but does not reverse a transfer')
    }
  } else if (reverses === undefined || !isIdOfReversal(id, reverses)) {
    const found = reader.show('reverses')
    add('reversal', `reverses ${found}, but does not have the id of its reversal`)
  }
}

/** Whether an id is that of a reversal, by the rule of this version or of one that accepted more ids. */
const isIdOfReversal = (id: string | undefined, reverses: string): boolean =>
  id === `${reverses}${REVERSAL_SUFFIX}` || id === reversalId(reverses)
