import { quote } from '../messages.ts'
import { isPrintableText } from './printable-text.ts'

export const isPlainObject = (value: unknown): value is object => {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** Operators, paths, names that every prototype has, and names that change how BSON reads a value. */
const UNSAFE_KEY = /^\$|\.|^(?:__proto__|constructor|prototype|_bsontype|toBSON|toJSON)$/
const LONE_SURROGATE = /\p{Cs}/u

/** What is wrong with metadata, as a phrase. Undefined if they can be stored. */
export function metadataProblem(metadata: unknown): string | undefined {
  if (!isPlainObject(metadata)) {
    return `${quote(metadata)} is not an object of keys and values`
  }
  const entries = Object.entries(metadata)
  if (entries.length > 32) return `has ${entries.length} keys, but at most 32 are allowed`
  for (const [key, value] of entries) {
    if (!isPrintableText(key, 64) || UNSAFE_KEY.test(key)) {
      return `key ${quote(key)} is not allowed: a key has 1–64 printable characters, no leading $ and no dot, and is not a reserved name such as __proto__`
    }
    const valid =
      typeof value === 'boolean' ||
      (typeof value === 'number' && Number.isFinite(value)) ||
      (typeof value === 'string' && value.length <= 512 && !LONE_SURROGATE.test(value))
    if (!valid) {
      return `value ${quote(value)} of key ${quote(key)} is not a boolean, a finite number or a text of at most 512 characters`
    }
  }
  return undefined
}
