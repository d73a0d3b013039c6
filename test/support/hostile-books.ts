import type { Connection } from 'mongoose'
import type { AccountModel } from '../../src/models/account-interface.ts'
import { replay } from '../../src/replay/replay.ts'
import { makeFile } from './batch.ts'

/** What a page would run, or show in another place, if it did not escape it. */
export const HOSTILE = `</script><img src=x onerror=alert(1)>"'&`

/**
 * Opens the accounts `ADA` and `GRACE` with names that are hostile to a page, and replays a batch of three months between them
 * and with an account whose id is as hostile: `lines` lines, of which every other one is refused. Returns the summary.
 */
export async function replayHostileBatch(
  { connection, Account }: { connection: Connection; Account: AccountModel },
  lines: number,
) {
  for (const accountId of ['ADA', 'GRACE', HOSTILE]) {
    await Account.open({ accountId, holder: HOSTILE, currency: 'USD', openingBalance: '1000' })
  }
  for (const accountId of ['HANAKO', 'ICHIRO']) {
    await Account.open({ accountId, holder: accountId, currency: 'JPY', openingBalance: '50000' })
  }
  await Account.hold({ holdId: 'ROOM', from: 'ADA', to: 'GRACE', amount: '5', reference: HOSTILE })
  const rows = Array.from({ length: lines }, (_, index) => {
    const effectiveAt = new Date(Date.UTC(2026, index % 3, 1 + (index % 27))).toISOString()
    const [from, to, amount, currency] =
      index % 4 === 0
        ? ['ADA', HOSTILE, '1.25', 'USD']
        : index % 4 === 2
          ? ['HANAKO', 'ICHIRO', '7', 'JPY']
          : [
              'ADA',
              index % 8 === 1 ? 'nobody' : 'GRACE',
              index % 8 === 1 ? '1' : '1e9\u202E',
              'USD',
            ]
    const transferId = `T${index}`
    return JSON.stringify({
      transferId,
      from,
      to,
      amount,
      currency,
      reference: HOSTILE,
      effectiveAt,
    })
  })
  const file = await makeFile('batch.jsonl', rows.join('\n'))
  return await replay(connection, { file, name: `${HOSTILE}.jsonl` })
}
