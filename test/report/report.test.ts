import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseHTML } from 'linkedom'
import { describe, expect, inject, test } from 'vitest'
import type { BatchReport, Report } from '../../src/index.ts'
import { REFUSAL_CODES } from '../../src/errors.ts'
import { batchModel, refusalModel } from '../../src/models/batch.ts'
import { replay } from '../../src/replay/replay.ts'
import { report, reportPage } from '../../src/report/index.ts'
import { LARGEST_PAGE, LIMITS } from '../../src/report/limits.ts'
import { REMEDIES } from '../../src/report/remedies.ts'
import { daybook } from '../support/command-line.ts'
import { makeFile } from '../support/batch.ts'
import { useDatabase } from '../support/database.ts'
import { HOSTILE, openHostileAccounts, replayHostileBatch } from '../support/hostile-books.ts'
import { makeFolder } from '../support/temporary-folder.ts'

const books = useDatabase()
const { connection, Account } = books

/** The connection string of the tests' database. */
const uri = (): string => inject('mongodbUri').replace(/\/(\?|$)/, `/${connection.name}$1`)

const json = async (...parameters: string[]): Promise<unknown> => {
  const { stdout } = await daybook(uri(), [...parameters, '--json'])
  return JSON.parse(stdout) as unknown
}
const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown
const elementsOf = (page: string) => parseHTML(page).document

describe('report', () => {
  test('of a batch has what batches --json prints, and sums that agree with it', async () => {
    const { name, posted, refused } = await replayHostileBatch(books, 40)
    const found = (await report(connection, { batch: name })) as BatchReport
    expect(asJson([found.batch])).toEqual(await json('batches'))
    expect(found.posted.reduce((sum, { transfers }) => sum + transfers, 0)).toBe(posted)
    expect(found.refused.reduce((sum, part) => sum + part.refused, 0)).toBe(refused)
    const refusals = (await json('batches', name)) as { code: string }[]
    expect(asJson(found.refusals.map(({ code, first }) => [code, first]))).toEqual(
      found.refusals.map(({ code }) => [
        code,
        refusals.filter((each) => each.code === code).slice(0, LIMITS.linesPerCode),
      ]),
    )
    expect(
      Object.fromEntries(found.money.map(({ currency, amount }) => [currency, amount])),
    ).toEqual(found.batch.amountByCurrency)
  })

  test('of a batch has the balances before and after it, by currency', async () => {
    const { name } = await replayHostileBatch(books, 40)
    await Account.transfer({ from: 'GRACE', to: 'ADA', amount: '300' })
    const { accounts } = (await report(connection, { batch: name })) as BatchReport
    expect(accounts).toEqual([
      {
        currency: 'JPY',
        accounts: 2,
        most: [
          {
            account: 'HANAKO',
            transfers: 10,
            before: '50000',
            after: '49930',
            received: '0',
            sent: '70',
          },
          {
            account: 'ICHIRO',
            transfers: 10,
            before: '50000',
            after: '50070',
            received: '70',
            sent: '0',
          },
        ],
      },
      {
        currency: 'USD',
        accounts: 2,
        most: [
          {
            account: HOSTILE,
            transfers: 10,
            before: '1000.00',
            after: '1012.50',
            received: '12.50',
            sent: '0.00',
          },
          {
            account: 'ADA',
            transfers: 10,
            before: '1000.00',
            after: '987.50',
            received: '0.00',
            sent: '12.50',
          },
        ],
      },
    ])
  })

  test('of a batch reads all transfers twice, whatever it shows of them', async () => {
    const { name } = await replayHostileBatch(books, 40)
    let reads = 0
    connection.getClient().on('commandStarted', ({ command }) => {
      const [first] = (command['pipeline'] ?? []) as { $match?: object }[]
      if (command['aggregate'] === 'transfers' && first?.$match && 'batch' in first.$match) reads++
    })

    await report(connection, { batch: name })

    expect(reads).toBe(2)
  })

  test('of a batch has the latest of many years, and counts those before', async () => {
    await openHostileAccounts(Account)
    const lines = Array.from({ length: 70 }, (_, index) => {
      const currencies = index < 3 ? ['HANAKO', 'ICHIRO', 'JPY'] : ['ADA', 'GRACE', 'USD']
      const [from, to, currency] = currencies
      const effectiveAt = new Date(Date.UTC(1900 + index, 1)).toISOString()
      return JSON.stringify({
        transferId: `T${index}`,
        from,
        to,
        amount: '1',
        currency,
        effectiveAt,
      })
    })
    const file = await makeFile('years.jsonl', lines.join('\n'))
    await replay(connection, { file, name: 'years' })

    const { money } = (await report(connection, { batch: 'years' })) as BatchReport

    expect(money).toMatchObject([
      { currency: 'USD', transfers: 67, amount: '67.00', every: 'year', leftOut: 5 },
      { currency: 'JPY', transfers: 3, amount: '3', every: 'month', leftOut: 0 },
    ])
    expect(money[0]?.periods).toHaveLength(LIMITS.periods)
    expect(money[0]?.periods[0]).toEqual({
      from: new Date('1908-01-01'),
      to: new Date('1909-01-01'),
      transfers: 1,
      amount: '1.00',
    })
  })

  test('of an account has what statement, balances, account show and holds print as JSON', async () => {
    await replayHostileBatch(books, 40)
    const found = await report(connection, { account: 'ADA' })
    expect(asJson(found)).toMatchObject({
      account: await json('account', 'show', 'ADA'),
      entries: await json('statement', 'ADA'),
      holds: await json('holds', '--account', 'ADA'),
      holdCount: 1,
    })
  })

  test('of an account draws few of many balances, with the first and the last', async () => {
    await replayHostileBatch(books, 1_000)
    const found = await report(connection, { account: 'ADA' })
    if (found.kind !== 'account') throw new Error(found.kind)
    expect(found.curve).toHaveLength(LIMITS.points)
    expect(found.curve.at(0)).toMatchObject({ sequence: 1, balance: '998.75' })
    expect(found.curve.at(-1)).toMatchObject({ sequence: 250, balance: '687.50' })
    expect(await reportPage(found)).toContain('The curve has 120 of 250 balances')
  })

  test('of the books has the proof that verify --json prints, and its totals', async () => {
    await replayHostileBatch(books, 40)
    const found = await report(connection)
    if (found.kind !== 'books') throw new Error(found.kind)
    expect(asJson(found.proof)).toEqual(await json('verify'))
    const balances = found.accounts.map(({ currency, balance }) => [currency, balance])
    expect(Object.fromEntries(balances)).toEqual(found.proof.totals)
  })

  test('refuses an unknown batch, an unknown account, and both at once', async () => {
    await expect(report(connection, { batch: 'none' })).rejects.toMatchObject({
      name: 'InputError',
    })
    await expect(report(connection, { account: 'NONE' })).rejects.toMatchObject({
      code: 'ACCOUNT_NOT_FOUND',
    })
    await expect(report(connection, { batch: 'B', account: 'A' })).rejects.toThrow(RangeError)
  })
})

