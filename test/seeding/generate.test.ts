import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { describe, expect, inject, test } from 'vitest'
import { InputError, type TransferRequest, replay, verify } from '../../src/index.ts'
import { type FakeTransfer, fakeTransfers } from '../../src/seeding/fake-transfers.ts'
import { generate, type GenerateOptions } from '../../src/seeding/generate.ts'
import { seed } from '../../src/seeding/seed.ts'
import { type SeededAccounts, seededAccounts } from '../../src/seeding/seeded-accounts.ts'
import { daybook } from '../support/command-line.ts'
import { useDatabase } from '../support/database.ts'
import { makeFolder } from '../support/temporary-folder.ts'

const { connection, Account, Transfer, Hold } = useDatabase()

const committed = fileURLToPath(new URL('../../seeds/transfers.csv', import.meta.url))
const readme = new URL('../../seeds/README.md', import.meta.url)

/** What seeds/transfers.csv was generated with. */
const COMMITTED = { transfers: 10_000, seeded: { accounts: 980 }, seed: 42 }

async function makeTransfers(options: Omit<GenerateOptions, 'file'>): Promise<FakeTransfer[]> {
  const transfers: FakeTransfer[] = []
  for await (const block of fakeTransfers(seededAccounts(options.seeded), options)) {
    transfers.push(...block)
  }
  return transfers
}

/** The transfer that a line stands for, as replay reads it. */
const requestOf = ({
  fields: { reference, effectiveAt, ...fields },
}: FakeTransfer): TransferRequest => ({
  ...fields,
  ...(reference !== '' && { reference }),
  ...(effectiveAt !== undefined && { effectiveAt: new Date(effectiveAt) }),
})

const idsIn = (text: string): string[] => text.match(/^TR\d+-\d+/gm) ?? []

/** The share of transfers with one of the six busiest accounts on one side. */
async function shareOfBusiest(hot: number): Promise<number> {
  const seeded: SeededAccounts = { accounts: 3_000, currencies: ['USD'] }
  const transfers = await makeTransfers({ transfers: 4_000, refusals: 0, repeats: 0, hot, seeded })
  const counts = new Map<string, number>()
  for (const { fields } of transfers) {
    for (const id of [fields.from, fields.to]) counts.set(id, (counts.get(id) ?? 0) + 1)
  }
  const busiest = [...counts.values()].toSorted((one, other) => other - one)
  // These are the hot ones: three in USD, and one each in EUR, JPY and KWD.
  return busiest.slice(0, 6).reduce((sum, count) => sum + count, 0) / transfers.length
}

describe('seeds/transfers.csv', () => {
  test('is what generate writes', async () => {
    const file = join(await makeFolder(), 'transfers.csv')
    await generate({ file, ...COMMITTED })
    expect((await readFile(file)).equals(await readFile(committed))).toBe(true)
  })

  test('holds 10,000 transfers, the notebook’s as the first', async () => {
    const [header, first, ...others] = (await readFile(committed, 'utf8')).trimEnd().split('\n')
    expect(header).toBe('transferId,from,to,amount,currency,reference')
    expect(first).toBe('TR218721873,MDB574189300,MDB343652528,100,USD,')
    expect(others).toHaveLength(9_999)
  })

  test('has the intended outcome in each line, for each reason', async () => {
    await seed(connection, COMMITTED.seeded)
    const transfers = await makeTransfers(COMMITTED)
    const readable = transfers.filter(({ outcome }) => outcome !== 'MALFORMED_LINE')
    const results = await Account.transferMany(readable.map(requestOf))
    const outcomes = results.map((result) =>
      result.status === 'refused' ? result.code : result.status,
    )
    expect(outcomes).toEqual(readable.map(({ outcome }) => outcome))
    expect(await verify(connection)).not.toHaveProperty('violation')
    const { transferCount } = await Account.findById('MDB574189300').orFail()
    expect(transferCount).toBeGreaterThanOrEqual(15)
    expect(transferCount).toBeLessThanOrEqual(30)
  })

  test('is replayed with the counts in seeds/README.md', async () => {
    await seed(connection, COMMITTED.seeded)
    const { posted, existing, refusedByCode } = await replay(connection, { file: committed })
    const counts = { posted, existing, ...refusedByCode }
    const rows = (await readFile(readme, 'utf8')).matchAll(/^\| `?(\w+)`? +\| +([\d,]+) +\|/gm)
    const documented = [...rows].map(([, name, count]) => [name, Number(count?.replace(',', ''))])
    expect(Object.fromEntries(documented)).toEqual(counts)
    expect(Object.keys(refusedByCode)).toHaveLength(11)
  })
})

