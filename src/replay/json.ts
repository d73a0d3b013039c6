import { parse } from 'lossless-json'
import type { RawRecord, RecordBlocks } from './record.ts'

/** Leaves blank lines out: each other line is a record. */
export async function* jsonLineRecords(lines: AsyncIterable<RawRecord[]>): RecordBlocks {
  for await (const block of lines) yield block.filter(({ text }) => text.trim() !== '')
}

/** A JSON object with every number as the text that stands in the file. */
export type JsonObject = Readonly<Record<string, unknown>>

const EXTENDED = new Set(['$numberDecimal', '$numberInt', '$numberLong', '$numberDouble', '$oid'])

/**
 * Reads an object. Numbers stay the text that they are, so that none is rounded; MongoDB's extended
 * JSON (`{"$numberDecimal": "100"}`, `{"$oid": …}`) is read as the text within.
 */
export function readObject(text: string): { object: JsonObject } | { problem: string } {
  let value: unknown
  try {
    value = parse(text, null, (number) => number)
  } catch (error) {
    const { message } = error as Error
    const at = /^(.*) at position (\d+)$/s.exec(message)
    const problem = at ? `column ${Number(at[2]) + 1}: ${at[1]}` : message
    return { problem: `this is not JSON: ${problem}` }
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { problem: 'this is not a JSON object' }
  }
  const object = value as Record<string, unknown>
  for (const key of Object.keys(object)) {
    const part = object[key]
    if (typeof part === 'object' && part !== null) object[key] = plain(part)
  }
  return { object }
}

function plain(value: object): unknown {
  const [key, ...others] = Object.keys(value)
  if (key === undefined || others.length > 0 || !EXTENDED.has(key)) return value
  const text = (value as JsonObject)[key]
  return typeof text === 'string' ? text : value
}
