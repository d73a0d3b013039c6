import { inspect } from 'node:util'
import mongoose from 'mongoose'

/** A value of any kind as short printable text: control and invisible characters escaped, the rest cut. */
export function quote(value: unknown): string {
  const text = textOf(value)
  const cut = text.length > 80 ? `${text.slice(0, 79)}…` : text
  return cut.replace(
    /[\p{C}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** The message of anything thrown, for a sentence that names the reason. */
export function reasonOf(error: unknown): string {
  return error instanceof Error
    ? error.message
    : typeof error === 'string'
      ? error
      : inspect(error, { breakLength: Infinity })
}

/** Whether a value is of a type that MongoDB has and JSON has not: it would tell of a regular expression as `{}`. */
const isStored = (value: unknown): value is object =>
  value instanceof RegExp || (typeof value === 'object' && value !== null && '_bsontype' in value)

function textOf(value: unknown): string {
  if (typeof value === 'number' || value === undefined || value instanceof Date)
    return String(value)
  // Hexadecimal is the one notation in which the digits of a huge one come at once.
  if (typeof value === 'bigint') return String(value >> 512n ? `0x${value.toString(16)}` : value)
  try {
    if (isStored(value)) return mongoose.mongo.BSON.EJSON.stringify(value)
    return JSON.stringify(typeof value === 'string' ? value.slice(0, 80) : value) ?? typeof value
  } catch {
    return Object.prototype.toString.call(value)
  }
}
