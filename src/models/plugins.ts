import { isDeepStrictEqual } from 'node:util'
import type { Schema } from 'mongoose'
import { InputError } from '../errors.ts'
import { named, quote } from '../messages.ts'

type Plugin = (schema: Schema, options?: object) => void

/** Where a schema for plugins keeps the one that it was made of. Another copy of Daybook finds it, too. */
const OWN_SCHEMA = Symbol.for('daybook.ownSchema')

/** A model's schema as Daybook declares it, without what plugins have added: the server's validators follow from it. */
export const ownSchemaOf = (schema: Schema): Schema =>
  (Reflect.get(schema, OWN_SCHEMA) as Schema | undefined) ?? schema

/**
 * A copy of a schema, to which Mongoose applies the plugins of the program. After each plugin it checks what that has
 * changed. What would break posting, validators or money is refused, so no model is compiled.
 *
 * Daybook posts with the driver, so nothing that a plugin adds takes part in it. `timestamps` are left out, because
 * records have their own dates, and so are plugins of the schemas within batches and refusals.
 */
export function forPlugins(ownSchema: Schema, modelName: string): Schema {
  const schema = ownSchema.clone()
  Object.defineProperty(schema, OWN_SCHEMA, { value: ownSchema })
  for (const { schema: child } of schema.childSchemas) child.plugin = () => child
  const before = structureOf(schema)
  const set = schema.set.bind(schema) as (...parameters: unknown[]) => unknown
  const apply = schema.plugin.bind(schema) as (...parameters: unknown[]) => unknown
  const checkedSet = (key: string, ...value: unknown[]) =>
    key === 'timestamps' && value.length > 0 ? schema : set(key, ...value)
  const checkedPlugin = (plugin: Plugin, options?: object) => {
    apply(plugin, options)
    const problem = problemWith(schema, before)
    if (problem !== undefined) {
      throw new InputError(
        `the plugin ${named(plugin.name || 'without a name')} ${problem.what} of Daybook’s model ${quote(modelName)}, which is not possible: ${problem.why}. ${REMEDY}`,
      )
    }
    keepMoneyAsText(schema, ownSchema)
    return schema
  }
  return Object.assign(schema, { set: checkedSet, plugin: checkedPlugin }) as Schema
}

const REMEDY =
  'Leave Daybook’s schemas out: mongoose.plugin((schema, options) => isDaybookSchema(schema) || plugin(schema, options)). docs/plugins.md lists what works'

interface Problem {
  /** What the plugin does, up to “of Daybook’s model”. */
  readonly what: string
  readonly why: string
}

/** What a schema has before a plugin changes it. */
interface Structure {
  readonly paths: ReadonlyMap<string, Path>
  readonly indexes: number
  readonly statics: Readonly<Record<string, unknown>>
  readonly methods: Readonly<Record<string, unknown>>
  readonly options: readonly unknown[]
}

/** What is used of a schema type. Mongoose's types leave out most of it. */
interface Path {
  readonly instance: string
  readonly isRequired?: boolean
  readonly defaultValue?: unknown
  readonly selected?: boolean | undefined
  readonly getters: readonly unknown[]
  readonly setters: readonly unknown[]
}

/** The options on which the records' shape and their protection depend. */
const KEPT_OPTIONS = ['collection', 'strict', 'versionKey', 'optimisticConcurrency', '_id'] as const

const structureOf = (schema: Schema): Structure => ({
  paths: new Map(
    Object.entries(schema.paths as unknown as Record<string, Path>).map(([name, path]) => {
      const { instance, isRequired = false, defaultValue, selected, getters, setters } = path
      const functions = { getters: [...getters], setters: [...setters] }
      return [name, { instance, isRequired, defaultValue, selected, ...functions }]
    }),
  ),
  indexes: schema.indexes().length,
  statics: { ...schema.statics },
  methods: { ...schema.methods },
  options: KEPT_OPTIONS.map((option) => schema.get(option)),
})

function problemWith(schema: Schema, before: Structure): Problem | undefined {
  const after = structureOf(schema)
  return (
    problemWithPaths(after, before) ??
    problemWithIndexes(schema, before) ??
    problemWithFunctions(after, before) ??
    problemWithOptions(after, before)
  )
}

function problemWithPaths({ paths }: Structure, before: Structure): Problem | undefined {
  for (const [name, path] of before.paths) {
    if (!isDeepStrictEqual(path, paths.get(name))) {
      return {
        what: `changes the path ${quote(name)}`,
        why: 'Daybook writes and reads it as it is, also without Mongoose. Only validators can be added to it',
      }
    }
  }
  const added = [...paths.keys()].find((name) => !before.paths.has(name))
  if (added === undefined) return undefined
  return {
    what: `adds the path ${quote(added)}`,
    why: 'Daybook posts only the fields of the ledger’s definition, and verify reports others. Declare the path there, under fields',
  }
}

function problemWithIndexes(schema: Schema, before: Structure): Problem | undefined {
  for (const [keys, { unique, expireAfterSeconds }] of schema.indexes().slice(before.indexes)) {
    const name = quote(Object.keys(keys).join(', '))
    if (unique) {
      return {
        what: `adds the unique index on ${name}`,
        why: 'the server would refuse what Daybook posts',
      }
    }
    if (expireAfterSeconds !== undefined) {
      return {
        what: `adds the index on ${name} that deletes documents after a time`,
        why: 'the books need every record',
      }
    }
  }
  return undefined
}

function problemWithFunctions(after: Structure, before: Structure): Problem | undefined {
  for (const kind of ['statics', 'methods'] as const) {
    const changed = Object.keys(before[kind]).find(
      (name) => after[kind][name] !== before[kind][name],
    )
    if (changed === undefined) continue
    return {
      what: `replaces the ${kind === 'statics' ? 'static' : 'method'} ${quote(changed)}`,
      why: 'programs and Daybook itself call it. Give the plugin’s another name',
    }
  }
  return undefined
}

function problemWithOptions(after: Structure, before: Structure): Problem | undefined {
  const index = KEPT_OPTIONS.findIndex((_, at) => after.options[at] !== before.options[at])
  return index === -1
    ? undefined
    : {
        what: `changes the option ${quote(KEPT_OPTIONS[index])}`,
        why: 'the shape of the records and their protection depend on it',
      }
}

type Transform = (document: unknown, json: unknown, options: object) => unknown

/** Makes a `toJSON` of a plugin find money as text. A plugin may rename paths, or leave them out. */
function keepMoneyAsText(schema: Schema, own: Schema): void {
  const ours = transformOf(own)
  const theirs = transformOf(schema)
  if (!ours || (theirs && (theirs === ours || composed.has(theirs)))) return
  const transform: Transform = (document, json, options) => {
    const result = ours(document, json, options) ?? json
    return theirs?.(document, result, options) ?? result
  }
  composed.add(transform)
  schema.set('toJSON', { ...schema.get('toJSON'), transform: transform as never })
}

const composed = new WeakSet<Transform>()

const transformOf = (schema: Schema): Transform | undefined => {
  const transform: unknown = schema.get('toJSON')?.transform
  return typeof transform === 'function' ? (transform as Transform) : undefined
}
