import type { Connection, Schema } from 'mongoose'
import { COLLECTION_OF, type Ledger, type ModelKey } from '../definition.ts'
import { InputError } from '../errors.ts'
import { quote } from '../messages.ts'

/** A model of whichever records. */
export type AnyModel = Connection['models'][string]

/** The option of a schema that says which model of Daybook it is of. A copy of the schema has it, too. */
const MARK = 'daybookModel'

export function markOwn(schema: Schema, key: ModelKey): void {
  Reflect.set(schema.options, MARK, key)
}

/** Whether a model is Daybook's for these records, even if another copy of Daybook compiled it. */
export const isOwn = (
  { schema, collection }: AnyModel,
  key: ModelKey,
  { collections }: Ledger,
): boolean =>
  Reflect.get(schema.options, MARK) === key && collection.name === collections[COLLECTION_OF[key]]

/**
 * Checks that a model of the program has neither the name nor the collection of one of Daybook's.
 * @throws InputError that names both sides and what to do
 */
export function requireFreeNames(model: AnyModel, ledger: Ledger): void {
  const { modelName, collection, baseModelName, schema } = model
  const key = keyOf(ledger.models, modelName)
  if (key !== undefined && isOwn(model, key, ledger)) return
  const isDaybooks =
    Reflect.get(schema.options, MARK) !== undefined || keyOf(ledger.models, baseModelName)
  const taken = isDaybooks ? undefined : keyOf(ledger.collections, collection.name)
  if (key === undefined && taken === undefined) return
  const others = {
    ...(key && { models: { [key]: `Daybook${ledger.models[key]}` } }),
    ...(taken && { collections: { [taken]: `daybook_${ledger.collections[taken]}` } }),
  }
  const both = [
    ...(key ? [`has the name of Daybook’s model of ${COLLECTION_OF[key]}`] : []),
    ...(taken ? [`has the collection of Daybook’s ${taken}`] : []),
  ].join(' and ')
  throw new InputError(
    `the model ${quote(modelName)} of the collection ${quote(collection.name)} is not Daybook’s, but ${both}. Rename one of them: to rename Daybook’s, call defineLedger(connection, ${JSON.stringify(others)}) before anything else of Daybook uses the connection`,
  )
}

const keyOf = <Names extends object>(
  names: Names,
  name: unknown,
): (keyof Names & string) | undefined =>
  (Object.keys(names) as (keyof Names & string)[]).find((key) => names[key] === name)
