import { parse } from 'lossless-json'

/** A JSON object. Its numbers are the text from the file, so that none is rounded. */
export type JsonObject = Readonly<Record<string, unknown>>

const NUMBER_KEYS = new Set(['$numberDecimal', '$numberInt', '$numberLong', '$numberDouble'])

/** How deep values may be nested: as deep as MongoDB allows. */
const MAX_DEPTH = 100

const TOO_DEEP = `its values are nested more than ${MAX_DEPTH} levels deep`

/**
 * Reads an object. The numbers of MongoDB's extended JSON, such as `{"$numberDecimal": "100"}`, become the text in
 * them, and its dates, such as `{"$date": "2026-01-02T00:00:00Z"}`, a text in ISO 8601.
 */
export function readObject(text: string): { object: JsonObject } | { problem: string } {
  let value: unknown
  try {
    value = parse(text, null, (number) => number)
  } catch (error) {
    return { problem: error instanceof RangeError ? TOO_DEEP : notJson(error as Error) }
  }
  if (!isObject(value)) return { problem: 'this is JSON but not an object' }
  return simplifyParts(value, MAX_DEPTH) ? { object: value } : { problem: TOO_DEEP }
}

/** Replaces numbers and dates of extended JSON within a value. Returns whether it is not nested too deep. */
function simplifyParts(value: object, depth: number): boolean {
  if (depth < 0) return false
  const parts = value as Record<string, unknown>
  for (const key of Object.keys(parts)) {
    const part = parts[key]
    if (typeof part !== 'object' || part === null) continue
    const simple = unwrapped(part, NUMBER_KEYS) ?? dateText(part)
    if (simple !== undefined) parts[key] = simple
    else if (!simplifyParts(part, depth - 1)) return false
  }
  return true
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

/** The text in an object whose only key is one of `keys`, which is how extended JSON writes a value. */
function unwrapped(value: object, keys: ReadonlySet<string>): string | undefined {
  const [key, ...others] = Object.keys(value)
  if (key === undefined || others.length > 0 || !keys.has(key)) return undefined
  const text = (value as JsonObject)[key]
  return typeof text === 'string' ? text : undefined
}

const DATE_KEYS = new Set(['$date'])

/** The date in extended JSON as a text: as it is written there, or of its milliseconds since 1970. */
function dateText(value: object): string | undefined {
  const date = (value as JsonObject)['$date']
  const text = isObject(date) ? unwrapped(date, NUMBER_KEYS) : unwrapped(value, DATE_KEYS)
  if (text === undefined || Object.keys(value).length > 1) return undefined
  if (/^\d{4}-\d\d-\d\dT/.test(text)) return text
  const time = new Date(/^-?\d{1,16}$/.test(text) ? Number(text) : Number.NaN)
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString()
}