describe('generate', () => {
  const SMALL = { transfers: 600, refusals: 0.1, repeats: 0.05, seeded: { accounts: 40 } }

  test.for(['csv', 'tsv', 'jsonl', 'json', 'csv.gz', 'ndjson.gz'])(
    'writes %s that replays with the intended outcomes',
    async (extension) => {
      const file = join(await makeFolder(), `batch.${extension}`)
      const { outcomes, transfers } = await generate({ file, ...SMALL })
      await seed(connection, SMALL.seeded)
      const summary = await replay(connection, { file })
      expect(transfers).toBe(600)
      expect({
        posted: summary.posted,
        existing: summary.existing,
        ...summary.refusedByCode,
      }).toEqual(outcomes)
    },
  )

  test.for(['csv', 'jsonl'])(
    'writes holds to %s that replay with the intended outcomes',
    async (extension) => {
      const file = join(await makeFolder(), `batch.${extension}`)
      const history = { from: '2026-01-01', to: '2026-01-31' }
      const { outcomes } = await generate({ file, ...SMALL, holds: 0.5, history })
      await seed(connection, SMALL.seeded)

      const summary = await replay(connection, { file })

      expect({
        posted: summary.posted,
        existing: summary.existing,
        ...summary.refusedByCode,
      }).toEqual(outcomes)
      expect(summary.holdsPlaced).toBeGreaterThan(100)
      expect(await Hold.distinct('status')).toEqual(['active', 'captured', 'released'])
      const inParts = { finalCapture: { $exists: true }, $expr: { $lt: ['$captured', '$amount'] } }
      expect(await Hold.countDocuments(inParts)).toBeGreaterThan(5)
      expect((await verify(connection)).violations).toEqual([])
    },
  )

  test('writes the same bytes each time, and other ids with another seed', async () => {
    const folder = await makeFolder()
    const write = async (name: string, seedOfBatch: number) => {
      const file = join(folder, name)
      await generate({ file, ...SMALL, seed: seedOfBatch })
      return await readFile(file, 'utf8')
    }
    const one = await write('1.csv', 5)
    expect(await write('2.csv', 5)).toBe(one)
    const other = new Set(idsIn(await write('3.csv', 6)))
    expect(idsIn(one).filter((id) => other.has(id))).toEqual([])
  })

  test('gzips the same text', async () => {
    const folder = await makeFolder()
    await generate({ file: join(folder, 'a.csv'), ...SMALL })
    await generate({ file: join(folder, 'a.csv.gz'), ...SMALL })
    const unpacked = gunzipSync(await readFile(join(folder, 'a.csv.gz')))
    expect(unpacked.equals(await readFile(join(folder, 'a.csv')))).toBe(true)
  })

  test('makes only transfers that post if refusals and repeats are 0', async () => {
    const options = { transfers: 3_000, refusals: 0, repeats: 0, seeded: { accounts: 100 } }
    await seed(connection, options.seeded)
    const transfers = await makeTransfers(options)
    const results = await Account.transferMany(transfers.map(requestOf))
    expect(new Set(results.map(({ status }) => status))).toEqual(new Set(['posted']))
  })

  test('has a hot account on one side of the requested share of transfers', async () => {
    expect(await shareOfBusiest(0)).toBeLessThan(0.1)
    expect(await shareOfBusiest(0.5)).toBeGreaterThan(0.4)
    expect(await shareOfBusiest(0.5)).toBeLessThan(0.65)
  })

  test('works if only one account in hundreds has a cent', async () => {
    const file = join(await makeFolder(), 'accounts.json')
    const poor = Array.from({ length: 300 }, (_, index) => ({
      accountId: `A${index}`,
      holder: 'X',
      currency: 'USD',
    }))
    const rich = { ...poor[0], accountId: 'B', openingBalance: '0.01' }
    await writeFile(file, JSON.stringify([...poor, rich]))
    const transfers = await makeTransfers({ transfers: 50, refusals: 0.5, seeded: { file } })
    await seed(connection, { file })
    const readable = transfers.filter(({ outcome }) => outcome !== 'MALFORMED_LINE')
    const results = await Account.transferMany(readable.map(requestOf))
    expect(
      results.map((result) => (result.status === 'refused' ? result.code : result.status)),
    ).toEqual(readable.map(({ outcome }) => outcome))
  })

  test.for([
    [
      'no two accounts have the same currency',
      '[{"accountId":"A","holder":"X","currency":"USD"}]',
      'no two open accounts',
    ],
    [
      'no account has any money',
      '[{"accountId":"A","holder":"X","currency":"USD"},{"accountId":"B","holder":"X","currency":"USD"}]',
      'no open account has anything to send',
    ],
  ] as const)('is refused if %s, and writes nothing', async ([, text, message]) => {
    const folder = await makeFolder()
    const accounts = join(folder, 'accounts.json')
    await writeFile(accounts, text)
    const file = join(folder, 'batch.csv')
    await expect(generate({ file, transfers: 5, seeded: { file: accounts } })).rejects.toThrow(
      message,
    )
    expect(await readdir(folder)).toEqual(['accounts.json'])
  })

  test('leaves out the notebook’s transfer if its sender cannot pay it', async () => {
    const file = join(await makeFolder(), 'accounts.json')
    const account = { holder: 'X', currency: 'USD', openingBalance: '99.99' }
    const ids = ['MDB574189300', 'MDB343652528']
    await writeFile(file, JSON.stringify(ids.map((accountId) => ({ ...account, accountId }))))
    const [first] = await makeTransfers({ transfers: 1, refusals: 0, seeded: { file } })
    expect(first).toMatchObject({ outcome: 'posted', fields: { transferId: 'TR1-000000001' } })
  })

  test('replaces a file only with force', async () => {
    const file = join(await makeFolder(), 'batch.csv')
    await writeFile(file, 'mine')
    await expect(generate({ file, ...SMALL })).rejects.toThrow(InputError)
    await expect(generate({ file, ...SMALL, dryRun: true })).rejects.toThrow(InputError)
    expect(await readFile(file, 'utf8')).toBe('mine')
    await generate({ file, ...SMALL, force: true })
    expect(await readFile(file, 'utf8')).toMatch(/^transferId,/)
  })

  test('does not replace a file that is created while it writes', async () => {
    const folder = await makeFolder()
    const file = join(folder, 'batch.csv')
    let written: Promise<void> | undefined
    const onProgress = () => {
      written ??= writeFile(file, 'mine')
    }
    await expect(generate({ file, ...SMALL, transfers: 20_000, onProgress })).rejects.toThrow(
      'already exists',
    )
    await written
    expect(await readFile(file, 'utf8')).toBe('mine')
    expect(await readdir(folder)).toEqual(['batch.csv'])
  })

  test('leaves nothing behind when it is aborted', async () => {
    const folder = await makeFolder()
    const interruption = new AbortController()
    await expect(
      generate({
        file: join(folder, 'batch.csv'),
        ...SMALL,
        transfers: 5_000,
        signal: interruption.signal,
        onProgress: () => {
          interruption.abort()
        },
      }),
    ).rejects.toMatchObject({ name: 'AbortError' })
    expect(await readdir(folder)).toEqual([])
  })

  test('writes nothing in a dry run', async () => {
    const folder = await makeFolder()
    const file = join(folder, 'batch.csv')
    const dry = await generate({ file, ...SMALL, dryRun: true })
    expect(await readdir(folder)).toEqual([])
    expect(await generate({ file, ...SMALL })).toEqual(dry)
  })

  test('refuses by name a file with an unknown extension, or in a missing folder', async () => {
    const folder = await makeFolder()
    await expect(generate({ file: join(folder, 'batch.xlsx'), ...SMALL })).rejects.toThrow(
      'batch.xlsx" is not one of .csv',
    )
    await expect(generate({ file: join(folder, 'no', 'batch.csv'), ...SMALL })).rejects.toThrow(
      'batch.csv" cannot be written: ENOENT',
    )
  })
})