describe('reportPage', () => {
  const reports = async (): Promise<Report[]> => {
    const { name } = await replayHostileBatch(books, 40)
    return [
      await report(connection, { batch: name }),
      await report(connection, { account: HOSTILE }),
      await report(connection),
    ]
  }

  test('escapes all that comes from data, also in charts', async () => {
    for (const found of await reports()) {
      const page = await reportPage(found)
      expect(page).not.toContain('<img')
      expect(page).not.toContain('</script')
      expect(page).not.toContain('\u202E')
      expect(
        elementsOf(page).querySelectorAll('script, img, iframe, link, [onerror]'),
      ).toHaveLength(0)
    }
  })

  test('allows no load, and gives each chart a title, a description and a table', async () => {
    for (const found of await reports()) {
      const document = elementsOf(await reportPage(found))
      const policy = document.querySelector('meta[http-equiv="Content-Security-Policy"]')
      expect(policy?.getAttribute('content')).toMatch(/^default-src 'none';/)
      const figures = [...document.querySelectorAll('figure')]
      expect(figures.length).toBeGreaterThan(0)
      for (const figure of figures) {
        expect(figure.querySelectorAll('svg[role=img] > title')).toHaveLength(2)
        expect(figure.querySelectorAll('svg[role=img] > desc')).toHaveLength(2)
        expect(figure.querySelectorAll('details table tbody tr').length).toBeGreaterThan(0)
      }
    }
  })

  test('of a batch with 100,000 hostile refusals is below its bound', async () => {
    const { name } = await replayHostileBatch(books, 4)
    const codes = [...REFUSAL_CODES, 'MALFORMED_LINE']
    const text = HOSTILE.repeat(100)
    const refusals = Array.from({ length: 100_000 }, (_, index) => ({
      _id: { batch: name, line: index + 10 },
      transferId: `${HOSTILE}${index}`,
      code: codes[index % codes.length],
      message: text.slice(0, 300),
      row: index < 500 ? text : HOSTILE,
    }))
    await refusalModel(connection).collection.insertMany(refusals as never[])
    const refusedByCode = Object.fromEntries(codes.map((code) => [code, 1]))
    await batchModel(connection).collection.updateOne({ _id: name } as object, {
      $set: { refusedByCode, line: 100_010 },
    })
    const page = await reportPage(await report(connection, { batch: name }))
    expect(elementsOf(page).querySelectorAll('h3 [data-code]')).toHaveLength(codes.length)
    expect(Buffer.byteLength(page)).toBeLessThan(LARGEST_PAGE)
  })
})

