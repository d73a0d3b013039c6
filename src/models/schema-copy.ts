import type { Schema } from 'mongoose'
import type { Mongoose } from '../mongodb/mongoose-copies.ts'
import { castTo } from './money-path.ts'

/**
 * A schema for the models of another copy of Mongoose: its paths are of that copy's types, because a path refuses the
 * Decimal128 of another driver. A hydrated document would come without its balance.
 */
export function schemaOf(copy: Mongoose, schema: Schema): Schema {
  const own = new copy.Schema()
  own.add(schema)
  Object.assign(own.options, schema.options)
  for (const [name, path] of Object.entries(schema.paths)) {
    const { instance, options, schema: child } = path as typeof path & { schema?: Schema }
    if (instance === 'Decimal128') own.path(name, { ...options, cast: castTo(copy) } as never)
    if (child) own.path(name, { ...options, type: schemaOf(copy, child) } as never)
  }
  return own
}
