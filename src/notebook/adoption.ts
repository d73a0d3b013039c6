import mongoose, { type Connection, type mongo } from 'mongoose'
import { InputError } from '../errors.ts'
import { quote } from '../messages.ts'
import type { MigrationParameters } from '../migration/migration.ts'
import { type BatchRecord, freshBatch } from '../models/batch.ts'
import { createCollections, createWithValidators } from '../models/collections.ts'
import { isCurrency } from '../money/currency.ts'
import { endAllAbandonedTransactions } from '../mongodb/abandoned-transactions.ts'
import { databaseOf, primaryDatabaseOf } from '../mongodb/connection.ts'
import { hasOnlyDuplicateIds } from '../mongodb/server-errors.ts'
import { BatchConflictError } from '../replay/errors.ts'
import { checkedRecord, databaseBook } from '../replay/posting/book.ts'
import { postRows } from '../replay/posting/post-rows.ts'
import type { Row } from '../replay/reading/row.ts'
import {
  ADOPTION,
  type Notebook,
  SOURCE,
  findNotebook,
  hasStrays,
  ledgerOf,
  recordAdoption,
  setAside,
  takeBack,
} from './collections.ts'
import { openedRecord, requestOf } from './documents.ts'
import {
  NO_REVERSAL,
  type Survey,
  digestOf,
  documentsOf,
  openingOf,
  surveyNotebook,
} from './survey.ts'

/**
 * Takes over a database in the notebook's shape: its accounts, opened at what their transfers leave of
 * their balances, and its transfers, posted in the order of their insertion as the batch `notebook`. The
 * notebook's own documents are kept as they are in `notebook_accounts` and `notebook_transfers`. Does nothing
 * where there is no notebook. Killed at any moment and called again it ends in the same state. The
 * notebook's program must not write meanwhile: what it writes all the same is refused to it, or found.
 * @throws InputError where documents cannot be adopted, unless they may be left behind, or are not a notebook's
 * alone; nothing was changed. Also where they changed meanwhile: the notebook is brought back
 */
export async function adoptNotebook({
  connection,
  log,
  signal,
  options,
}: MigrationParameters<undefined>): Promise<void> {
  const { currency, skipUnadoptable } = options
  const database = primaryDatabaseOf(connection)
  const found = await findNotebook(database)
  if (!found) return
  if (!isCurrency(currency)) {
    throw new InputError(
      `currency ${quote(currency)} is not an ISO 4217 code in capitals, such as USD`,
    )
  }
  const survey = await surveyNotebook(found.notebook, { currency, log, signal })
  const fresh = freshBatch({
    name: ADOPTION,
    source: SOURCE,
    digest: survey.digest,
    reading: JSON.stringify({ currency, skipUnadoptable }),
  })
  fresh.records = survey.transfers
  // Of an adoption that is half taken back nothing counts any more.
  const begin = found.stage === 'both' ? unchangedRecord(found.adoption, fresh) : fresh
  requireAdoptable(survey, skipUnadoptable)

  await endAllAbandonedTransactions(connection)
  if (begin === fresh) {
    await createWithValidators(connection, ['batches', 'refusals'])
    await recordAdoption(database, fresh)
  }
  const notebook = await setAside(database)
  await createWithValidators(connection)
  if (begin.status === 'running') {
    await requireUndisturbed(database, notebook, { begin, fresh, signal })
    if (begin.position === 0) await openAccounts(connection, survey, signal)
  }
  const record = await postTransfers(connection, notebook, { begin, fresh, survey, log, signal })
  await settleAccounts(connection, survey)
  await createCollections(connection)
  const { accounts, unadoptable } = survey
  if (record.refused + record.existing !== unadoptable.transfers) {
    throw new InputError(
      `${record.refused} of the notebook's transfers were refused, ${unadoptable.transfers} of them expected: see daybook batches ${ADOPTION}; ${ADVICE}`,
    )
  }
  log(
    `adopted ${accounts.size} accounts and ${record.posted} transfers of a notebook, left ${unadoptable.accounts} and ${unadoptable.transfers} behind; its own documents are kept in notebook_accounts and notebook_transfers`,
  )
}

