import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { startBrowser } from '../../scripts/browser.ts'
import { withPage } from '../support/browser.ts'
import { daybook } from '../support/command-line.ts'
import { useDatabase } from '../support/database.ts'
import {
  HOSTILE,
  HOSTILE_BATCH,
  hostileBatch,
  openHostileAccounts,
} from '../support/hostile-books.ts'

const books = useDatabase()

/** The pages, and what the commands print as JSON of the same books. */
const pages = { batch: '', account: '', books: '' }
const printed = {
  batch: {} as Batch,
  statement: [] as Entry[],
  account: {} as Account,
  proof: {} as Proof,
}
let browser: Browser
let folder: string

beforeAll(async () => {
  browser = await startBrowser()
  folder = await mkdtemp(join(tmpdir(), 'daybook-reports-'))
  await openHostileAccounts(books.Account)
  const file = join(folder, 'batch.jsonl')
  await writeFile(file, hostileBatch(120))
  const uri = inject('mongodbUri').replace(/\/(\?|$)/, `/${books.connection.name}$1`)
  await daybook(uri, ['replay', file, '--as', HOSTILE_BATCH])
  const json = async (...parameters: string[]): Promise<unknown> =>
    JSON.parse((await daybook(uri, [...parameters, '--json'])).stdout)
  const [batch] = (await json('batches')) as Batch[]
  printed.batch = batch as Batch
  printed.account = (await json('account', 'show', 'ADA')) as Account
  printed.statement = (await json('statement', 'ADA', '--limit', '100')) as Entry[]
  printed.proof = (await json('verify')) as Proof
  const subjects = { batch: [HOSTILE_BATCH], account: ['--account', 'ADA'], books: ['--books'] }
  for (const kind of ['batch', 'account', 'books'] as const) {
    const page = join(folder, `${kind}.html`)
    await daybook(uri, ['report', ...subjects[kind], '--output', page])
    pages[kind] = pathToFileURL(page).href
  }
})

afterAll(async () => {
  await browser.close()
  await rm(folder, { recursive: true })
})

interface Batch {
  readonly _id: string
  readonly posted: number
  readonly existing: number
  readonly refused: number
  readonly refusedByCode: Readonly<Record<string, number>>
  readonly amountByCurrency: Readonly<Record<string, string>>
}

interface Entry {
  readonly transferId: string
  readonly amount: string
  readonly balance: string
}

interface Account {
  readonly balance: string
  readonly held: string
  readonly transferCount: number
}

interface Proof {
  readonly accounts: number
  readonly digest: string
  readonly totals: Readonly<Record<string, string>>
}

const WINDOWS = (['light', 'dark'] as const).flatMap((colorScheme) =>
  [1280, 390].map((width) => ({ colorScheme, viewport: { width, height: 844 } })),
)
const KINDS = ['batch', 'account', 'books'] as const

describe.each(KINDS)('the report of %s', (kind) => {
  test.each(WINDOWS)(
    'is readable, $colorScheme and $viewport.width pixels wide, and loads nothing',
    async (window) => {
      const options = { ...window, url: pages[kind] }
      await withPage(browser, options, async ({ page, errors, requests }) => {
        await page.evaluate(
          'for (const each of document.querySelectorAll("details")) each.open = true',
        )
        const { violations } = await new AxeBuilder({ page }).analyze()
        expect(
          violations.map(({ id, nodes }) => [id, nodes[0]?.html, nodes[0]?.failureSummary]),
        ).toEqual([])
        const { width } = window.viewport
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width)
        const charts = page.locator('svg[role=img]:visible')
        expect(await charts.count()).toBe(await page.locator('figure').count())
        for (const chart of await charts.all()) {
          const box = await chart.boundingBox()
          expect(box?.width).toBeGreaterThan(200)
          expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(width)
        }
        expect(errors).toEqual([])
        expect(requests).toEqual([])
      })
    },
  )

  test('can be printed in full, with the tables behind the charts', async () => {
    await withPage(browser, { url: pages[kind] }, async ({ page }) => {
      await page.emulateMedia({ media: 'print' })
      const rows = page.locator('tbody tr')
      for (const row of await rows.all()) expect(await row.isVisible()).toBe(true)
      const pdf = await page.pdf({ format: 'A4' })
      expect(pdf.toString('latin1')).toMatch(/^%PDF/)
    })
  })
})

const open = <Result>(kind: (typeof KINDS)[number], work: (page: Page) => Promise<Result>) =>
  withPage(browser, { url: pages[kind] }, ({ page }) => work(page))

/** The exact values of the numbers in a part of a page. */
const valuesIn = (part: Locator): Promise<(string | null)[]> =>
  part.locator('data').evaluateAll((elements) => elements.map((each) => each.getAttribute('value')))

/** Each row of the first table with this caption, as it is shown. */
const rowsOf = async (page: Page, caption: string): Promise<string[][]> => {
  const table = page.locator('table').filter({ has: page.locator('caption', { hasText: caption }) })
  const rows = await table.first().locator('tbody tr').all()
  return await Promise.all(rows.map((row) => row.locator('td').allTextContents()))
}

const plainNumber = (text = ''): string => text.trim().replaceAll(',', '').replace('−', '-')

describe('the numbers of a report', () => {
  test('of a batch are those of batches --json', () =>
    open('batch', async (page) => {
      const { _id, posted, existing, refused, refusedByCode, amountByCurrency } = printed.batch
      expect(await page.locator('h1').textContent()).toBe(_id)
      expect(await valuesIn(page.locator('.figures'))).toEqual(
        [posted, existing, refused].map(String),
      )
      for (const [code, count] of Object.entries(refusedByCode)) {
        expect(await valuesIn(page.locator(`[data-code=${code}]`))).toEqual([String(count)])
      }
      const moved = await rowsOf(page, 'Money moved, by currency')
      expect(moved.map((row) => row.map(plainNumber))).toEqual(Object.entries(amountByCurrency))
    }))

  test('of an account are those of account show and statement --json', () =>
    open('account', async (page) => {
      const { balance, held, transferCount } = printed.account
      expect((await valuesIn(page.locator('.figures'))).slice(0, 3)).toEqual([
        balance,
        held,
        String(transferCount),
      ])
      expect(await page.locator('.about').textContent()).toContain(HOSTILE)
      const rows = await rowsOf(page, 'Statement')
      expect(
        rows.map(([, , transferId, , received, sent, after]) => [
          transferId?.trim(),
          plainNumber(received) || `-${plainNumber(sent)}`,
          plainNumber(after),
        ]),
      ).toEqual(printed.statement.map((entry) => [entry.transferId, entry.amount, entry.balance]))
    }))

  test('of the books are those of verify --json', () =>
    open('books', async (page) => {
      const { accounts, digest, totals } = printed.proof
      expect((await valuesIn(page.locator('.figures')))[0]).toBe(String(accounts))
      expect(await page.locator('main').textContent()).toContain(digest)
      const rows = await rowsOf(page, 'currency')
      const sums = rows.map(([currency = '', , , , opening, balance]) => [
        currency.trim(),
        plainNumber(opening),
        plainNumber(balance),
      ])
      const expected = Object.entries(totals).map(([currency, sum]) => [currency, sum, sum])
      expect(new Set(sums)).toEqual(new Set(expected))
    }))
})