describe('daybook generate', () => {
  test('prints what it wrote', async () => {
    const file = join(await makeFolder(), 'batch.csv')
    const options = ['--transfers', '100', '--accounts', '40', '--refusals', '0', '--repeats', '0']
    expect(await daybook('', ['generate', file, ...options])).toEqual({
      exitCode: 0,
      stdout: `${file}: 100 transfers written\nto post: 100\nrepeats: 0\n`,
      stderr: '',
    })
  })

  test('says of a dry run that nothing was written', async () => {
    const file = join(await makeFolder(), 'batch.csv')
    const { stderr } = await daybook('', ['generate', file, '--transfers', '1', '--dry-run'])
    expect(stderr).toBe('dry run: nothing was written\n')
  })

  test('has other ids than the demo and the past of seed, so that a database can have all', async () => {
    const uri = inject('mongodbUri').replace(/\/(\?|$)/, `/${connection.name}$1`)
    const file = join(await makeFolder(), 'batch.csv')
    const options = ['--accounts', '40', '--from', '2026-01-01', '--to', '2026-01-31']
    await daybook('', ['generate', file, '--transfers', '300', ...options])
    await daybook(uri, ['seed', '--transfers', '300', ...options])
    const past = (await Transfer.find().lean()).map(({ _id }) => _id)
    const demo = new Set((await readFile(committed, 'utf8')).match(/^TR[\w-]+/gm))
    const ids = (await readFile(file, 'utf8')).match(/^TR[\w-]+/gm) ?? []
    const others = [...past, ...demo]
    expect(Math.min(ids.length, past.length)).toBeGreaterThan(250)
    expect(ids.filter((id) => others.includes(id))).toEqual([])
    expect(new Set(others).size).toBe(others.length)
  })
})
