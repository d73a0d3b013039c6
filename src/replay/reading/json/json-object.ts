import { parse } from 'lossless-json'
import type { RawRecord, RecordBlocks } from '../../source/raw-record.ts'

/** Leaves blank lines out: each other line is a record. */
export async function* jsonLineRecords(lines: AsyncIterable<RawRecord[]>): RecordBlocks {
  for await (const block of lines) yield block.filter(({ text }) => text.trim() !== '')
}

/** A JSON object with every number as the text that stands in the file. */
export type JsonObject = Readonly<Record<string, unknown>>

const NUMBERS = new Set(['$numberDecimal', '$numberInt', '$numberLong', '$numberDouble'])

/** How deep values may be nested: as deep as MongoDB's own. */
const MOST_DEPTH = 100

const TOO_DEEP = `its values are nested more than ${MOST_DEPTH} deep`

/**
 * Reads an object. Numbers stay the text that they are, so that none is rounded; those of MongoDB's
 * extended JSON (`{"$numberDecimal": "100"}`) are read as the text within.
 */
export function readObject(text: string): { object: JsonObject } | { problem: string } {
  let value: unknown
  try {
    value = parse(text, null, (number) => number)
  } catch (error) {
    return { problem: error instanceof RangeError ? TOO_DEEP : notJson(error as Error) }
  }
  if (!isObject(value)) return { problem: 'this is not a JSON object' }
  const object = value as Record<string, unknown>
  for (const key of Object.keys(object)) {
    const part = object[key]
    if (typeof part !== 'object' || part === null) continue
    if (isDeeper(part, MOST_DEPTH)) return { problem: TOO_DEEP }
    object[key] = wrapped(part, NUMBERS) ?? part
  }
  return { object }
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const LONGEST_MESSAGE = 160

/** What the parser says, which may quote the file at length. */
function notJson({ message }: Error): string {
  const at = /^(.*) at position (\d+)$/s.exec(message)
  const problem = at ? `column ${Number(at[2]) + 1}: ${at[1]}` : message
  const cut = problem.length > LONGEST_MESSAGE ? `${problem.slice(0, LONGEST_MESSAGE)}…` : problem
  return `this is not JSON: ${cut.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '\uFFFD')}`
}

function isDeeper(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return depth === 0 || Object.values(value).some((part) => isDeeper(part, depth - 1))
}

/** The text in an object that has no other key than one of those, as extended JSON writes a value. */
function wrapped(value: object, keys: ReadonlySet<string>): string | undefined {
  const [key, ...others] = Object.keys(value)
  if (key === undefined || others.length > 0 || !keys.has(key)) return undefined
  const text = (value as JsonObject)[key]
  return typeof text === 'string' ? text : undefined
}

const OBJECT_ID = new Set(['$oid'])

/** A value that may be an ObjectId of extended JSON, `{"$oid": …}`: its text, if it is one. */
export function objectIdText(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  return wrapped(value, OBJECT_ID) ?? value
}