/** How far an earlier run came, which must have been of the same notebook with the same options. */
function unchangedRecord(stored: BatchRecord | undefined, fresh: BatchRecord): BatchRecord {
  if (!stored || stored.digest === fresh.digest) return checkedRecord(stored ?? null, fresh, ADVICE)
  // Only to bring a notebook back changes what is set aside, and only of one that is wholly adopted.
  const problem =
    stored.status === 'finished'
      ? 'is half taken back: finish that first, with daybook migrate down'
      : `is of a notebook that was changed meanwhile: ${ADVICE}`
  throw new BatchConflictError(ADOPTION, problem)
}

/** What to do where the notebook is not the one whose adoption was begun. */
const ADVICE = 'daybook migrate down brings the notebook back'

function requireAdoptable({ unadoptable }: Survey, skipUnadoptable: boolean): void {
  const { accounts, transfers, never } = unadoptable
  if (never > 0) {
    throw new InputError(
      `${never} documents of the notebook lead to sums that are out of range, so nothing is adopted: mend them, or remove them`,
    )
  }
  if (skipUnadoptable || accounts + transfers === 0) return
  throw new InputError(
    `${accounts} accounts and ${transfers} transfers of the notebook cannot be adopted, so nothing is: mend them, or leave them behind with --skip-unadoptable`,
  )
}

/**
 * Looks whether the notebook's program wrote to it between its survey and its setting aside, or wrote to
 * where it was before validators kept it from that. Then the notebook is brought back with what was written.
 */
async function requireUndisturbed(
  database: mongo.Db,
  notebook: Notebook,
  { begin, fresh, signal }: { begin: BatchRecord; fresh: BatchRecord; signal: AbortSignal },
): Promise<void> {
  // A notebook that was surveyed where it is kept is what the record says.
  const digest = begin === fresh ? await digestOf(notebook, signal) : begin.digest
  if (digest === begin.digest && !(await hasStrays(database))) return
  await takeBack(database)
  throw new InputError(
    'the notebook was written to while it was read, so it is brought back, with all that was written: stop its program, then run the same command again',
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
  const records = [...accounts.values()].map((surveyed) =>
    openedRecord(surveyed.account, {
      opening: openingOf(surveyed),
      createdBy: surveyed.firstTransferAt,
    }),
  )
  for (let start = 0; start < records.length; start += ACCOUNTS_AT_ONCE) {
    signal.throwIfAborted()
    await collection
      .insertMany(records.slice(start, start + ACCOUNTS_AT_ONCE), { ordered: false })
      .catch((error: unknown) => {
        // An earlier run that was killed has opened some.
        if (!hasOnlyDuplicateIds(error)) throw error
      })
  }
}

const TELL_MS = 5_000

interface PostingTransfers extends Pick<MigrationParameters, 'log' | 'signal'> {
  readonly begin: BatchRecord
  readonly fresh: BatchRecord
  readonly survey: Survey
}

async function postTransfers(
  connection: Connection,
  notebook: Notebook,
  { begin, fresh, survey, log, signal }: PostingTransfers,
): Promise<BatchRecord> {
  let told = performance.now()
  const { record } = await postRows(
    rowsAfter(begin.position, notebook, { survey, signal }),
    databaseBook(connection, { fresh, most: Infinity, advice: ADVICE }),
    {
      begin,
      signal,
      onAdvance({ position, records }) {
        if (performance.now() - told < TELL_MS) return
        told = performance.now()
        log(`adopted ${position} of ${records} transfers`)
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
  { survey, signal }: Pick<PostingTransfers, 'survey' | 'signal'>,
): AsyncGenerator<Row[]> {
  let position = 0
  let rows: Row[] = []
  for await (const document of documentsOf(transfers, { signal })) {
    position += 1
    if (position <= begin) continue
    if (position > survey.transfers) {
      throw new BatchConflictError(
        ADOPTION,
        `has more documents in ${SOURCE} than before: ${ADVICE}`,
      )
    }
    const request = survey.falseReversals.has(position)
      ? { problem: NO_REVERSAL }
      : requestOf(document)
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
async function settleAccounts(connection: Connection, survey: Survey): Promise<void> {
  const updates = [...survey.accounts.values()].flatMap(({ account: { accountId, updatedAt } }) =>
    updatedAt
      ? [{ updateOne: { filter: { _id: accountId }, update: { $max: { updatedAt } } } }]
      : [],
  )
  const { accounts } = ledgerOf(databaseOf(connection))
  if (updates.length > 0) await accounts.bulkWrite(updates)
}
