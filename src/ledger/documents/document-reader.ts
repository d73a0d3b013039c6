import mongoose from 'mongoose'
import { quote } from '../../messages.ts'
import { decimalTextAt, unitsAt } from '../../money/decimal128.ts'
import {
  ARRAY,
  DATE,
  DECIMAL128,
  DOUBLE,
  INT32,
  INT64,
  NULL,
  OBJECT,
  STRING,
  TYPE_NAMES,
  isTextAt,
  lengthOf,
} from './bson.ts'

const { BSON, Decimal128 } = mongoose.mongo

const MAX_INT32 = 2 ** 31 - 1

/**
 * Reads the fields of stored documents from their bytes. The driver's own decoding hides the difference between an
 * int32 and a double, throws on a document that is damaged, and takes longer. A reader is used for one document after
 * another.
 */
export class DocumentReader<Name extends string> {
  readonly names: readonly Name[]
  readonly #slots: ReadonlyMap<string, number>
  #bytes: Buffer = Buffer.alloc(0)
  /** Used again for each document: millions of buffers would take more memory than all else. */
  #extract: Buffer = Buffer.alloc(0)
  #types: Uint8Array
  #offsets: Uint32Array
  #lengths: Uint32Array
  /** The names of fields that the reader does not know, or that come a second time. */
  strangers: string[] = []

  constructor(names: readonly Name[]) {
    this.names = names
    this.#slots = new Map(names.map((name, slot) => [name, slot]))
    this.#types = new Uint8Array(names.length)
    this.#offsets = new Uint32Array(names.length)
    this.#lengths = new Uint32Array(names.length)
  }

  /** Goes on to another document. */
  read(bytes: Buffer): void {
    this.#bytes = bytes
    this.#types.fill(0)
    if (this.strangers.length > 0) this.strangers = []
    let next = 0
    for (let at = 4; bytes[at] !== 0;) {
      const type = bytes[at] as number
      const nameAt = at + 1
      let end = nameAt
      while (bytes[end] !== 0) end += 1
      const offset = end + 1
      const length = lengthOf(type, bytes, offset)
      at = offset + length
      const slot = this.#slotOfName(bytes, { start: nameAt, end, guess: next })
      if (slot === undefined || this.#types[slot] !== 0) {
        this.strangers.push(bytes.toString('utf8', nameAt, end))
        continue
      }
      this.#types[slot] = type
      this.#offsets[slot] = offset
      this.#lengths[slot] = length
      next = slot + 1
    }
  }

