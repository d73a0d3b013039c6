import mongoose, { type Connection, type mongo } from 'mongoose'
import { type BatchRecord, freshBatch } from '../batch.ts'
import { createCollections } from '../collections.ts'
import { InputError, quote } from '../errors.ts'
import type { MigrationParameters } from '../migration/migration.ts'
import { isCurrency } from '../currency.ts'
import { awaitAbandonedTransactions } from '../replay/abandoned.ts'
import { checkedRecord, databaseBook } from '../replay/book.ts'
import { postRows } from '../replay/post-rows.ts'
import type { Row } from '../replay/row.ts'
import { databaseOf, isDuplicatesOnly } from '../transaction.ts'
import {
  ADOPTION,
  type Notebook,
  batchesOf,
  findNotebook,
  ledgerOf,
  setAside,
  setAsideOf,
} from './collections.ts'
import { openedRecord, requestOf } from './documents.ts'
import { type Survey, surveyNotebook, transfersOf } from './survey.ts'

/**
 * Takes over a database in the notebook's shape: its accounts, opened at what their transfers leave of
 * their balances, and its transfers, posted in the order of their insertion as the batch `notebook`. The
 * notebook's own documents are kept as they are in `notebook_accounts` and `notebook_transfers`. Does nothing
 * where there is no notebook. Killed at any moment and called again it ends in the same state. The
 * notebook's program must not write meanwhile.
 * @throws InputError where documents cannot be adopted, unless they may be left behind; nothing was changed
 */
export async function adoptNotebook({
  connection,
  tell,
  signal,
  options,
}: MigrationParameters<undefined>): Promise<void> {
  const { currency, skipUnadoptable } = options
  const database = databaseOf(connection)
  const found = await findNotebook(database)
  if (!found) return
  if (!isCurrency(currency)) {
    throw new InputError(
      `currency ${quote(currency)} is not an ISO 4217 code in capitals, such as USD`,
    )
  }
  const survey = await surveyNotebook(found, { currency, tell, signal })
  const fresh = freshBatch({
    name: ADOPTION,
    source: 'notebook_transfers',
    digest: survey.digest,
    reading: JSON.stringify({ currency, skipUnadoptable }),
  })
  fresh.records = survey.transfers
  const begin = await readBatch(database, fresh)
  if (!skipUnadoptable) requireAdoptable(survey)

  await awaitAbandonedTransactions(connection)
  const notebook = await setAside(database)
  // Tells with which options the accounts are about to be opened.
  if (begin === fresh) await batchesOf(database).insertOne(fresh)
  if (begin.position === 0) await openAccounts(connection, survey, signal)
  const record = await postTransfers(connection, notebook, { begin, fresh, tell, signal })
  await settleAccounts(connection, notebook)
  await createCollections(connection)
  const { accounts, unadoptable } = survey
  if (record.refused + record.existing !== unadoptable.transfers) {
    throw new InputError(
      `${record.refused} of the notebook's transfers were refused, ${unadoptable.transfers} of them expected: see daybook batches ${ADOPTION}; daybook migrate down brings the notebook back`,
    )
  }
  tell(
    `adopted ${accounts.size} accounts and ${record.posted} transfers of a notebook, left ${unadoptable.accounts} and ${unadoptable.transfers} behind; its own documents are kept in notebook_accounts and notebook_transfers`,
  )
}

/** How far an earlier run came, which must have been of the same notebook with the same options. */
async function readBatch(database: mongo.Db, fresh: BatchRecord): Promise<BatchRecord> {
  // Of a batch that is half taken back nothing counts any more.
  if ((await setAsideOf(database)) === 'accounts') return fresh
  return checkedRecord(await batchesOf(database).findOne({ _id: ADOPTION }), fresh, ADVICE)
}

/** What to do where the notebook is not the one whose adoption was begun. */
const ADVICE = 'daybook migrate down brings the notebook back as it was'

function requireAdoptable({ unadoptable: { accounts, transfers } }: Survey): void {
  if (accounts + transfers === 0) return
  throw new InputError(
    `${accounts} accounts and ${transfers} transfers of the notebook cannot be adopted, so nothing is: mend them, or leave them behind with --skip-unadoptable`,
  )
}

const ACCOUNTS_AT_ONCE = 2_000

/** Opens the accounts that are not open yet. */
async function openAccounts(
  connection: Connection,
  { accounts }: Survey,
  signal: AbortSignal,
): Promise<void> {
  const collection = ledgerOf(databaseOf(connection)).accounts
  const records = [...accounts.values()].map(({ account, ledger, firstTransferAt }) =>
    openedRecord(account, {
      opening: account.balance.minus(ledger.balance),
      createdBy: firstTransferAt,
    }),
  )
  for (let start = 0; start < records.length; start += ACCOUNTS_AT_ONCE) {
    signal.throwIfAborted()
    await collection
      .insertMany(records.slice(start, start + ACCOUNTS_AT_ONCE), { ordered: false })
      .catch((error: unknown) => {
        // An earlier run that was killed has opened some.
        if (!isDuplicatesOnly(error)) throw error
      })
  }
}

const TELL_MS = 5_000

async function postTransfers(
  connection: Connection,
  notebook: Notebook,
  {
    begin,
    fresh,
    tell,
    signal,
  }: { begin: BatchRecord; fresh: BatchRecord } & Pick<MigrationParameters, 'tell' | 'signal'>,
): Promise<BatchRecord> {
  let told = performance.now()
  const { record } = await postRows(
    rowsAfter(begin.position, notebook, signal),
    databaseBook(connection, { fresh, most: Infinity, advice: ADVICE }),
    {
      begin,
      signal,
      onAdvance({ position, records }) {
        if (performance.now() - told < TELL_MS) return
        told = performance.now()
        tell(`adopted ${position} of ${records} transfers`)
      },
    },
  )
  signal.throwIfAborted()
  return record
}

const ROWS_AT_ONCE = 1_000

/** What the notebook's transfers after a position ask for. */
async function* rowsAfter(
  begin: number,
  { transfers }: Notebook,
  signal: AbortSignal,
): AsyncGenerator<Row[]> {
  let position = 0
  let rows: Row[] = []
  for await (const document of transfersOf(transfers, { signal })) {
    position += 1
    if (position <= begin) continue
    const request = requestOf(document)
    const text = mongoose.mongo.BSON.EJSON.stringify(document)
    const place = { position, line: position, item: 1, text }
    rows.push('problem' in request ? { ...place, ...request } : { ...place, request })
    if (rows.length < ROWS_AT_ONCE) continue
    yield rows
    rows = []
  }
  yield rows
}

/** Accounts that were in Daybook before changed last when they did then, which may be after their last transfer. */
async function settleAccounts(connection: Connection, notebook: Notebook): Promise<void> {
  const { accounts } = ledgerOf(databaseOf(connection))
  for await (const { account_id: accountId, daybook } of notebook.accounts.find({
    daybook: { $exists: true },
  })) {
    if (!daybook) continue
    await accounts.updateOne(
      { _id: accountId as string },
      { $max: { updatedAt: daybook.updatedAt } },
    )
  }
}
