import { parse, stringify } from 'lossless-json'
import type { Reject, RejectsFormat } from '../batch-file.ts'
import { type ColumnMap, type RoleTexts, candidateColumns } from '../columns.ts'
import { MADE_ID_COLUMN, MADE_ID_KEY, REJECT_COLUMNS, isRefusalCode } from '../reject-columns.ts'
import { isMissing } from '../values/values.ts'
import type { JsonLayout } from './element-splitter.ts'
import { type JsonObject, isObject, readObject } from './json-object.ts'
import { valueAt } from './nested-values.ts'

/**
 * Writes rejects as JSON objects: the reject columns and the made id come before the keys of the record. If the
 * record has such keys itself, it is written whole under `record`; if it is not a JSON object, under `text`.
 */
export function jsonRejects(
  { layout, at = '' }: { layout: JsonLayout; at?: string | undefined },
  ids: IdKeys,
): RejectsFormat {
  const [open, close] = BRACKETS[layout](at)
  const { map, set } = ids
  const idKey = madeIdKey(ids)
  /** The name of the id in a record: a key, or a dotted name of a value within the object. */
  const ownIdName = (object: JsonObject): string | undefined => {
    if (ids.areMade) return undefined
    const name = map.transferId
    if (typeof name === 'string') return valueAt(object, name) === undefined ? undefined : name
    const keys = Object.keys(object)
    const [index] = candidateColumns(keys, 'transferId', { map, set, areKeys: true })
    return index === undefined ? undefined : keys[index]
  }
  return {
    head: open === '' ? '' : `${open}\n`,
    separator: open === '' ? '\n' : ',\n',
    tail: close === '' ? '\n' : `\n${close}\n`,
    // At least one byte: an empty file is refused, because its content may have been lost.
    empty: `${open}${close}\n`,
    write({ code, message, line, transferId, text: written }: Reject): string {
      const text = layout === 'objects' ? onOneLine(written) : written
      const added = { code, message, line }
      const read = readObject(text)
      if ('problem' in read) return JSON.stringify({ ...added, [idKey]: transferId, text })
      const { object } = read
      const ownId = ownIdName(object)
      const hasId = ownId !== undefined && !isMissing(valueAt(object, ownId))
      const madeId = hasId ? undefined : transferId
      const start = JSON.stringify({ ...added, [idKey]: madeId }).slice(0, -1)
      const reserved = [...REJECT_COLUMNS, ...WRAPPERS, ...(madeId === undefined ? [] : [idKey])]
      // The made id would not be read if the record has a blank id, or if the options say that it has none.
      const isMadeIdHidden =
        madeId !== undefined && !ids.areMade && (ownId !== undefined || map.transferId === null)
      if (isMadeIdHidden || reserved.some((key) => Object.hasOwn(object, key))) {
        return `${start},"record":${text.trim()}}`
      }
      const parts = text.trim().slice(1).trimStart()
      return parts === '}' ? `${start}}` : `${start},${parts}`
    },
  }
}

/** What stands before and after all rejects. Objects one after another are written as lines. */
const BRACKETS: Readonly<Record<JsonLayout, (at: string) => readonly [string, string]>> = {
  lines: () => ['', ''],
  objects: () => ['', ''],
  array: () => ['[', ']'],
  wrapped(at) {
    const keys = at.split('.')
    return [
      `${keys.map((key) => `{${JSON.stringify(key)}:`).join('')}[`,
      `]${'}'.repeat(keys.length)}`,
    ]
  },
}

/** A JSON text without line ends. They stand only between its parts, unless it is broken. */
const onOneLine = (text: string): string => text.replaceAll(/\s*[\r\n]\s*/g, ' ')

const WRAPPERS = ['record', 'text']

/** What decides which key of an object is the id that was made for it. */
interface IdKeys {
  readonly map: ColumnMap
  readonly set: RoleTexts | undefined
  /**
   * Whether ids are made although a record may have one: a transform may take the id of a transfer from anywhere, and
   * an id of the content replaces it. Then the made id has a key of its own.
   */
  readonly areMade: boolean
}

const madeIdKey = ({ map, areMade }: IdKeys): string =>
  areMade ? MADE_ID_COLUMN : (map.transferId ?? MADE_ID_KEY)

/**
 * A record from a file of rejects, as it was in the batch's file. It has a problem as long as it is not a
 * JSON object.
 */
type Rejected = { readonly text: string; readonly madeId: string | undefined } & (
  { readonly object: JsonObject } | { readonly problem: string }
)

/**
 * Takes the record out of an object of a file of rejects, whatever the order of its keys; undefined for any
 * other object.
 */
export function readRejected(object: JsonObject, text: string, ids: IdKeys): Rejected | undefined {
  const { code, message, line, ...parts } = object
  if (!isRefusalCode(code) || typeof message !== 'string') return undefined
  if (typeof line !== 'string' || !/^\d+$/.test(line)) return undefined
  const idKey = madeIdKey(ids)
  const { [idKey]: id, ...others } = parts
  const madeId = typeof id === 'string' && id.trim() !== '' ? id : undefined
  const [key, ...more] = Object.keys(others)
  const onlyValue = key === undefined || more.length > 0 ? undefined : others[key]
  if (key === 'text' && typeof onlyValue === 'string') {
    return { text: onlyValue, madeId, ...readObject(onlyValue) }
  }
  const exact = parse(text) as Record<string, unknown>
  if (key === 'record' && isObject(onlyValue)) {
    const record = stringify(exact.record) as string
    const read = readObject(record)
    return 'object' in read ? { text: record, madeId, ...read } : undefined
  }
  for (const column of REJECT_COLUMNS) delete exact[column]
  if (ids.areMade) {
    delete exact[idKey]
    return { text: stringify(exact) as string, madeId, object: others }
  }
  return { text: stringify(exact) as string, madeId: undefined, object: parts }
}
