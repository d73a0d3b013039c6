import { closeSync, readSync, writeSync } from 'node:fs'
import mongoose from 'mongoose'
import { HashIndex, MOST_NUMBER } from '../../compact/hash-index.ts'
import { openTemporaryFileSync, throwStorageError } from '../source/temporary-file.ts'

const { BSON } = mongoose.mongo

/** A record starts at a multiple of this many bytes. One that grows keeps its place until it needs more of these. */
const UNIT = 32

/** The latest records are in memory until they are as many bytes: most rehearsals need no file. */
const TAIL_BYTES = 1024 * 1024

/** Most records are read at once. */
const READ_BYTES = 512

/** A record, and its place in the file. */
export interface PlacedRecord<Record> {
  readonly record: Record
  readonly place: number
}

const files = new FinalizationRegistry<number>(closeSync)

/**
 * Records by their ids in a temporary file, which takes 20 bytes of memory for each. The file disappears with the process,
 * or when nothing uses this object any more. It is read and written synchronously: that takes a few microseconds, a
 * promise ten times as long.
 */
export class RecordFile<Record extends { readonly _id: string }> {
  readonly #index = new HashIndex()
  readonly #tail = Buffer.alloc(TAIL_BYTES)
  readonly #start = Buffer.alloc(READ_BYTES)
  /** How many bytes are in the file. The tail comes after them. */
  #written = 0
  #tailLength = 0
  #file: number | undefined

  get(id: string): PlacedRecord<Record> | undefined {
    let record: Record | undefined
    const place = this.#index.find(id, (candidate) => {
      record = BSON.deserialize(Buffer.from(this.#read(candidate))) as Record
      return record._id === id
    })
    return place !== undefined && record ? { record, place } : undefined
  }

  /** Adds a record. There must be none with its id. */
  add(record: Record): void {
    this.#index.add(record._id, this.#append(BSON.serialize(record)))
  }

  /** Replaces the record at a place, which has the same id. */
  replace(place: number, record: Record): void {
    const bytes = BSON.serialize(record)
    if (unitsOf(bytes.length) <= unitsOf(this.#lengthAt(place))) this.#write(bytes, place * UNIT)
    else this.#index.replace(record._id, { from: place, to: this.#append(bytes) })
  }

  #append(bytes: Uint8Array): number {
    const length = unitsOf(bytes.length) * UNIT
    if (this.#tailLength + length > TAIL_BYTES) this.#flush()
    const offset = this.#written + this.#tailLength
    const place = offset / UNIT
    if (place > MOST_NUMBER) throwStorageError(new Error('it would be larger than 128 GB'))
    if (length > TAIL_BYTES) {
      this.#writeToFile(bytes, offset)
      this.#written += length
    } else {
      this.#tail.set(bytes, this.#tailLength)
      this.#tailLength += length
    }
    return place
  }

  #flush(): void {
    this.#writeToFile(this.#tail.subarray(0, this.#tailLength), this.#written)
    this.#written += this.#tailLength
    this.#tailLength = 0
  }

  #write(bytes: Uint8Array, offset: number): void {
    if (offset < this.#written) this.#writeToFile(bytes, offset)
    else this.#tail.set(bytes, offset - this.#written)
  }

  #writeToFile(bytes: Uint8Array, offset: number): void {
    try {
      for (let done = 0; done < bytes.length;) {
        done += writeSync(this.#opened(), bytes, done, bytes.length - done, offset + done)
      }
    } catch (error) {
      throwStorageError(error as Error)
    }
  }

  #opened(): number {
    if (this.#file === undefined) {
      this.#file = openTemporaryFileSync()
      files.register(this, this.#file)
    }
    return this.#file
  }

  /** The bytes at a place. They are overwritten by the next reading. */
  #read(place: number): Buffer {
    const start = this.#startAt(place)
    const length = start.readInt32LE(0)
    if (length <= start.length) return start.subarray(0, length)
    const whole = Buffer.alloc(length)
    readSync(this.#opened(), whole, 0, length, place * UNIT)
    return whole
  }

  #lengthAt(place: number): number {
    return this.#startAt(place).readInt32LE(0)
  }

  #startAt(place: number): Buffer {
    const offset = place * UNIT
    if (offset >= this.#written) return this.#tail.subarray(offset - this.#written)
    const length = readSync(this.#opened(), this.#start, 0, READ_BYTES, offset)
    return this.#start.subarray(0, length)
  }
}

const unitsOf = (bytes: number): number => Math.ceil(bytes / UNIT)
