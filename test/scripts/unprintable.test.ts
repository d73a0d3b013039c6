import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import mongoose from 'mongoose'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { accountModel } from '../../src/index.ts'
import { daybook } from '../support/command-line.ts'
import { makeFolder } from '../support/temporary-folder.ts'

/** What a terminal would act on: ESC, BEL, CR, DEL, two C1 controls, a right-to-left override, a tag. */
const HOSTILE = '\u001B[2J\u001B[31m\u0007\r\u007F\u009B\u0085\u202E\u{E0001}'
const ACTED_ON = /(?![\n\u200C\u200D])[\p{C}\p{Zl}\p{Zp}]/u

const uri = inject('mongodbUri').replace(/\/(\?|$)/, `/test-${randomUUID()}$1`)
const connection = mongoose.createConnection(uri)

/** Runs a command, and checks that nothing in its output can act on a terminal. */
async function run(...parameters: string[]) {
  const outcome = await daybook(uri, parameters)
  expect(outcome.stdout).not.toMatch(ACTED_ON)
  expect(outcome.stderr).not.toMatch(ACTED_ON)
  return outcome
}

beforeAll(async () => {
  await daybook(uri, ['migrate', 'up'])
  const Account = accountModel(connection)
  await Account.open({ accountId: 'A', holder: 'Ada', currency: 'USD', openingBalance: '9' })
  await Account.open({ accountId: 'B', holder: 'می‌خواهم', currency: 'USD' })
  await Account.transfer({ transferId: 'T', from: 'A', to: 'B', amount: '1', reference: 'rent' })
  // As a program without Daybook's rules could have written it.
  for (const [name, change] of Object.entries({
    accounts: { _id: `H${HOSTILE}`, holder: HOSTILE },
    transfers: { _id: `H${HOSTILE}`, reference: HOSTILE, toAccount: `H${HOSTILE}` },
  })) {
    const collection = connection.collection(name)
    await collection.insertOne({
      ...(await collection.findOne({ _id: { $ne: 'B' as never } })),
      ...change,
    } as never)
  }
  const batch = {
    source: HOSTILE,
    digest: '',
    reading: '',
    records: 1,
    position: 1,
    line: 2,
    posted: 0,
    existing: 0,
    refused: 1,
    refusedByCode: {},
    amountByCurrency: {},
    status: 'finished',
    startedAt: new Date(),
  }
  await connection.collection('batches').insertOne({ ...batch, _id: HOSTILE as never })
  await connection.collection('refusals').insertOne({
    _id: { batch: HOSTILE, line: 2 } as never,
    code: 'MALFORMED_LINE',
    transferId: HOSTILE,
    message: HOSTILE,
    row: HOSTILE,
  })
})

afterAll(async () => {
  await connection.dropDatabase()
  await connection.close()
})

