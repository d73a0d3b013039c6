/** How many texts are in a page. */
const PAGE = 1_024

interface Page {
  /** The texts in UTF-8, one right after the other. */
  readonly contents: Buffer
  /** Where each text ends, in bytes. */
  readonly ends: Uint32Array
}

/**
 * Texts that are appended one by one and never changed. A text takes 4 bytes more than in UTF-8, outside of the heap; as a
 * string in an array it would take about 40 bytes more.
 */
export class PackedTexts {
  readonly #pages: Page[] = []
  #lastPage: string[] = []

  get length(): number {
    return this.#pages.length * PAGE + this.#lastPage.length
  }

  push(text: string): void {
    this.#lastPage.push(text)
    if (this.#lastPage.length < PAGE) return
    this.#pages.push(packed(this.#lastPage))
    this.#lastPage = []
  }

  /** The text at an index, which must be below the length. */
  at(index: number): string {
    const page = this.#pages[Math.floor(index / PAGE)]
    const inPage = index % PAGE
    if (!page) return this.#lastPage[inPage] as string
    return page.contents.toString('utf8', page.ends[inPage - 1] ?? 0, page.ends[inPage])
  }

  indexOf(text: string): number {
    for (let index = 0; index < this.length; index++) if (this.at(index) === text) return index
    return -1
  }
}

function packed(texts: readonly string[]): Page {
  const ends = new Uint32Array(texts.length)
  let end = 0
  for (const [index, text] of texts.entries()) {
    end += Buffer.byteLength(text)
    ends[index] = end
  }
  return { contents: Buffer.from(texts.join('')), ends }
}
