import { isAscii, isUtf8 as isValidUtf8 } from 'node:buffer'
import iconv from 'iconv-lite'
import { BatchFileError } from '../errors.ts'

/** How the text of a file is written as bytes. */
export interface Encoding {
  /** For messages, such as `UTF-8`. */
  readonly name: string
  /** The byte order mark at the start of the file, as text; empty if there is none. */
  readonly mark: '\uFEFF' | ''
  /** Makes a decoder; undefined if the bytes are UTF-8 as they are. */
  readonly decoder: (() => Decoder) | undefined
  readonly encode: (text: string) => Buffer
  /** A text as it is read back after it was written: characters that the encoding does not have become `?`. */
  readonly asWritten: (text: string) => string
}

/** Turns bytes into UTF-8, a block at a time. Each sequence that is not text becomes the byte FF. */
interface Decoder {
  write(block: Buffer): Buffer
  end(): Buffer
}

/** What iconv-lite has beside encodings of text. */
const NOT_TEXT: ReadonlySet<string> = new Set(['base64', 'binary', 'hex', 'utf32'])

const simplified = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9]/g, '')

/** Whether an encoding is known. Case and punctuation in its name do not matter. */
export const isEncoding = (name: string): boolean =>
  !NOT_TEXT.has(simplified(name)) && iconv.encodingExists(name)

/** Whether an encoding is the one that files are in by default. */
export const isUtf8 = (name: string): boolean => simplified(name) === 'utf8'

const MARKS = [
  ['UTF-8', Buffer.from([0xef, 0xbb, 0xbf])],
  ['UTF-16LE', Buffer.from([0xff, 0xfe])],
  ['UTF-16BE', Buffer.from([0xfe, 0xff])],
] as const

/** UTF-16 by its names. A file without a mark is in the order of bytes that Windows writes. */
const UTF16: Readonly<Record<string, string>> = {
  utf16: 'UTF-16LE',
  ucs2: 'UTF-16LE',
  utf16le: 'UTF-16LE',
  utf16be: 'UTF-16BE',
}

/**
 * The encoding of a file that starts with these bytes: the one that its byte order mark shows, or else the one
 * that an option names, or else UTF-8.
 * @throws BatchFileError if the file is in UTF-16 and neither shows it, or in UTF-8 and the option says otherwise
 */
export function encodingOf(
  start: Buffer,
  { file, encoding: named }: { file: string; encoding: string | undefined },
): Encoding {
  const marked = MARKS.find(([, mark]) => start.subarray(0, mark.length).equals(mark))
  if (marked) return encodingNamed(marked[0], '\uFEFF')
  if (named !== undefined) {
    if (!isUtf8Text(start) || !isSingleByte(named)) return encodingNamed(named, '')
    const problem = `the file is in UTF-8, not in ${named}: leave out --encoding, or its characters would be read as others`
    throw new BatchFileError(file, problem, { line: 1 })
  }
  const unmarked = ['utf-16le', 'utf-16be'].find((name) => looksLike(start, name))
  if (unmarked !== undefined) {
    const problem = `the file seems to be in UTF-16 and has no byte order mark: add --encoding ${unmarked}`
    throw new BatchFileError(file, problem, { line: 1 })
  }
  return encodingNamed('UTF-8', '')
}

const UTF8: Encoding = {
  name: 'UTF-8',
  mark: '',
  decoder: undefined,
  encode: (text) => Buffer.from(text),
  asWritten: (text) => Buffer.from(text).toString(),
}

function encodingNamed(given: string, mark: Encoding['mark']): Encoding {
  if (isUtf8(given)) return { ...UTF8, mark }
  const utf16 = UTF16[simplified(given)]
  const name = utf16 ?? given
  const encode = (text: string) => iconv.encode(text, name)
  return {
    name,
    mark,
    decoder: () => toUtf8(utf16 === undefined ? iconv.getDecoder(name) : utf16Decoder(utf16)),
    encode,
    asWritten: (text) => iconv.decode(encode(text), name),
  }
}

interface TextDecoding {
  write(block: Buffer): string
  end(): string | undefined
}

/** The platform's decoder, because iconv-lite passes on halves of characters and drops half a unit at the end. */
function utf16Decoder(name: string): TextDecoding {
  const decoder = new TextDecoder(name, { ignoreBOM: true })
  return {
    write: (block) => decoder.decode(block, { stream: true }),
    end: () => decoder.decode(),
  }
}

const REPLACEMENT = '\uFFFD'
const NOT_UTF8 = Buffer.from([0xff])

const toUtf8 = (decoding: TextDecoding): Decoder => ({
  write: (block) => utf8(decoding.write(block)),
  end: () => utf8(decoding.end() ?? ''),
})

/** A decoded text as UTF-8. The decoders write the replacement character in place of what is not text. */
function utf8(text: string): Buffer {
  if (!text.includes(REPLACEMENT)) return Buffer.from(text)
  const parts = text.split(REPLACEMENT).flatMap((part) => [NOT_UTF8, Buffer.from(part)])
  return Buffer.concat(parts.slice(1))
}

/** Whether the bytes are UTF-8 with other characters than ASCII. The last one may be cut. */
function isUtf8Text(start: Buffer): boolean {
  let end = start.length
  while (end > 0 && Number(start[end - 1]) >= 0x80) end -= 1
  const sample = start.subarray(0, end)
  return !isAscii(sample) && isValidUtf8(sample)
}

const EVERY_BYTE = Buffer.from(Uint8Array.from({ length: 256 }, (_, byte) => byte))

/** Whether each byte is a character. Text in such an encoding is next to never UTF-8 by chance. */
const isSingleByte = (name: string): boolean =>
  !isUtf8(name) && iconv.decode(EVERY_BYTE, name).length === EVERY_BYTE.length

/** How many bytes of a file show its encoding. */
export const SAMPLE_BYTES = 4096

/** Whether bytes are UTF-16 in an order of bytes. Digits, separators and line ends are ASCII in every language. */
function looksLike(start: Buffer, name: string): boolean {
  const sample = start.subarray(0, Math.min(SAMPLE_BYTES, start.length & ~1))
  const text = new TextDecoder(name, { ignoreBOM: true }).decode(sample)
  if (text.includes('\0') || text.includes(REPLACEMENT)) return false
  const ascii = text.match(/[\t\n\r -~]/g)?.length ?? 0
  return ascii > text.length / 4 && (text.includes('\n') || !sample.includes(LF))
}

const LF = 10
