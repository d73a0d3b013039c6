import { parse } from 'lossless-json'

/** A JSON object. Its numbers are the text from the file, so that none is rounded. */
export type JsonObject = Readonly<Record<string, unknown>>

const NUMBER_KEYS = new Set(['$numberDecimal', '$numberInt', '$numberLong', '$numberDouble'])

/** How deep values may be nested: as deep as MongoDB allows. */
const MAX_DEPTH = 100

const TOO_DEEP = `its values are nested more than ${MAX_DEPTH} levels deep`

/** Reads an object. A number of MongoDB's extended JSON (`{"$numberDecimal": "100"}`) becomes the text in it. */
export function readObject(text: string): { object: JsonObject } | { problem: string } {
  let value: unknown
  try {
    value = parse(text, null, (number) => number)
  } catch (error) {
    return { problem: error instanceof RangeError ? TOO_DEEP : notJson(error as Error) }
  }
  if (!isObject(value)) return { problem: 'this is JSON but not an object' }
  const object = value as Record<string, unknown>
  for (const key of Object.keys(object)) {
    const part = object[key]
    if (typeof part !== 'object' || part === null) continue
    if (isDeeper(part, MAX_DEPTH)) return { problem: TOO_DEEP }
    object[key] = unwrapped(part, NUMBER_KEYS) ?? part
  }
  return { object }
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const MAX_MESSAGE_LENGTH = 160

/** The parser's message, made short and printable: it may quote the file at length. */
function notJson({ message }: Error): string {
  const at = /^(.*) at position (\d+)$/s.exec(message)
  const problem = at ? `column ${Number(at[2]) + 1}: ${at[1]}` : message
  const cut =
    problem.length > MAX_MESSAGE_LENGTH ? `${problem.slice(0, MAX_MESSAGE_LENGTH)}…` : problem
  return `this is not JSON: ${cut.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '\uFFFD')}`
}

function isDeeper(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return depth === 0 || Object.values(value).some((part) => isDeeper(part, depth - 1))
}

/** The text in an object whose only key is one of `keys`, which is how extended JSON writes a value. */
function unwrapped(value: object, keys: ReadonlySet<string>): string | undefined {
  const [key, ...others] = Object.keys(value)
  if (key === undefined || others.length > 0 || !keys.has(key)) return undefined
  const text = (value as JsonObject)[key]
  return typeof text === 'string' ? text : undefined
}

const OBJECT_ID_KEYS = new Set(['$oid'])

/** The text of an ObjectId in extended JSON, `{"$oid": …}`; any other value as it is. */
export function objectIdText(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  return unwrapped(value, OBJECT_ID_KEYS) ?? value
}
