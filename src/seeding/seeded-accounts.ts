import { fileURLToPath } from 'node:url'
import type { Keys } from '../arguments.ts'
import type { AccountRecord } from '../ledger/records.ts'
import { type AccountFileOptions, readAccountFile } from './account-file.ts'
import type { AccountFormat } from './account-table.ts'
import { type FakeAccountsOptions, fakeAccounts } from './fake-accounts.ts'

export const accountsFile = fileURLToPath(new URL('../../seeds/accounts.json', import.meta.url))

/** Which accounts are seeded: those of a file, then accounts that are made with faker. */
export interface SeededAccounts extends FakeAccountsOptions {
  /**
   * A file of accounts: a JSON array, JSON Lines if its name ends in `.jsonl` or `.ndjson`, or a `.csv` or `.tsv` file. `seeds/README.md`
   * lists the fields. Default: the 20 accounts that come with Daybook.
   */
  readonly file?: string | undefined
  /** How to read the file if it is a CSV or TSV file whose columns are not recognized. */
  readonly fileFormat?: AccountFormat | undefined
  /**
   * The number of accounts to make in addition to those of the file, up to 999,999,999. Their ids are
   * `DBK000000001` and so on. Default: 0.
   */
  readonly accounts?: number | undefined
}

export const SEEDED_KEYS: Keys<SeededAccounts> = {
  file: true,
  fileFormat: true,
  accounts: true,
  seed: true,
  currencies: true,
}

/**
 * The accounts of the file. Those that come with Daybook, and those that are made, have no own fields, even if the ledger
 * requires some.
 */
export const accountsOfFile = (
  { file, fileFormat: format }: Pick<SeededAccounts, 'file' | 'fileFormat'>,
  { fields, exists }: Pick<AccountFileOptions, 'fields' | 'exists'>,
): AsyncGenerator<AccountRecord> =>
  file === undefined || file === accountsFile
    ? readAccountFile(accountsFile, { format })
    : readAccountFile(file, { format, fields, exists })

/** The number of accounts that are yielded at once. */
const BATCH = 2_000

/**
 * Yields the seeded accounts as they are before any transfer, in batches: first those of the file, then those
 * that are made.
 */
export async function* seededAccounts(
  { file, fileFormat, accounts = 0, ...fakes }: SeededAccounts = {},
  options: Pick<AccountFileOptions, 'fields' | 'exists'> = {},
): AsyncGenerator<AccountRecord[]> {
  let batch: AccountRecord[] = []
  for await (const account of accountsOfFile({ file, fileFormat }, options)) {
    batch.push(account)
    if (batch.length < BATCH) continue
    yield batch
    batch = []
  }
  const makeAccount = accounts > 0 ? await fakeAccounts(fakes) : undefined
  for (let number = 1; makeAccount && number <= accounts; number++) {
    batch.push(makeAccount(number))
    if (batch.length < BATCH) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}
