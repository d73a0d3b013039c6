import { parse, stringify } from 'lossless-json'
import type { Reject, RejectsFormat } from '../batch-file.ts'
import { type ColumnMap, candidateColumns } from '../columns.ts'
import { MADE_ID_KEY, REJECT_COLUMNS, isRefusalCode } from '../reject-columns.ts'
import { isMissing } from '../row.ts'
import { type JsonObject, isObject, readObject } from './json-object.ts'

/**
 * Rejects as JSON objects: the marks and the made id before the parts of the record. A record with such
 * parts of its own stands whole in `record`, and what is no JSON object in `text`.
 */
export function jsonRejects(shape: 'lines' | 'array', map: ColumnMap): RejectsFormat {
  const isArray = shape === 'array'
  const idKey = madeIdKey(map)
  const ownIdKey = (object: JsonObject): string | undefined => {
    const keys = Object.keys(object)
    const [index] = candidateColumns(keys, 'transferId', { map, areKeys: true })
    return index === undefined ? undefined : keys[index]
  }
  return {
    head: isArray ? '[\n' : '',
    separator: isArray ? ',\n' : '\n',
    tail: isArray ? '\n]\n' : '\n',
    // A file without any byte is one that got lost, and is refused.
    empty: isArray ? '[]\n' : '\n',
    write({ code, message, line, transferId, text }: Reject): string {
      const marks = { code, message, line }
      const read = readObject(text)
      if ('problem' in read) return JSON.stringify({ ...marks, [idKey]: transferId, text })
      const { object } = read
      const ownKey = ownIdKey(object)
      const madeId = ownKey === undefined || isMissing(object[ownKey]) ? transferId : undefined
      const added = JSON.stringify({ ...marks, [idKey]: madeId }).slice(0, -1)
      const taken = [...REJECT_COLUMNS, ...WHOLE, ...(madeId === undefined ? [] : [idKey])]
      // Beside a key for the id that is blank, or not to be looked at, a made one would not be found.
      const isHidden = madeId !== undefined && (ownKey !== undefined || map.transferId === null)
      if (isHidden || taken.some((key) => Object.hasOwn(object, key))) {
        return `${added},"record":${text.trim()}}`
      }
      const parts = text.trim().slice(1).trimStart()
      return parts === '}' ? `${added}}` : `${added},${parts}`
    },
  }
}

/** What holds a whole record of a file of rejects. */
const WHOLE = ['record', 'text']

const madeIdKey = (map: ColumnMap = {}): string => map.transferId ?? MADE_ID_KEY

/** A record of a file of rejects as it was in the first file; with a problem where it is no JSON object yet. */
type Rejected = { readonly text: string; readonly madeId: string | undefined } & (
  { readonly object: JsonObject } | { readonly problem: string }
)

/** What a record of a file of rejects is about, in whatever order its parts are; undefined for any other record. */
export function readRejected(
  object: JsonObject,
  text: string,
  map?: ColumnMap,
): Rejected | undefined {
  const { code, message, line, ...parts } = object
  if (!isRefusalCode(code) || typeof message !== 'string') return undefined
  if (typeof line !== 'string' || !/^\d+$/.test(line)) return undefined
  const { [madeIdKey(map)]: id, ...others } = parts
  const madeId = typeof id === 'string' ? id : undefined
  const [key, ...more] = Object.keys(others)
  const whole = key === undefined || more.length > 0 ? undefined : others[key]
  if (key === 'text' && typeof whole === 'string') {
    return { text: whole, madeId, ...readObject(whole) }
  }
  const exact = parse(text) as Record<string, unknown>
  if (key === 'record' && isObject(whole)) {
    const record = stringify(exact.record) as string
    const read = readObject(record)
    return 'object' in read ? { text: record, madeId, ...read } : undefined
  }
  for (const mark of REJECT_COLUMNS) delete exact[mark]
  return { text: stringify(exact) as string, madeId: undefined, object: parts }
}
