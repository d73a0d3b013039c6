import type { Connection, Schema } from 'mongoose'

/**
 * The model of a name on a connection, compiled the first time. A connection of another instance of Mongoose
 * makes a copy of the schema, and would take the second time for another model of the same name.
 */
export const modelOn = (connection: Connection, name: string, schema: object): unknown =>
  connection.models[name] ?? connection.model(name, schema as Schema)
