import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Connection } from 'mongoose'
import type { AccountModel } from '../../src/models/account-interface.ts'
import type { TransferModel } from '../../src/models/transfer.ts'
import { type ReplayOptions, replay } from '../../src/replay/replay.ts'
import { makeFolder } from './temporary-folder.ts'

/** Writes a file that is removed when the test has finished. Returns its path. */
export async function makeFile(name: string, content: string | Buffer): Promise<string> {
  const path = join(await makeFolder(), name)
  await writeFile(path, content)
  return path
}

/** Makes a FIFO that is removed when the test has finished. Returns its path. */
export async function makeFifo(): Promise<string> {
  const path = join(await makeFolder(), 'fifo')
  execFileSync('mkfifo', [path])
  return path
}

/** Opens the accounts `A0`, `A1` … in USD. */
export async function openAccounts(
  Account: AccountModel,
  { count, openingBalance }: { count: number; openingBalance: string },
): Promise<void> {
  await Promise.all(
    Array.from({ length: count }, (_, index) =>
      Account.open({ accountId: `A${index}`, holder: 'Ada', currency: 'USD', openingBalance }),
    ),
  )
}

/** Everything that a replay writes to the database, except times. */
export async function booksOf(connection: Connection) {
  const read = (name: string, ...times: string[]) =>
    connection
      .collection(name)
      .find(
        {},
        { projection: Object.fromEntries(times.map((time) => [time, 0])), promoteValues: true },
      )
      .sort({ _id: 1 })
      .toArray()
  const books = {
    accounts: await read('accounts', 'createdAt', 'updatedAt'),
    transfers: await read('transfers', 'postedAt'),
    groups: await read('transfer_groups', 'postedAt'),
    holds: await read('holds', 'createdAt', 'endedAt'),
    refusals: await read('refusals'),
    batches: await read('batches', 'startedAt', 'finishedAt', 'source'),
  }
  return JSON.parse(JSON.stringify(books)) as Record<keyof typeof books, unknown[]>
}

/**
 * Returns a function that replays a text as a file of transfers. It opens A0, A1 and A2 with 1,000 USD each, and
 * returns what was posted and refused.
 */
export const replayingOn =
  ({
    connection,
    Account,
    Transfer,
  }: {
    connection: Connection
    Account: AccountModel
    Transfer: TransferModel
  }) =>
  async (
    content: string | Buffer,
    { file: name = 'batch.csv', ...options }: Partial<ReplayOptions> = {},
  ) => {
    await openAccounts(Account, { count: 3, openingBalance: '1000' })
    const file = await makeFile(name, content)
    const summary = await replay(connection, { file, ...options })
    const transfers = await Transfer.find().sort({ fromSequence: 1, _id: 1 })
    const { refusals } = (await booksOf(connection)) as {
      refusals: { _id: { line: number }; code: string; message: string; row: string }[]
    }
    return {
      file,
      summary,
      posted: transfers.map(({ _id, fromAccount, toAccount, amount }) =>
        [_id, fromAccount, toAccount, amount.toString()].join(' '),
      ),
      refused: refusals.map(({ _id, code }) => `${_id.line} ${code}`),
      refusals,
      transfers: transfers.map((transfer) => transfer.toObject()),
    }
  }

/**
 * A CSV file of transfers whose outcome depends on their order: accounts run empty and are filled again. Some
 * lines are refused, for every kind of reason.
 */
export function hardBatch(lines: number, accounts: number): string {
  const rows = ['transferId,from,to,amount,currency,reference']
  for (let index = 0; index < lines; index++) {
    const from = `A${(index * 7) % accounts}`
    const to = `A${(index * 13 + 1) % accounts}`
    const amount = `${((index * 31) % 97) + 1}.${String(index % 100).padStart(2, '0')}`
    if (index % 101 === 50) rows.push(`T${index},${from},nobody,${amount},USD,`)
    else if (index % 103 === 60) rows.push(`T${index},${from},${to},1e3,USD,`)
    else if (index % 107 === 70) rows.push(`T${index},${from},${to}`)
    else if (index % 109 === 80) rows.push(`T${index - 1},${from},${to},0.77,USD,`)
    else if (index % 113 === 90) rows.push(`T${index},${from},${from},1,USD,`)
    else rows.push(`T${index},${from},${to},${amount},USD,"line ""${index}"""`)
  }
  return `${rows.join('\n')}\n`
}

/**
 * A CSV file that places holds, captures them in parts and releases them, between transfers on the same accounts. Many lines
 * are refused, because money is missing, or because the hold has ended, never existed or has too little left.
 */
export function holdBatch(lines: number, accounts: number): string {
  const rows = ['action,transferId,holdId,from,to,amount,expiresAt,final,reference']
  let state = 1
  /** A whole number below `limit`, the same in each run. */
  const pick = (limit: number) => (state = (state * 48_271) % 2_147_483_647) % limit
  for (let index = 0; index < lines; index++) {
    const sides = `A${pick(accounts)},A${pick(accounts)}`
    const amount = `${1 + pick(97)}.${10 + pick(90)}`
    // Most are of the lines right before, some of an earlier chunk, and some were refused or never placed.
    const hold = `H${index - 1 - pick(30) - (pick(9) === 0 ? 1_500 : 0)}`
    const kind = pick(12)
    if (kind < 5) rows.push(`hold,,H${index},${sides},${amount},${pick(3) ? '' : '2199-12-31'},,`)
    else if (kind < 7) rows.push(`capture,C${index},${hold},,,${1 + pick(30)},,,`)
    else if (kind === 7) rows.push(`capture,,${hold},,,,,,stay`)
    else if (kind === 8) rows.push(`capture,,${hold},,,0.50,,true,rest`)
    else if (kind === 9) rows.push(`release,,${hold},,,${pick(20) ? '' : '1'},,,`)
    else rows.push(`,T${index - (pick(20) ? 0 : 1)},,${sides},${amount},,,`)
  }
  return `${rows.join('\n')}\n`
}
