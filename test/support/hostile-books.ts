import type { Connection } from 'mongoose'
import type { AccountModel } from '../../src/models/account-interface.ts'
import { replay } from '../../src/replay/replay.ts'
import { makeFile } from './batch.ts'

/** What a page would run, or show in another place, if it did not escape it. */
export const HOSTILE = `</script><img src=x onerror=alert(1)>"'&`

/**
 * Opens the accounts `ADA` and `GRACE`, and one whose id is hostile to a page, all with such a name, and two in yen. `ADA` has
 * a hold.
 */
export async function openHostileAccounts(Account: AccountModel): Promise<void> {
  for (const accountId of ['ADA', 'GRACE', HOSTILE]) {
    await Account.open({ accountId, holder: HOSTILE, currency: 'USD', openingBalance: '1000' })
  }
  for (const accountId of ['HANAKO', 'ICHIRO']) {
    await Account.open({ accountId, holder: accountId, currency: 'JPY', openingBalance: '50000' })
  }
  await Account.hold({ holdId: 'ROOM', from: 'ADA', to: 'GRACE', amount: '5', reference: HOSTILE })
}

/** A file of three months between them, as JSON Lines. Every other line is refused. */
export const hostileBatch = (lines: number): string =>
  Array.from({ length: lines }, (_, index) => {
    const isUnknown = index % 8 === 1
    const [from, to, amount, currency] =
      index % 4 === 0
        ? ['ADA', HOSTILE, '1.25', 'USD']
        : index % 4 === 2
          ? ['HANAKO', 'ICHIRO', '7', 'JPY']
          : ['ADA', isUnknown ? 'nobody' : 'GRACE', isUnknown ? '1' : '1e9\u202E', 'USD']
    const effectiveAt = new Date(Date.UTC(2026, index % 3, 1 + (index % 27))).toISOString()
    const optional = { reference: HOSTILE, effectiveAt }
    return JSON.stringify({ transferId: `T${index}`, from, to, amount, currency, ...optional })
  }).join('\n')

/** The name of that batch. */
export const HOSTILE_BATCH = `${HOSTILE}.jsonl`

/** Opens the accounts and replays the file. Returns the summary. */
export async function replayHostileBatch(
  { connection, Account }: { connection: Connection; Account: AccountModel },
  lines: number,
) {
  await openHostileAccounts(Account)
  const file = await makeFile('batch.jsonl', hostileBatch(lines))
  return await replay(connection, { file, name: HOSTILE_BATCH })
}
