import { fileURLToPath } from 'node:url'
import type { AccountRecord } from '../ledger/records.ts'
import { accountsOfFile } from './account-file.ts'
import { type FakeAccountsOptions, fakeAccounts } from './fake-accounts.ts'

/** The accounts that come with Daybook. */
export const accountsFile = fileURLToPath(new URL('../../seeds/accounts.json', import.meta.url))

/** Which accounts are seeded: those of a file, then as many more made by faker. */
export interface SeededAccounts extends FakeAccountsOptions {
  /** {@link accountsFile} unless given. */
  readonly file?: string | undefined
  /** How many are made, beyond those of the file: none unless given. */
  readonly accounts?: number | undefined
}

/** How many accounts are given at once. */
const BATCH = 2_000

/** Gives the seeded accounts in order, those of the file first, many at once, as they are before any transfer. */
export async function* seededAccounts({
  file = accountsFile,
  accounts = 0,
  ...options
}: SeededAccounts = {}): AsyncGenerator<AccountRecord[]> {
  let batch: AccountRecord[] = []
  for await (const account of accountsOfFile(file)) {
    batch.push(account)
    if (batch.length < BATCH) continue
    yield batch
    batch = []
  }
  const accountAt = accounts > 0 ? await fakeAccounts(options) : undefined
  for (let number = 1; accountAt && number <= accounts; number++) {
    batch.push(accountAt(number))
    if (batch.length < BATCH) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}
