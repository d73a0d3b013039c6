import { readFile, writeFile } from 'node:fs/promises'
import iconv from 'iconv-lite'
import { describe, expect, test } from 'vitest'
import { type BatchRecord, freshBatch } from '../../src/models/batch.ts'
import { databasePoster } from '../../src/replay/posting/chunk-poster.ts'
import { Rehearsal, type ReplayOptions, replay, verify } from '../../src/index.ts'
import type { Row } from '../../src/replay/reading/row.ts'
import { removeEarlierRun } from '../../src/replay/restart.ts'
import { setFailpoint } from '../../src/testing/failpoint.ts'
import { booksOf, makeFile, openAccounts } from '../support/batch.ts'
import { useDatabase } from '../support/database.ts'

const { connection, Account, Transfer } = useDatabase()

const CSV = 'id,from,to,amount\nT1,A0,A1,"1,50"\nT2,A0,A1,"2,50"\nT3,A0,NOBODY,"1,00"\n'

/** Replays a file with an option that refuses each of its lines. */
async function refusedAsAWhole(content: string | Buffer = CSV, options: object = {}) {
  await openAccounts(Account, { count: 2, openingBalance: '100' })
  const file = await makeFile('bank.csv', content)
  expect(await replay(connection, { file, ...options })).toMatchObject({ posted: 0, read: 3 })
  return file
}

const batches = connection.collection<BatchRecord>('batches')
const expectBalanced = async () => expect((await verify(connection)).violations).toEqual([])

/** What is left when the right options are used at once. */
const RIGHT = { posted: 2, refused: 1, resumedAt: 0, alreadyFinished: false, status: 'finished' }

describe('a batch that has posted nothing is started again', () => {
  const named = iconv.encode(
    'id,from,to,amount,reference\nT1,A0,A1,1,é\nT2,A0,A1,2,ü\nT3,A0,NOBODY,1,ö\n',
    'latin1',
  )

  test.each<[string, string | Buffer, Partial<ReplayOptions>, Partial<ReplayOptions>]>([
    ['encoding', named, {}, { encoding: 'windows-1252' }],
    ['decimal', CSV, { decimal: '.' }, { decimal: ',' }],
    ['currency', CSV, { currency: 'EUR', decimal: ',' }, { decimal: ',' }],
  ])('with another %s', async (_, content, wrong, right) => {
    const file = await refusedAsAWhole(content, wrong)
    const { refusals } = await booksOf(connection)

    const summary = await replay(connection, { file, ...right })

    expect(summary).toMatchObject({ ...RIGHT, startedAgain: { refused: 3 } })
    expect(refusals).toHaveLength(3)
    expect((await booksOf(connection)).refusals).toMatchObject([{ code: 'ACCOUNT_NOT_FOUND' }])
    expect(await replay(connection, { file, ...right })).toMatchObject({ alreadyFinished: true })
    await expectBalanced()
  })

  test('with a corrected file, also one without ids', async () => {
    const file = await refusedAsAWhole(CSV.replaceAll(/^(id|T\d),/gm, ''))
    await writeFile(file, 'from,to,amount\nA0,A1,1.50\n')

    expect(await replay(connection, { file })).toMatchObject({ posted: 1, refused: 0, records: 1 })
    await expectBalanced()
  })

  test('with other options for the same file without ids', async () => {
    const file = await refusedAsAWhole(CSV.replaceAll(/^(id|T\d),/gm, ''))

    expect(await replay(connection, { file, decimal: ',' })).toMatchObject(RIGHT)
  })

  test('and its rejects are those of the new run', async () => {
    const file = await refusedAsAWhole()
    const rejects = await makeFile('rejects.csv', '')

    await replay(connection, { file, decimal: ',', atomic: true, rejects })

    const lines = (await readFile(rejects, 'utf8')).trim().split('\n')
    expect(lines.map((line) => line.split(',')[0])).toEqual([
      'code',
      'LINKED_TRANSFER_REFUSED',
      'LINKED_TRANSFER_REFUSED',
      'ACCOUNT_NOT_FOUND',
    ])
    expect(await booksOf(connection)).toMatchObject({ transfers: [], refusals: [], batches: [] })
  })

  test('in a dry run that writes nothing and ends as the real run', async () => {
    const file = await refusedAsAWhole()
    const before = await booksOf(connection)
    const dryRun = new Rehearsal(connection)
    const [rejects, real] = [await makeFile('dry.csv', ''), await makeFile('real.csv', '')]

    const rehearsed = [
      await replay(connection, { file, dryRun, decimal: ',', rejects }),
      await replay(connection, { file, dryRun, decimal: ',' }),
    ]

    expect(await booksOf(connection)).toEqual(before)
    const timeless = ({ ...summary }: object) => ({
      ...summary,
      seconds: 0,
      rate: 0,
      dryRun: false,
    })
    expect(rehearsed.map(timeless)).toEqual([
      timeless(await replay(connection, { file, decimal: ',', rejects: real })),
      timeless(await replay(connection, { file, decimal: ',' })),
    ])
    expect(await readFile(rejects, 'utf8')).toBe(await readFile(real, 'utf8'))
  })

  test('within one rehearsal', async () => {
    await openAccounts(Account, { count: 2, openingBalance: '100' })
    const file = await makeFile('bank.csv', CSV)
    const dryRun = new Rehearsal(connection)
    const rejects = await makeFile('rejects.csv', '')

    await replay(connection, { file, dryRun })

    expect(await replay(connection, { file, dryRun, decimal: ',', rejects })).toMatchObject({
      ...RIGHT,
      startedAgain: { refused: 3 },
    })
    expect(await readFile(rejects, 'utf8')).toMatch(/^code,.*\nACCOUNT_NOT_FOUND,.*\n$/)
  })

  test.each([
    ['delete', 'batches'],
    ['delete', 'refusals'],
    ['insert', 'refusals'],
    ['insert', 'transfers'],
    ['update', 'accounts'],
    ['update', 'batches'],
  ])('exactly once, also if it fails at the %s in %s', async (command, collection) => {
    const file = await refusedAsAWhole()
    const again = () => replay(connection, { file, decimal: ',' })
    await setFailpoint(connection, {
      times: 1,
      data: {
        appName: connection.name,
        failCommands: [command],
        namespace: `${connection.name}.${collection}`,
        errorCode: 8000,
      },
    })

    await expect(again()).rejects.toMatchObject({ code: 8000 })

    const isRemoved = command !== 'delete'
    expect((await booksOf(connection)).batches).toHaveLength(isRemoved ? 0 : 1)
    await expectBalanced()
    expect(await again()).toMatchObject({ posted: 2, refused: 1, resumedAt: 0 })
    expect(await booksOf(connection)).toMatchObject({
      transfers: [{ _id: 'T1' }, { _id: 'T2' }],
      refusals: [{ code: 'ACCOUNT_NOT_FOUND' }],
      batches: [{ posted: 2, refused: 1 }],
    })
    await expectBalanced()
  })

  test('exactly once by several processes', async () => {
    const file = await refusedAsAWhole()

    const summaries = await Promise.all(
      [1, 2, 3].map(() => replay(connection, { file, decimal: ',' })),
    )

    for (const summary of summaries) expect(summary).toMatchObject({ posted: 2, refused: 1 })
    expect(await Transfer.countDocuments()).toBe(2)
    await expectBalanced()
  })
})

