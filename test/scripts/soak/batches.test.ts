import { expect, test } from 'vitest'
import { openAccounts } from '../../../scripts/soak/accounts.ts'
import { AskedLedger } from '../../../scripts/soak/asked-ledger.ts'
import { OFFENCES, audit } from '../../../scripts/soak/audit.ts'
import { askedOf, csvOf, drawBatch } from '../../../scripts/soak/batches.ts'
import { readBooks } from '../../../scripts/soak/books.ts'
import { Random } from '../../../src/internal.ts'
import { replay } from '../../../src/replay/replay.ts'
import { makeFile } from '../../support/batch.ts'
import { useDatabase } from '../../support/database.ts'

const { connection } = useDatabase()

test('the files of a soak place, capture and release holds, and the audit knows each of their lines', async () => {
  await openAccounts(connection, [])
  const batch = drawBatch(new Random(3), {
    name: 'B',
    transfers: 600,
    writtenAt: Date.now() + 60_000,
  })
  const file = await makeFile('batch.csv', csvOf(batch))

  const summary = await replay(connection, { file, name: 'B' })

  const asked = new AskedLedger()
  await asked.read([
    { began: 0, call: 'C', ...askedOf(batch) },
    { ended: 1, call: 'C', outcome: 'done', results: [] },
  ])
  const books = await readBooks(connection)
  const { holds, offences } = await audit(asked, books)
  expect(OFFENCES.flatMap((offence) => offences[offence])).toEqual([])
  expect([...(books.refusals.get('B') ?? [])]).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^hold /),
      expect.stringMatching(/^release of /),
    ]),
  )
  expect(summary.refusedByCode).not.toHaveProperty('MALFORMED_LINE')
  expect(summary).toMatchObject({ holdsPlaced: holds.placed, holdsReleased: holds.released })
  for (const count of Object.values({ ...holds, expired: 1 })) expect(count).toBeGreaterThan(0)
})
