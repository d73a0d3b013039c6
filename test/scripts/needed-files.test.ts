import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { daybook } from '../support/command-line.ts'
import { makeFolder } from '../support/temporary-folder.ts'

/** Nothing listens here, so a command that gets as far as its database fails with that. */
const nowhere = 'mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=1'

describe('before a database is opened', () => {
  test.each([
    ['replay FOLDER/none.csv', 'none.csv": the file does not exist: check its path'],
    ['replay FOLDER', ': this is a folder: name a file'],
    ['replay --restore FOLDER/none.csv.gz', 'none.csv.gz": the file does not exist'],
    ['replay FOLDER/a.csv FOLDER/none.csv', 'none.csv": the file does not exist'],
    ['replay FOLDER/a.csv --format-file FOLDER/none.json', 'none.json": the file does not exist'],
    ['replay FOLDER/a.csv --transform FOLDER/none.js', 'none.js cannot be read: the file does not'],
    ['replay FOLDER/a.csv --rejects FOLDER/none/r.csv', 'none" does not exist or is not writable'],
    ['seed --file FOLDER/none.json', 'none.json": the file does not exist'],
    ['seed --file FOLDER/a.csv --format-file FOLDER/none.json', 'none.json": the file does not'],
    ['verify --since FOLDER/none.json', 'none.json": the file does not exist'],
    ['verify --against FOLDER/none.json', 'none.json": the file does not exist'],
    ['verify --save FOLDER/none/state', 'none" does not exist or is not writable'],
    ['export --output FOLDER/none/t.csv', 'none" does not exist or is not writable'],
    ['migrate up --migrations FOLDER/none', 'none": the folder does not exist: check its path'],
    ['migrate status --migrations FOLDER/a.csv', 'a.csv": this is a file: name a folder'],
  ])('%s says that %s', async (command, message) => {
    const folder = await makeFolder()
    await writeFile(join(folder, 'a.csv'), 'transferId,from,to,amount\n')
    const parameters = command.replaceAll('FOLDER', folder).split(' ')
    const { exitCode, stderr } = await daybook(nowhere, parameters)
    expect({ exitCode, stderr }).toEqual({
      exitCode: 4,
      stderr: expect.stringContaining(message) as string,
    })
  })
})

test('a format file of accounts may start with a byte order mark, and its keys are checked', async () => {
  const folder = await makeFolder()
  const format = join(folder, 'format.json')
  const seed = ['seed', '--file', join(folder, 'none.csv'), '--format-file', format]
  await writeFile(format, '\uFEFF{ "delimiter": ";" }')
  expect((await daybook(nowhere, seed)).stderr).toContain('none.csv": the file does not exist')
  await writeFile(format, '{ "delimeter": ";" }')
  expect(await daybook(nowhere, seed)).toMatchObject({
    exitCode: 4,
    stderr: expect.stringMatching(/format\.json": .*did you mean "delimiter"\?/) as string,
  })
})
