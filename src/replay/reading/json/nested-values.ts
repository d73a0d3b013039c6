import { type JsonObject, isObject } from './json-object.ts'

/**
 * The value under a dotted name such as `transactionAmount.amount` or `entries.0.amount`; undefined if there is none.
 * A key that contains a dot itself wins over an object within the object.
 */
export function valueAt(value: object, name: string): unknown {
  if (hasPart(value, name)) return (value as JsonObject)[name]
  for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
    const key = name.slice(0, dot)
    const part = hasPart(value, key) ? (value as JsonObject)[key] : undefined
    if (typeof part !== 'object' || part === null) continue
    const found = valueAt(part, name.slice(dot + 1))
    if (found !== undefined) return found
  }
  return undefined
}

/** Whether a value has a key, or an element with this number from 0. */
const hasPart = (value: object, key: string): boolean =>
  Object.hasOwn(value, key) && (!Array.isArray(value) || key !== 'length')

/** The dotted names of the arrays of objects within an object, at most a few levels deep. */
export function objectArraysIn(value: JsonObject, depth = 3): string[] {
  return Object.entries(value).flatMap(([key, part]) => {
    if (Array.isArray(part)) return isObject(part[0]) ? [key] : []
    if (depth === 0 || !isObject(part)) return []
    return objectArraysIn(part, depth - 1).map((name) => `${key}.${name}`)
  })
}

/** The dotted names of the values in objects within an object, at most a few levels deep. */
export function nestedNamesIn(value: JsonObject, depth = 3): string[] {
  return Object.entries(value).flatMap(([key, part]) => {
    if (depth === 0 || !isObject(part)) return []
    const names = Object.keys(part).filter((name) => !isObject(part[name]))
    return [...names, ...nestedNamesIn(part, depth - 1)].map((name) => `${key}.${name}`)
  })
}
