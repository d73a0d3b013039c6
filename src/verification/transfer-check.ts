import { EFFECTIVE_AT_RULE, isEffectiveTime } from '../ledger/effective-at.ts'
import { IDENTIFIER_RULE } from '../ledger/identifier.ts'
import type { OwnFields } from '../ledger/own-fields.ts'
import { REVERSAL_SUFFIX, reversalId } from '../ledger/transfer-id.ts'
import { scaleOf } from '../money/currency.ts'
import { LIMIT } from '../money/money.ts'
import type { DocumentReader } from '../ledger/documents/document-reader.ts'
import type { TransferField } from '../ledger/documents/transfer-fields.ts'
import { checkOwnFields } from './own-field-check.ts'
import { RecordCheck } from './record-check.ts'
import { isStoredId } from './stored-text.ts'
import { LIMITS, WHOLE_NUMBER_RULE, moneyRule } from './units.ts'
import type { ViolationLog } from './violations.ts'

export type TransferFields = DocumentReader<TransferField>

/** Logs what is wrong with a transfer, whatever the other records are. */
export function checkTransfer(
  reader: TransferFields,
  { ownFields, log }: { ownFields: OwnFields | undefined; log: ViolationLog },
): void {
  const check = new RecordCheck(reader, { what: 'transfer', collection: 'transfers', log })
  const id = reader.text('_id')
  if (!isStoredId(id)) check.add('id', 'has an _id that is not the id of a transfer')
  check.strangers()
  const currency = check.currency()
  if (currency !== undefined) checkMoney(reader, { currency, check })
  check.accounts()
  for (const field of ['fromSequence', 'toSequence']) check.whole(field, 1)
  check.differentAccounts()
  check.date('postedAt')
  if (reader.has('effectiveAt') && !isEffectiveTime(reader.time('effectiveAt') ?? NaN)) {
    check.addField('effectiveAt', `which is not ${EFFECTIVE_AT_RULE}`)
  }
  if (reader.has('group') && !isStoredId(reader.text('group'))) {
    check.addField('group', `which is not ${IDENTIFIER_RULE}`)
  }
  checkLeg(reader, check)
  if (reader.has('hold') && !isStoredId(reader.text('hold'))) {
    check.addField('hold', `which is not ${IDENTIFIER_RULE}`)
  }
  check.reference()
  check.metadata()
  check.batch()
  checkReversal(reader, { id, check })
  if (ownFields) checkOwnFields(reader, ownFields, check)
}

function checkMoney(
  reader: TransferFields,
  { currency, check }: { currency: string; check: RecordCheck },
): void {
  const scale = scaleOf(currency)
  const limit = LIMITS[scale] as bigint
  for (const field of ['amount', 'fromBalance', 'toBalance'] as const) {
    const units = reader.money(field, scale)
    if (units === undefined) {
      check.addField(field, moneyRule(currency), 'money')
    } else if (units >= limit || units <= -limit) {
      check.addField(field, `which is not below ${LIMIT}`, 'money')
    } else if (field === 'amount' && units <= 0n) {
      check.addField(field, 'which is not above zero', 'money')
    }
  }
}

function checkLeg(reader: TransferFields, check: RecordCheck): void {
  const isOfGroup = reader.has('group')
  for (const field of ['leg', 'legs'] as const) {
    const number = reader.whole(field) ?? 0
    if (isOfGroup === reader.has(field) && (!isOfGroup || number >= 1)) continue
    check.addField(field, isOfGroup ? `${WHOLE_NUMBER_RULE} 1 or more` : 'but no group')
  }
}

function checkReversal(
  reader: TransferFields,
  { id, check }: { id: string | undefined; check: RecordCheck },
): void {
  const reverses = reader.text('reverses')
  if (!reader.has('reverses')) {
    if (id?.endsWith(REVERSAL_SUFFIX)) {
      check.add('reversal', 'has the id of a reversal, but does not reverse a transfer')
    }
  } else if (reverses === undefined || !isIdOfReversal(id, reverses)) {
    const found = reader.show('reverses')
    check.add('reversal', `reverses ${found}, but does not have the id of its reversal`)
  }
}

/** Whether an id is that of a reversal, by the rule of this version or of one that accepted more ids. */
const isIdOfReversal = (id: string | undefined, reverses: string): boolean =>
  id === `${reverses}${REVERSAL_SUFFIX}` || id === reversalId(reverses)
