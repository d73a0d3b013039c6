import { statSync } from 'node:fs'
import { readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { type VerifyOptions, replay, verify } from '../../src/index.ts'
import { makeFile } from '../support/batch.ts'
import { useDatabase } from '../support/database.ts'
import { makeFolder } from '../support/temporary-folder.ts'

const { connection, Account } = useDatabase()

const accounts = connection.collection<{ _id: string }>('accounts')

/** So many that they are read in six ranges, of which three are proven at the same time. */
const COUNT = 2_600
const idAt = (index: number) => `R${String(index).padStart(5, '0')}`

let file = ''

beforeEach(async () => {
  const first = await Account.open({ accountId: idAt(0), holder: 'Ada', currency: 'JPY' })
  const { _id, ...record } = first.toObject()
  const others = Array.from({ length: COUNT - 1 }, (_, index) => ({
    _id: idAt(index + 1),
    ...record,
  }))
  await accounts.insertMany(others)
  await Account.setOverdraftLimit(idAt(0), '1000000')
  await Account.transferMany(
    Array.from({ length: 300 }, (_, index) => ({
      from: idAt(0),
      to: idAt(1 + ((index * 37) % (COUNT - 1))),
      amount: '1',
    })),
  )
  const rows = [`B1,${idAt(0)},${idAt(9)},1`, `B2,${idAt(0)},${idAt(2_500)},1`, 'B3,X,Y,1']
  await replay(connection, {
    file: await makeFile('pay.csv', `id,from,to,amount\n${rows.join('\n')}\n`),
  })
  file = join(await makeFolder(), 'books.state')
})

const partial = () => `${file}.partial`
const sizeOfPartial = () => statSync(partial(), { throwIfNoEntry: false })?.size ?? 0

/** Interrupts a verification when it has written down that a part of the accounts is proven. */
async function interrupt(options: VerifyOptions = {}): Promise<void> {
  const controller = new AbortController()
  const reason = new Error('killed')
  const onProgress = () => {
    if (sizeOfPartial() > 100_000) controller.abort(reason)
  }
  const { signal } = controller
  const running = verify(connection, { save: file, ...options, onProgress, signal })
  await expect(running).rejects.toBe(reason)
  expect(sizeOfPartial()).toBeGreaterThan(100_000)
}

const linesOf = async (path: string) => (await readFile(path, 'utf8')).split('\n').slice(1, -2)

test('a verification that was interrupted ends as one that was not', async () => {
  const whole = join(await makeFolder(), 'whole.state')
  const { resumed: none, ...expected } = await verify(connection, { save: whole })
  expect(none).toBeUndefined()
  await interrupt()
  const { resumed, ...verification } = await verify(connection, { save: file })
  expect(resumed?.accounts).toBeGreaterThanOrEqual(500)
  expect(resumed?.accounts).toBeLessThan(COUNT)
  expect(verification).toEqual(expected)
  expect(verification).toMatchObject({ accounts: COUNT, transfers: 302, batches: 1, refusals: 1 })
  expect(await linesOf(file)).toEqual(await linesOf(whole))
  expect(sizeOfPartial()).toBe(0)
  expect(await verify(connection, { since: file })).toMatchObject({ violations: [], transfers: 0 })
})

test.each(['since', 'against'])('a verification with %s is continued, too', async (option) => {
  const state = file
  await verify(connection, { save: state })
  file = `${state}.new`
  await Account.transfer({ from: idAt(0), to: idAt(3), amount: '1' })
  await Account.transfer({ from: idAt(3), to: idAt(2_590), amount: '1' })
  await interrupt({ [option]: state })
  const { resumed, ...verification } = await verify(connection, { [option]: state, save: file })
  expect(resumed?.accounts).toBeGreaterThanOrEqual(500)
  const { digest } = await verify(connection)
  expect(verification).toMatchObject({ violations: [], saved: true, digest })
})

test('a violation that was found before the interruption is not lost', async () => {
  await accounts.updateOne(
    { _id: idAt(3) },
    { $set: { note: 1 } },
    { bypassDocumentValidation: true },
  )
  await interrupt()
  await accounts.updateOne({ _id: idAt(3) }, { $unset: { note: 1 } })
  const { violations, resumed, saved } = await verify(connection, { save: file })
  expect(resumed?.accounts).toBeGreaterThanOrEqual(500)
  expect(violations).toMatchObject([{ kind: 'unknown-field', id: idAt(3) }])
  expect(saved).toBe(false)
  // The next run starts again, and finds that this is repaired.
  const again = await verify(connection, { save: file })
  expect(again).toMatchObject({ violations: [], saved: true })
  expect(again).not.toHaveProperty('resumed')
})

test('a batch that is replayed between the interruption and the rest is no violation', async () => {
  await interrupt()
  const rows = [`C1,${idAt(0)},${idAt(9)},1`, `C2,${idAt(2_500)},${idAt(0)},1`, 'C3,X,Y,1']
  await replay(connection, {
    file: await makeFile('more.csv', `id,from,to,amount\n${rows.join('\n')}\n`),
  })
  expect(await verify(connection, { save: file })).toMatchObject({ violations: [], saved: true })
  expect(await verify(connection, { since: file })).toMatchObject({ violations: [] })
})

test('what was being written when a run was killed, and what is damaged, is proven again', async () => {
  const { digest } = await verify(connection)
  await interrupt()
  await truncate(partial(), sizeOfPartial() - 5_000)
  await interrupt({ limit: 3 })
  const continued = await readFile(partial(), 'utf8')
  const damaged = continued.replace(
    `"id":"${idAt(700)}","currency":"JPY"`,
    `"id":"${idAt(700)}","currency":"USD"`,
  )
  expect(damaged).not.toBe(continued)
  await writeFile(partial(), damaged)
  const { resumed, ...verification } = await verify(connection, { save: file })
  // Account 700 is in the second range.
  expect(resumed?.accounts).toBe(500)
  expect(verification).toMatchObject({ balanced: true, digest })
})

test('an interrupted run is not continued as another one', async () => {
  await interrupt()
  const before = await readFile(partial(), 'utf8')
  const other = join(await makeFolder(), 'other.state')
  await verify(connection, { save: other })
  await expect(verify(connection, { save: file, against: other })).rejects.toThrow(
    'line 1: this verification was interrupted, and had another state for --against',
  )
  expect(await readFile(partial(), 'utf8')).toBe(before)
  for (const text of ['', 'hello\n', '{"daybook":"kept state","version":1}\n']) {
    await writeFile(partial(), text)
    await expect(verify(connection, { save: file })).rejects.toThrow(
      'line 1: this is not an unfinished verification',
    )
  }
})

test('a run whose file another process has written to is not saved', async () => {
  let isSpoiled = false
  const onProgress = () => {
    if (isSpoiled || sizeOfPartial() < 100_000) return
    isSpoiled = true
    void writeFile(partial(), '{"id":"foreign"}\n', { flag: 'a' })
  }
  await expect(verify(connection, { save: file, onProgress })).rejects.toThrow(
    'another process has written to the file in the meantime: verify again',
  )
  await expect(readFile(file)).rejects.toMatchObject({ code: 'ENOENT' })
  expect(await verify(connection, { save: file })).toMatchObject({ balanced: true, saved: true })
})