describe('daybook report', () => {
  test('writes a page, replaces an earlier one, and nothing else', async () => {
    const { name } = await replayHostileBatch(books, 40)
    const file = join(await makeFolder(), 'report.html')
    for (const subject of [[name], ['--account', 'ADA'], ['--books']]) {
      const { exitCode, stdout } = await daybook(uri(), ['report', ...subject, '--output', file])
      expect([exitCode, stdout]).toEqual([0, `${file}\n`])
    }
    expect(await readFile(file, 'utf8')).toContain('the books balance')
    await writeFile(file, 'a letter')
    const { exitCode, stderr } = await daybook(uri(), ['report', '--output', file])
    expect([exitCode, stderr]).toEqual([4, expect.stringContaining('not a report of Daybook')])
    expect(await readFile(file, 'utf8')).toBe('a letter')
  })

  test('is what replay --report writes', async () => {
    await Account.open({ accountId: 'ADA', holder: 'Ada', currency: 'USD', openingBalance: '10' })
    await Account.open({ accountId: 'GRACE', holder: 'Grace', currency: 'USD' })
    const folder = await makeFolder()
    const file = join(folder, 'rent.csv')
    const page = join(folder, 'rent.html')
    await writeFile(file, 'transferId,from,to,amount\nR1,ADA,GRACE,4\nR2,ADA,GRACE,40\n')
    const { exitCode, stderr } = await daybook(uri(), ['replay', file, '--report', page])
    expect([exitCode, stderr]).toEqual([5, expect.stringContaining(`the report is in ${page}`)])
    const document = elementsOf(await readFile(page, 'utf8'))
    expect(document.querySelector('h1')?.textContent).toBe('rent.csv')
    expect(document.querySelector('[data-code] data')?.getAttribute('value')).toBe('1')
  })

  test.each([
    [['report', 'B', '--account', 'A'], 'a report has one subject'],
    [['report', '--account', 'A', '--books'], 'a report has one subject'],
    [['report', 'B', '--since', 'S'], '--since is for the books'],
    [['report', '--json', '--output', 'F'], '--output cannot be combined with --json'],
    [['replay', 'a', 'b', '--report', 'F'], 'one file at a time'],
    [['replay', 'a', '--dry-run', '--report', 'F'], '--report cannot be combined with --dry-run'],
  ])('%j is a usage error', async (parameters, message) => {
    const { exitCode, stderr } = await daybook('mongodb://127.0.0.1:1', parameters)
    expect([exitCode, stderr]).toEqual([64, expect.stringContaining(message)])
  })
})

test('remedies are those of docs/refusals.md', async () => {
  const sections = (await readFile('docs/refusals.md', 'utf8')).split(/^## /m).slice(1)
  const documented = sections.map((section) => {
    const remedy = /^Remedy: ([^]*?)\n(?:\n|$)/m.exec(`${section}\n`)?.[1] ?? ''
    const text = remedy.trim().replaceAll(/\s*\n\s*/g, ' ')
    return [/^[A-Z_]+/.exec(section)?.[0], text.replaceAll(/\[([^\]]+)\]\([^)]*\)/g, '$1')]
  })
  expect(Object.fromEntries(documented)).toMatchObject(REMEDIES)
})
