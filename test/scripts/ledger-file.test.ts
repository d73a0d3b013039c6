import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { definitionFrom } from '../../scripts/context/ledger-file.ts'
import { InputError } from '../../src/index.ts'
import { daybook } from '../support/command-line.ts'
import { makeFolder } from '../support/temporary-folder.ts'

const definition = { collections: { accounts: 'bank_accounts' } }
const text = JSON.stringify(definition)

/** Writes files into a new folder, and returns the folder. */
async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await makeFolder()
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content)
  return folder
}

describe('the file with the definition of the ledger', () => {
  test.each([
    ['bank.json', text],
    ['bank.mjs', `export default ${text}`],
    ['bank.cjs', `module.exports = ${text}`],
    ['bank.ts', `export default ${text} as const`],
  ])('may be %s', async (name, content) => {
    const folder = await folderWith({ [name]: content })
    expect(await definitionFrom(join(folder, name))).toEqual(definition)
  })

  test.each(['daybook.config.json', 'daybook.config.mjs'])(
    'is found in the working folder as %s',
    async (name) => {
      const content = name.endsWith('.json') ? text : `export default ${text}`
      const folder = await folderWith({ [name]: content })
      expect(await definitionFrom(undefined, folder)).toEqual(definition)
    },
  )

  test('may be missing: then all names are the default ones', async () => {
    expect(await definitionFrom(undefined, await makeFolder())).toEqual({})
  })

  test('is refused if the folder has two, and both are named', async () => {
    const folder = await folderWith({ 'daybook.config.js': '', 'daybook.config.json': text })
    await expect(definitionFrom(undefined, folder)).rejects.toThrow(
      `there are both ${folder}/daybook.config.js and ${folder}/daybook.config.json: remove one of them, or name one with --ledger`,
    )
  })

  test.each([
    ['bad.json', '{', 'cannot be loaded from'],
    ['bad.mjs', 'export const accounts = 1', 'it has no default export: expected "export default'],
    ['bad.mjs', 'throw new Error("no config today")', 'bad.mjs: no config today'],
    ['bad.json', '[]', 'bad.json: the definition is [], not an object'],
    [
      'bad.json',
      '{"collection":{}}',
      'bad.json: the definition has an unknown key, "collection": did you mean "collections"?',
    ],
    [
      'bad.json',
      '{"collections":{"accounts":"$"}}',
      'collections.accounts of the definition is "$"',
    ],
  ])('is refused with its name if it is wrong: %s with %s', async (name, content, message) => {
    const path = join(await folderWith({ [name]: content }), name)
    const loaded = definitionFrom(path)
    await expect(loaded).rejects.toThrow(InputError)
    await expect(loaded).rejects.toThrow(message)
    await expect(loaded).rejects.toThrow(path)
  })

  test('is read before the database is opened, and named when it does not exist', async () => {
    expect(
      await daybook('mongodb://127.0.0.1:9/', ['verify', '--ledger', '/nowhere/bank.json']),
    ).toEqual({
      exitCode: 4,
      stdout: '',
      stderr:
        "daybook: the definition of the ledger cannot be loaded from /nowhere/bank.json: ENOENT: no such file or directory, open '/nowhere/bank.json'\n",
    })
  })
})
