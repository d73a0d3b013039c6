import mongoose, { type Connection, type Schema } from 'mongoose'
import {
  COLLECTION_OF,
  DEFAULT_LEDGER,
  type Ledger,
  type ModelKey,
  ledgerOf,
} from '../definition.ts'
import { ownFieldsIn } from '../ledger/own-fields.ts'
import { refuseIfOnlyAnotherIsOpen } from '../mongodb/connection.ts'
import { mongooseOf, requireUsableCopy } from '../mongodb/mongoose-copies.ts'
import { addOwnPaths } from './own-paths.ts'
import { forPlugins } from './plugins.ts'
import { schemaOf } from './schema-copy.ts'
import {
  type AnyModel,
  isOwn,
  explainTakenNames,
  markOwn,
  requireFreeNames,
} from './taken-names.ts'

/** Each model's schema, with the default names. */
const schemas = new Map<ModelKey, Schema>()

/**
 * Declares a model by its schema. Returns the function that finds it on a connection, under the name that the
 * connection's ledger gives it. The first search compiles all of Daybook's models, so that references between them
 * can be populated. It throws an InputError if the program's own models have one of their names or collections,
 * or if one of its plugins cannot work with them.
 */
export function declareModel(
  key: ModelKey,
  recordSchema: object,
): (connection: Connection) => unknown {
  // Mongoose's schema type of one record is not assignable to that of another.
  const schema = recordSchema as Schema
  markOwn(schema, key)
  refuseForgottenConnection(schema)
  schemas.set(key, schema)
  return (connection) => modelOf(connection, key)
}

/** Makes queries fail at once where Daybook’s own methods do: on the default connection, if the program uses another. */
function refuseForgottenConnection(schema: Schema): void {
  schema.pre(
    ['countDocuments', 'distinct', 'estimatedDocumentCount', 'find', 'findOne', 'findOneAndUpdate'],
    function () {
      refuseIfOnlyAnotherIsOpen(this.model.db)
    },
  )
  schema.pre('aggregate', function () {
    refuseIfOnlyAnotherIsOpen(this.model().db)
  })
}

function modelOf(connection: Connection, key: ModelKey): AnyModel {
  const ledger = ledgerOf(connection)
  const name = ledger.models[key]
  const found = connection.models[name]
  if (found && isOwn(found, key, ledger)) return found
  compileAll(connection, ledger)
  return connection.models[name] as AnyModel
}

/**
 * A model on Mongoose's default connection. It is found at each use and compiled at the first one. So an import of
 * Daybook takes no names: a program can define its own models and its ledger before or after it.
 */
export function onDefaultConnection<Found extends object>(
  find: (connection: Connection) => Found,
): Found {
  let found: Found & Partial<AnyModel>
  const current = (): Found => {
    // As long as it is registered, it is the one.
    const { models } = mongoose.connection
    if (found?.modelName === undefined || models[found.modelName] !== found) {
      found = find(mongoose.connection)
    }
    return found
  }
  const proxy: Found = new Proxy<Found>(standIn as never, {
    apply: (_, _this, parameters) => Reflect.construct(current() as never, parameters),
    // With the proxy as the target, V8 makes a new shape for each document, which takes twice as long.
    construct(_, parameters, target) {
      const model = current() as never
      return Reflect.construct(model, parameters, target === proxy ? model : target) as object
    },
    defineProperty: (_, key, property) => Reflect.defineProperty(current(), key, property),
    deleteProperty: (_, key) => Reflect.deleteProperty(current(), key),
    get: (_, key) => Reflect.get(current(), key) as unknown,
    getOwnPropertyDescriptor: (_, key) => Reflect.getOwnPropertyDescriptor(current(), key),
    getPrototypeOf: () => Reflect.getPrototypeOf(current()),
    has: (_, key) => Reflect.has(current(), key),
    ownKeys: () => Reflect.ownKeys(current()),
    set: (_, key, value) => Reflect.set(current(), key, value),
  })
  return proxy
}

/** Compiles those models of Daybook that a connection does not have. @throws InputError if a name is taken */
function compileAll(connection: Connection, ledger: Ledger): void {
  requireUsableCopy(connection)
  for (const model of Object.values(connection.models)) requireFreeNames(model, ledger)
  compileMissing(connection, ledger)
  if (guarded.has(connection)) return
  guarded.add(connection)
  // Mongoose emits this before it registers a model, and passes on what a listener throws.
  connection.on('model', (model: AnyModel) => requireFreeNames(model, ledger))
  explainTakenNames(connection, ledger)
}

/** @throws InputError if a plugin of the program cannot work with one of the models. Then none of them is compiled */
function compileMissing(connection: Connection, ledger: Ledger): void {
  const compiled: string[] = []
  const copy = mongooseOf(connection)
  try {
    for (const [key, schema] of schemas) {
      const name = ledger.models[key]
      if (connection.models[name]) continue
      const named = schemaFor(ledger, key, schema)
      connection.model(name, forPlugins(copy === mongoose ? named : schemaOf(copy, named), name))
      compiled.push(name)
    }
  } catch (error) {
    for (const name of compiled) connection.deleteModel(name)
    throw error
  }
}

/** The connections on which a model that the program compiles later is checked. */
const guarded = new WeakSet<Connection>()

/** What the proxies stand on: a function, as a model is, so that both have the same fixed properties. */
function standIn() {}

/** The schema of a model with the names of a ledger. With the default names and no own fields it is the declared one itself. */
function schemaFor(ledger: Ledger, key: ModelKey, schema: Schema): Schema {
  const collection = ledger.collections[COLLECTION_OF[key]]
  const references = Object.entries(schema.obj as Record<string, PathOptions>).flatMap(
    ([path, options]) => {
      const renamed = withNames(options, ledger)
      return renamed === options ? [] : [[path, renamed] as const]
    },
  )
  const fields = key === 'account' || key === 'transfer' ? ownFieldsIn(ledger)[key] : undefined
  if (references.length === 0 && schema.get('collection') === collection && !fields) return schema
  const own = schema.clone().set('collection', collection)
  own.add(Object.fromEntries(references) as never)
  if (fields) addOwnPaths(own, fields)
  return own
}

const MODEL_KEYS = Object.keys(DEFAULT_LEDGER.models) as ModelKey[]

interface PathOptions {
  readonly ref?: string
  readonly type?: unknown
}

/** The options of a path, with its reference to another of the models under that model's name in the ledger. */
function withNames(options: PathOptions, ledger: Ledger): PathOptions {
  const { ref, type } = options
  if (Array.isArray(type)) {
    const item = withNames(type[0] as PathOptions, ledger)
    return item === type[0] ? options : { ...options, type: [item] }
  }
  const key = MODEL_KEYS.find((each) => DEFAULT_LEDGER.models[each] === ref)
  return key === undefined || ledger.models[key] === ref
    ? options
    : { ...options, ref: ledger.models[key] }
}
