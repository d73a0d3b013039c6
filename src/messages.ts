import { inspect } from 'node:util'
import mongoose from 'mongoose'

/** Any value as short printable text: cut to 80 characters, with control and invisible characters escaped. */
export function quote(value: unknown): string {
  const text = textOf(value)
  const cut = text.length > 80 ? `${text.slice(0, 79)}…` : text
  return cut.replace(
    /[\p{C}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** Why something failed, for use in a sentence: the message of an Error, or any other thrown value as text. */
export function reasonOf(error: unknown): string {
  return error instanceof Error
    ? error.message
    : typeof error === 'string'
      ? error
      : inspect(error, { breakLength: Infinity })
}

/** Whether JSON cannot express a value that MongoDB can store. It turns a regular expression into `{}`. */
const isBsonOnly = (value: unknown): value is object =>
  value instanceof RegExp || (typeof value === 'object' && value !== null && '_bsontype' in value)

function textOf(value: unknown): string {
  if (typeof value === 'number' || value === undefined || value instanceof Date)
    return String(value)
  // A huge bigint is printed in hexadecimal, the only notation whose digits are computed quickly.
  if (typeof value === 'bigint') return String(value >> 512n ? `0x${value.toString(16)}` : value)
  try {
    if (isBsonOnly(value)) return mongoose.mongo.BSON.EJSON.stringify(value)
    return JSON.stringify(typeof value === 'string' ? value.slice(0, 80) : value) ?? typeof value
  } catch {
    return Object.prototype.toString.call(value)
  }
}
