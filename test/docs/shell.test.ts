import { randomUUID } from 'node:crypto'
import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import mongoose from 'mongoose'
import { expect, inject, onTestFinished, test } from 'vitest'
import { daybook } from '../support/command-line.ts'
import { makeFolder } from '../support/temporary-folder.ts'

const paths = ['README.md', ...(await readdir('docs')).map((name) => `docs/${name}`)]
const documents = await Promise.all(
  paths
    .filter((path) => path.endsWith('.md'))
    .map(async (path) => ({ path, text: await readFile(path, 'utf8') })),
)

/** What a document shows on a terminal: each command after a prompt, and the lines that it prints. */
const sessionOf = (text: string) =>
  [...text.matchAll(/^```console\n([^]*?)^```$/gm)].flatMap(([, block = '']) =>
    block
      .split(/^\$ npx daybook /m)
      .slice(1)
      .map((entry) => {
        const [command = '', ...printed] = entry.trimEnd().split('\n')
        return { command, printed }
      }),
  )

/** In a document `…` stands for what differs from run to run. */
const like = (line: string): unknown =>
  line.includes('…')
    ? expect.stringMatching(
        new RegExp(
          `^${line
            .split('…')
            .map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
            .join('.*')}$`,
        ),
      )
    : line

test.each(documents.filter(({ text }) => sessionOf(text).length > 0))(
  '$path shows what its commands print, in their order',
  async ({ text }) => {
    const folder = await makeFolder()
    /** The files of the page: those that it shows, and those that its commands write. */
    const files = new Set<string>()
    for (const [, name = '', content = ''] of text.matchAll(
      /^```\w+ ([\w-]+\.\w+)\n([^]*?)^```$/gm,
    )) {
      files.add(name)
      await writeFile(join(folder, name), content)
    }
    const uri = inject('mongodbUri').replace(/\/\?|\/?$/, `/document-${randomUUID()}?`)
    onTestFinished(async () => {
      const connection = await mongoose.createConnection(uri).asPromise()
      await connection.dropDatabase()
      await connection.close()
    })

    for (const { command, printed } of sessionOf(text)) {
      const words = command.split(' ')
      if (words[0] === 'generate') files.add(words[1] ?? '')
      const parameters = words.map((word) => (files.has(word) ? join(folder, word) : word))
      const { stdout, stderr } = await daybook(uri, parameters)
      const lines = (stdout || stderr).trimEnd().replaceAll(`${folder}/`, '').split('\n')
      expect({ command, printed: lines.map((line) => line.trimEnd()) }).toEqual({
        command,
        printed: printed.map((line) => like(line)),
      })
    }
  },
)