describe('a terminal gets nothing that it would act on', () => {
  test.each([
    [['account', 'show', `H${HOSTILE}`]],
    [['account', 'show', `H${HOSTILE}`, '--json']],
    [['statement', 'A']],
    [['statement', 'A', '--json']],
    [['statement', 'A', '--csv', '--no-spreadsheet']],
    [['batches']],
    [['batches', '--json']],
    [['batches', HOSTILE]],
    [['batches', HOSTILE, '--json']],
    [['verify']],
    [['verify', '--json']],
  ])('from data: %j', async (parameters) => {
    const { stdout } = await run(...parameters)
    expect(stdout).toContain(String.raw`\u001b[2J`)
    const inColours = await daybook(uri, parameters, { colours: true })
    expect(stripVTControlCharacters(inColours.stdout)).toBe(stdout)
  })

  test.each([
    [['account', 'show', HOSTILE]],
    [['account', 'open', HOSTILE, '--holder', HOSTILE, '--currency', 'USD']],
    [['account', 'open', 'C', '--holder', HOSTILE, '--currency', HOSTILE]],
    [['account', 'open', 'C', '--holder', 'C', '--currency', HOSTILE]],
    [['account', 'open', 'C', '--holder', 'C', '--currency', 'USD', '--balance', HOSTILE]],
    [['account', 'freeze', HOSTILE]],
    [['account', 'close', 'B', '--pay-out-to', HOSTILE]],
    [['account', 'limit', 'B', '--overdraft', HOSTILE]],
    [['account', HOSTILE, 'B']],
    [['transfer', 'A', HOSTILE, '1']],
    [['transfer', 'A', 'B', HOSTILE]],
    [['transfer', 'A', 'B', '1', '--id', HOSTILE]],
    [['transfer', 'A', 'B', '1', '--reference', HOSTILE]],
    [['reverse', HOSTILE]],
    [['reverse', HOSTILE, '--group']],
    [['group', HOSTILE]],
    [['exchange', 'A', HOSTILE, '1', '--id', 'X', '--to-amount', '1', '--through', 'USD=B']],
    [['exchange', 'A', 'B', '1', '--id', 'X', '--to-amount', '1', '--through', HOSTILE]],
    [['statement', HOSTILE]],
    [['statement', 'A', '--limit', HOSTILE]],
    [['batches', `x${HOSTILE}`]],
    [['replay', HOSTILE]],
    [['replay', 'x', '--as', HOSTILE]],
    [['replay', 'x', '--format', HOSTILE]],
    [['replay', 'x', '--delimiter', `${HOSTILE}"`]],
    [['replay', 'x', '--map', HOSTILE]],
    [['replay', 'x', '--map', `${HOSTILE}=x`]],
    [['replay', 'x', '--keep', `${HOSTILE},`]],
    [['replay', 'x', '--currency', HOSTILE]],
    [['replay', 'seeds/transfers.csv', '--rejects', join(HOSTILE, 'x')]],
    [['seed', '--file', HOSTILE]],
    [['seed', '--accounts', '1', '--currencies', HOSTILE]],
    [['generate', `${HOSTILE}.txt`, '--transfers', '1']],
    [['generate', join(HOSTILE, 'x.csv'), '--transfers', '1']],
    [['generate', 'x.csv', '--transfers', '1', '--hot', HOSTILE]],
    [['migrate', 'create', HOSTILE]],
    [['migrate', 'up', '--to', HOSTILE]],
    [['migrate', 'up', '--migrations', HOSTILE]],
    [['migrate', 'mark', HOSTILE, '--applied']],
    [[HOSTILE]],
    [['verify', `--${HOSTILE}`]],
    [['verify', HOSTILE]],
  ])('from the command line: %j', async (parameters) => {
    const { exitCode, stderr } = await run(...parameters)
    expect(exitCode).not.toBe(0)
    expect(stderr).toMatch(/\\u001b|\\u007f/)
  })

  test('from a URI', async () => {
    for (const bad of [`mongodb://${HOSTILE}`, HOSTILE, `mongodb://127.0.0.1:1/?x${HOSTILE}=1`]) {
      const { exitCode, stderr } = await daybook(bad, ['verify'])
      expect(exitCode).not.toBe(0)
      expect(stderr).not.toMatch(ACTED_ON)
    }
  })

  test('from a file: its name, its columns and its lines', async () => {
    const folder = await makeFolder()
    const name = HOSTILE
    const field = HOSTILE.replace('\r', '')
    const batch = `from,to,amount,${field}\nA,${field},1,x\n`
    await writeFile(join(folder, `${name}.csv`), batch)
    expect(await run('replay', join(folder, `${name}.csv`))).toMatchObject({ exitCode: 4 })
    expect(
      await run('replay', join(folder, `${name}.csv`), '--as', 'hostile', '--keep='),
    ).toMatchObject({ exitCode: 5 })
    expect(
      await run('replay', join(folder, `${name}.csv`), '--as', 'other', '--map', `from=${HOSTILE}`),
    ).toMatchObject({ exitCode: 4 })
    expect(await run('batches', 'hostile')).toMatchObject({ exitCode: 0 })
    await writeFile(join(folder, `${name}.jsonl`), `{"from": ${HOSTILE}\n`)
    expect(await run('replay', join(folder, `${name}.jsonl`), '--as', 'lines')).toMatchObject({
      exitCode: 4,
    })
    await writeFile(join(folder, `${name}.json`), `[ ${HOSTILE} ]`)
    expect(await run('replay', join(folder, `${name}.json`), '--as', 'array')).toMatchObject({
      exitCode: 4,
    })
    expect(await run('seed', '--file', join(folder, `${name}.json`))).toMatchObject({ exitCode: 4 })
  })

  test('from a folder of migrations', async () => {
    const folder = await makeFolder()
    await writeFile(join(folder, `9-${HOSTILE.replace('\r', '')}.js`), 'export const nothing = 1')
    expect(await run('migrate', 'status', '--migrations', folder)).toMatchObject({ exitCode: 0 })
    expect(await run('migrate', 'up', '--migrations', folder)).toMatchObject({ exitCode: 4 })
    expect(await run('migrate', 'up', '--migrations', folder, '--to', 'x')).toMatchObject({
      exitCode: 4,
    })
  })

  test('but the joiners that a name needs stay', async () => {
    expect((await run('account', 'show', 'B')).stdout).toContain('می‌خواهم')
  })
})