describe('a batch is not started again', () => {
  test.each([
    [
      { decimal: '.' },
      'running',
      /use the same options to continue it\. To use other options, replay/,
    ],
    [{}, 'finished', /use the same options and --retry to post its 1 refused lines\. To use other/],
  ])('if it has posted something: %j', async (_, status, advice) => {
    await openAccounts(Account, { count: 2, openingBalance: '100' })
    const file = await makeFile('bank.csv', CSV)
    await replay(connection, {
      file,
      decimal: ',',
      onError: status === 'running' ? 'stop' : 'continue',
    })
    const before = await booksOf(connection)

    await expect(replay(connection, { file, currency: 'USD', decimal: ',' })).rejects.toThrow(
      /^batch "bank.csv" was started with the options \{.*\}, and has posted 2 transfers: /,
    )
    await expect(replay(connection, { file, currency: 'USD', decimal: ',' })).rejects.toThrow(
      advice,
    )
    expect(await booksOf(connection)).toEqual(before)
  })

  test('if its transfers existed', async () => {
    await openAccounts(Account, { count: 2, openingBalance: '100' })
    const file = await makeFile('bank.csv', CSV)
    await replay(connection, { file, decimal: ',', name: 'other' })
    await replay(connection, { file, decimal: ',' })

    await expect(replay(connection, { file })).rejects.toThrow('was started with the options')
  })

  test('by a retry, which says what to do', async () => {
    const file = await refusedAsAWhole()

    await expect(replay(connection, { file, decimal: ',', retry: true })).rejects.toThrow(
      /To use other options, leave --retry out: the batch has posted nothing, so it is started again$/,
    )
    expect((await booksOf(connection)).refusals).toHaveLength(3)
  })

  test.each([false, true])(
    'if it has too many refusals to remove, with dryRun %j',
    async (dryRun) => {
      const file = await refusedAsAWhole()
      await batches.updateOne({}, { $set: { refused: 50_001 } })

      await expect(replay(connection, { file, decimal: ',', dryRun })).rejects.toThrow(
        /has posted nothing, but 50001 refusals, and at most 50000 .*another name \(--as NAME\)$/,
      )
    },
  )

  test('if it is the adoption of a notebook', async () => {
    const reading = JSON.stringify({ currency: 'USD', skipUnadoptable: false })
    await batches.insertOne(freshBatch({ name: 'bank.csv', source: 's', digest: 'd', reading }))
    const file = await makeFile('bank.csv', CSV)

    await expect(replay(connection, { file })).rejects.toThrow('was started with another file')
  })

  test('if another process has posted something of it in the meantime', async () => {
    await refusedAsAWhole()
    await batches.updateOne({}, { $set: { posted: 1, refused: 2 } })
    const before = await booksOf(connection)

    await removeEarlierRun(connection, { ...newBatch(), reading: 'other' })

    expect(await booksOf(connection)).toEqual(before)
  })

  test('by a run that loses it to another one, which stops', async () => {
    const poster = databasePoster(connection, {
      newBatch: newBatch(),
      refusalLimit: Infinity,
      advice: '',
    })
    await poster([unreadable(1)], false)

    await removeEarlierRun(connection, { ...newBatch(), reading: 'other' })

    expect(await booksOf(connection)).toMatchObject({ batches: [], refusals: [] })
    await expect(poster([unreadable(2)], false)).rejects.toThrow(
      'went back to record 0, because its record was removed during the replay: replay the file again',
    )
  })
})

const newBatch = () => ({
  ...freshBatch({ name: 'bank.csv', source: 'f', digest: 'd', reading: '{"map":{}}' }),
  records: 2,
})

const unreadable = (position: number): Row => ({
  position,
  line: position,
  item: 1,
  text: '',
  problem: 'unreadable',
})
