import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const page = await readFile('docs/troubleshooting.md', 'utf8')
const messages = [...page.matchAll(/^> (.+)$/gm)].map(([, message = '']) => message)

/** The texts of the code: what is between quotes, without line ends. A template's values are `${…}`. */
const sources = await Promise.all(
  (await readdir('src', { recursive: true }))
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFile(join('src', name), 'utf8')),
)
const code = sources
  .join('\n')
  // A value of a template, which may have another template in it.
  .replaceAll(/\$\{(?:[^{}]|\{[^{}]*\})*\}/g, '\0')

/** The sentences of a message, without what stands for values, which is in italics. */
const partsOf = (message: string): string[] =>
  message
    .split(/(?<!\w)_[^_]+_(?!\w)|\. /)
    .map((part) => part.trim())
    .filter((part) => part.length > 3)

test.each(messages)('the code says: %s', (message) => {
  expect(partsOf(message).filter((part) => !code.includes(part))).toEqual([])
})