  /** The slot of a field's name. It is nearly always the one after that of the field before. */
  #slotOfName(
    bytes: Buffer,
    { start, end, guess }: { start: number; end: number; guess: number },
  ): number | undefined {
    const name = this.names[guess]
    return name !== undefined && isTextAt(bytes, { start, end, text: name })
      ? guess
      : this.#slots.get(bytes.toString('latin1', start, end))
  }

  has(name: Name): boolean {
    return this.#types[this.#slotOf(name)] !== 0
  }

  /** The name of a field's BSON type; undefined if it is missing. */
  typeOf(name: Name): string | undefined {
    const type = this.#types[this.#slotOf(name)] as number
    return type === 0 ? undefined : TYPE_NAMES.get(type)
  }

  /** A text; undefined if the field is missing or has another type. */
  text(name: Name): string | undefined {
    const slot = this.#slotOf(name)
    if (this.#types[slot] !== STRING) return undefined
    const offset = this.#offsetAt(slot)
    return this.#bytes.toString('utf8', offset + 4, offset + (this.#lengths[slot] as number) - 1)
  }

  /** A date in milliseconds; undefined if the field is missing or has another type. */
  time(name: Name): number | undefined {
    const slot = this.#slotOf(name)
    return this.#types[slot] === DATE ? this.#int64At(this.#offsetAt(slot)) : undefined
  }

  /**
   * A whole number; undefined if the field is missing or has another type. A double is one only if the number is too
   * large for an int32, because the driver writes smaller ones as int32.
   */
  whole(name: Name): number | undefined {
    const slot = this.#slotOf(name)
    const offset = this.#offsetAt(slot)
    switch (this.#types[slot]) {
      case INT32:
        return this.#bytes.readInt32LE(offset)
      case INT64:
        return safe(this.#int64At(offset))
      case DOUBLE: {
        const value = this.#bytes.readDoubleLE(offset)
        return value > MAX_INT32 ? safe(value) : undefined
      }
      default:
        return undefined
    }
  }

  /** Money in the smallest unit of a currency with `scale` decimals; undefined if it is not stored exactly as such. */
  money(name: Name, scale: number): bigint | undefined {
    const slot = this.#slotOf(name)
    if (this.#types[slot] !== DECIMAL128) return undefined
    return unitsAt(this.#bytes, { offset: this.#offsetAt(slot), scale })
  }

  /** A Decimal128 as its text; undefined if the field is missing or has another type. */
  decimalText(name: Name): string | undefined {
    const slot = this.#slotOf(name)
    if (this.#types[slot] !== DECIMAL128) return undefined
    return decimalTextAt(this.#bytes, this.#offsetAt(slot))
  }

  /** The value of an object, an array or any other field, as the driver decodes it. */
  value(name: Name): unknown {
    if (!this.has(name)) return undefined
    return BSON.deserialize(this.#bytes, { promoteBuffers: true })[name]
  }

  /** The bytes of an array; undefined if the field is missing or has another type. */
  array(name: Name): Buffer | undefined {
    const slot = this.#slotOf(name)
    if (this.#types[slot] !== ARRAY) return undefined
    const offset = this.#offsetAt(slot)
    return this.#bytes.subarray(offset, offset + (this.#lengths[slot] as number))
  }

  /** An int64; undefined if the field is missing or has another type. */
  int64(name: Name): bigint | undefined {
    const slot = this.#slotOf(name)
    return this.#types[slot] === INT64
      ? this.#bytes.readBigInt64LE(this.#offsetAt(slot))
      : undefined
  }

  /** A list of texts; undefined if the field is missing or has another type. */
  texts(name: Name): string[] | undefined {
    const bytes = this.array(name)
    if (!bytes) return undefined
    const texts: string[] = []
    for (const [type, , , offset, length] of BSON.onDemand.parseToElements(bytes)) {
      if (type !== STRING) return undefined
      texts.push(bytes.toString('utf8', offset + 4, offset + length - 1))
    }
    return texts
  }

  /** An embedded document, as the driver decodes it; undefined if the field is missing or has another type. */
  object(name: Name): Record<string, unknown> | undefined {
    const slot = this.#slotOf(name)
    if (this.#types[slot] !== OBJECT) return undefined
    const offset = this.#offsetAt(slot)
    return BSON.deserialize(this.#bytes.subarray(offset, offset + (this.#lengths[slot] as number)))
  }

  /** A reader of an embedded document, which knows all its fields; undefined if the field has another type. */
  embedded(name: Name): DocumentReader<string> | undefined {
    const slot = this.#slotOf(name)
    if (this.#types[slot] !== OBJECT) return undefined
    const offset = this.#offsetAt(slot)
    const bytes = this.#bytes.subarray(offset, offset + (this.#lengths[slot] as number))
    const names = Array.from(BSON.onDemand.parseToElements(bytes), ([, nameOffset, length]) =>
      bytes.toString('latin1', nameOffset, nameOffset + length),
    )
    const reader = new DocumentReader(names)
    reader.read(bytes)
    return reader
  }

  /** A BSON document of some of the fields, in the order of the names, as they are stored. It is valid until the next call. */
  extract(names: readonly Name[]): Buffer {
    const found = names.flatMap((name) => {
      const slot = this.#slotOf(name)
      if (this.#types[slot] === 0) return []
      const offset = this.#offsetAt(slot)
      // An element is its type, its name as a text that ends in a zero, and its value.
      return [{ start: offset - name.length - 2, end: offset + (this.#lengths[slot] as number) }]
    })
    const length = found.reduce((sum, { start, end }) => sum + end - start, 5)
    if (this.#extract.length < length) this.#extract = Buffer.alloc(2 * length)
    let at = this.#extract.writeInt32LE(length)
    for (const { start, end } of found) at += this.#bytes.copy(this.#extract, at, start, end)
    this.#extract[at] = 0
    return this.#extract.subarray(0, length)
  }

  /** A field's value and its type as printable text, for messages. */
  show(name: Name): string {
    const type = this.#types[this.#slotOf(name)] as number
    if (type === 0) return 'missing'
    if (type === NULL) return 'null'
    return `${this.#showValue(name)} (${TYPE_NAMES.get(type) ?? type})`
  }

  #showValue(name: Name): string {
    try {
      const value = this.value(name)
      return value instanceof Decimal128 ? value.toString() : quote(value)
    } catch {
      return 'unreadable'
    }
  }

  #slotOf(name: Name): number {
    return this.#slots.get(name) as number
  }

  #offsetAt(slot: number): number {
    return this.#offsets[slot] as number
  }

  #int64At(offset: number): number {
    return this.#bytes.readInt32LE(offset + 4) * 2 ** 32 + this.#bytes.readUInt32LE(offset)
  }
}

const safe = (value: number): number | undefined =>
  Number.isSafeInteger(value) ? value : undefined
