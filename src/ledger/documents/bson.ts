import mongoose from 'mongoose'

const { BSON } = mongoose.mongo

/** The codes of BSON's types. */
const {
  double: DOUBLE,
  string: STRING,
  object: OBJECT,
  array: ARRAY,
  binData: BINARY,
  undefined: UNDEFINED,
  objectId: OBJECT_ID,
  bool: BOOLEAN,
  date: DATE,
  null: NULL,
  regex: REGULAR_EXPRESSION,
  dbPointer: DB_POINTER,
  javascript: JAVASCRIPT,
  symbol: SYMBOL,
  javascriptWithScope: JAVASCRIPT_WITH_SCOPE,
  int: INT32,
  timestamp: TIMESTAMP,
  long: INT64,
  decimal: DECIMAL128,
  minKey: MIN_KEY,
  maxKey: MAX_KEY,
} = BSON.BSONType

/** How many bytes values of a type take, by the code of the type. */
const FIXED_LENGTHS: Readonly<Record<number, number>> = {
  [DOUBLE]: 8,
  [UNDEFINED]: 0,
  [OBJECT_ID]: 12,
  [BOOLEAN]: 1,
  [DATE]: 8,
  [NULL]: 0,
  [INT32]: 4,
  [TIMESTAMP]: 8,
  [INT64]: 8,
  [DECIMAL128]: 16,
  // The codes of these two are −1 and 127 in a signed byte.
  [MIN_KEY & 0xff]: 0,
  [MAX_KEY]: 0,
}

/** The names of all BSON types by their codes, for messages. */
export const TYPE_NAMES = new Map(
  Object.entries(BSON.BSONType).map(([name, code]): [number, string] => [code & 0xff, name]),
)

/** Whether a range of bytes is an ASCII text. */
export function isTextAt(
  bytes: Buffer,
  { start, end, text }: { start: number; end: number; text: string },
): boolean {
  if (end - start !== text.length) return false
  for (let index = 0; index < text.length; index += 1) {
    if (bytes[start + index] !== text.charCodeAt(index)) return false
  }
  return true
}

/** How many bytes a value takes: see https://bsonspec.org/spec.html. */
export function lengthOf(type: number, bytes: Buffer, offset: number): number {
  switch (type) {
    case STRING:
    case JAVASCRIPT:
    case SYMBOL:
      return 4 + bytes.readInt32LE(offset)
    case BINARY:
      return 5 + bytes.readInt32LE(offset)
    case DB_POINTER:
      return 16 + bytes.readInt32LE(offset)
    case OBJECT:
    case ARRAY:
    case JAVASCRIPT_WITH_SCOPE:
      return bytes.readInt32LE(offset)
    case REGULAR_EXPRESSION: {
      const options = bytes.indexOf(0, offset) + 1
      return bytes.indexOf(0, options) + 1 - offset
    }
    default:
      return FIXED_LENGTHS[type] as number
  }
}

export { ARRAY, DATE, DECIMAL128, DOUBLE, INT32, INT64, NULL, OBJECT, STRING }
