import type { Connection, Schema } from 'mongoose'
import { COLLECTION_OF, type Ledger, type LedgerDefinition, type ModelKey } from '../definition.ts'
import { InputError } from '../errors.ts'
import { quote } from '../messages.ts'

/** A model of whichever records. */
export type AnyModel = Connection['models'][string]

/** The option of a schema that says which model of Daybook it is of. A copy of the schema has it, too. */
const MARK = 'daybookModel'

/**
 * Whether a schema is one of Daybook's: for a global plugin that is to leave them out.
 * @example
 * mongoose.plugin((schema) => {
 *   if (!isDaybookSchema(schema)) schema.add({ tenant: String })
 * })
 */
export const isDaybookSchema = (schema: { readonly options: object }): boolean =>
  Reflect.has(schema.options, MARK)

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
  const both = [
    ...(key ? [`the name of Daybook’s model of ${COLLECTION_OF[key]}`] : []),
    ...(taken ? [`the collection of Daybook’s ${taken}`] : []),
  ].join(' and ')
  throw new InputError(
    `the model ${quote(modelName)} of the collection ${quote(collection.name)} is not Daybook’s, but has ${both}. ${remedy(
      {
        ...(key && { models: { [key]: `Daybook${ledger.models[key]}` } }),
        ...(taken && { collections: { [taken]: `daybook_${ledger.collections[taken]}` } }),
      },
    )}`,
  )
}

const remedy = (definition: LedgerDefinition): string =>
  `Rename one of them: to rename Daybook’s, call defineLedger(connection, ${JSON.stringify(definition)}) before anything else of Daybook uses the connection`

/**
 * Makes Mongoose say whose the first model is when it refuses a second one with the name of one of Daybook's. It
 * refuses it by itself, but before it emits the event, and in words that leave Daybook out.
 */
export function explainTakenNames(connection: Connection, ledger: Ledger): void {
  const base = Reflect.get(connection, 'base')
  for (const owner of base.connection === connection ? [connection, base] : [connection]) {
    const compile = owner.model as (...parameters: unknown[]) => unknown
    const model = function explained(this: unknown, ...parameters: unknown[]): unknown {
      try {
        return compile.apply(this, parameters)
      } catch (error) {
        const [name] = parameters
        const key = keyOf(ledger.models, name)
        if (!key || !(error instanceof Error) || error.name !== 'OverwriteModelError') throw error
        const names = { models: { [key]: `Daybook${ledger.models[key]}` } }
        throw new InputError(
          `another model ${quote(name)} cannot be compiled, because Daybook’s model of ${COLLECTION_OF[key]} has this name. ${remedy(names)}`,
          { cause: error },
        )
      }
    }
    Object.assign(owner, { model })
  }
}

const keyOf = <Names extends object>(
  names: Names,
  name: unknown,
): (keyof Names & string) | undefined =>
  (Object.keys(names) as (keyof Names & string)[]).find((key) => names[key] === name)
