import { BatchFileError } from '../../errors.ts'
import type { RawRecord, RecordBlocks } from '../../source/raw-record.ts'
import type { Source } from '../../source/source.ts'
import { ArrayFinder } from './json-array-finder.ts'
import { type ElementLayout, ElementSplitter } from './element-splitter.ts'

interface ElementOptions {
  readonly layout: ElementLayout
  /** The dotted name of a wrapped array. */
  readonly at?: string | undefined
}

/**
 * Splits a JSON file into the texts of its elements, in bounded memory. Only the structure around the elements is
 * checked: if it is broken, that is a {@link BatchFileError}.
 */
export async function* jsonElements(
  { name: file, encoding, bytes }: Pick<Source, 'name' | 'encoding' | 'bytes'>,
  { layout, at = '' }: ElementOptions,
): RecordBlocks {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const splitter =
    layout === 'wrapped' ? new WrappedSplitter(file, at) : new ElementSplitter(file, layout)
  const decode = (block?: Buffer): string => {
    try {
      return block ? decoder.decode(block, { stream: true }) : decoder.decode()
    } catch (error) {
      const advice = encoding.decoder ? '' : ': add --encoding, such as --encoding windows-1252'
      const problem = `the text here or shortly after is not valid ${encoding.name}${advice}`
      throw new BatchFileError(file, problem, { line: splitter.line }, { cause: error })
    }
  }
  for await (const block of bytes()) yield splitter.add(decode(block))
  yield splitter.add(decode())
  splitter.end()
}

/** Splits the arrays within objects into their elements. */
class WrappedSplitter {
  readonly #finder: ArrayFinder
  readonly #elements: ElementSplitter

  constructor(file: string, at: string) {
    this.#finder = new ArrayFinder(file, at)
    this.#elements = new ElementSplitter(file, 'wrapped')
  }

  get line(): number {
    return this.#elements.isOpen ? this.#elements.line : this.#finder.line
  }

  add(piece: string): RawRecord[] {
    const records: RawRecord[] = []
    let position = 0
    while (position < piece.length) {
      if (this.#elements.isOpen) {
        position = this.#elements.read(piece, position, records)
        this.#finder.line = this.#elements.line
        continue
      }
      position = this.#finder.read(piece, position)
      this.#elements.line = this.#finder.line
      if (this.#finder.isFound) this.#elements.open()
    }
    return records
  }

  end(): void {
    if (this.#elements.isOpen) this.#elements.end()
    this.#finder.end()
  }
}
