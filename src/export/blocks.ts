import type { mongo } from 'mongoose'

// What is exported goes from one step to the next in blocks: a promise for each record would take most of the time.

/** Gathers items into blocks of a size; the last one may be shorter. */
export async function* inBlocks<Item>(
  items: AsyncIterable<Item>,
  size: number,
): AsyncGenerator<Item[], void, undefined> {
  let block: Item[] = []
  for await (const item of items) {
    block.push(item)
    if (block.length < size) continue
    yield block
    block = []
  }
  if (block.length > 0) yield block
}

/** The documents of a cursor, in blocks as the server sends them. */
export async function* blocksOf<Document>(
  cursor: mongo.FindCursor<Document>,
): AsyncGenerator<Document[], void, undefined> {
  try {
    while (await cursor.hasNext()) yield cursor.readBufferedDocuments()
  } finally {
    await cursor.close()
  }
}

/** The items of blocks, one by one. */
export async function* itemsOf<Item>(
  blocks: AsyncIterable<readonly Item[]>,
): AsyncGenerator<Item, void, undefined> {
  for await (const block of blocks) for (const item of block) yield item
}
