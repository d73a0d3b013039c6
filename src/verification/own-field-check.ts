import type { OwnFields } from '../ledger/own-fields.ts'
import { BSON_TYPES } from '../models/own-paths.ts'
import type { DocumentReader } from '../ledger/documents/document-reader.ts'
import type { RecordCheck } from './record-check.ts'

/** Checks the values of a ledger's own fields. Only their types count: a record may be from a time when the limits were others. */
export function checkOwnFields<Name extends string>(
  reader: DocumentReader<Name>,
  { all }: OwnFields,
  check: RecordCheck,
): void {
  for (const { type, ...field } of all) {
    const name = field.name as Name
    const found = reader.typeOf(name)
    if (found === undefined || found === 'null' || BSON_TYPES[type].includes(found)) continue
    check.addField(name, `which is not of the type ${type}`)
  }
}
