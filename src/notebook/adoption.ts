import type { mongo } from 'mongoose'
import { InputError } from '../errors.ts'
import { newAccount } from '../ledger/opening.ts'
import { quote } from '../messages.ts'
import type { MigrationParameters } from '../migration/migration.ts'
import { type BatchRecord, freshBatch } from '../models/batch.ts'
import {
  createCollections,
  createWithValidators,
  requireOwnCollections,
} from '../models/collections.ts'
import { isCurrency } from '../money/currency.ts'
import { endAllAbandonedTransactions } from '../mongodb/abandoned-transactions.ts'
import { primaryDatabaseOf } from '../mongodb/connection.ts'
import { hasOnlyDuplicateIds } from '../mongodb/server-errors.ts'
import { BatchConflictError } from '../replay/errors.ts'
import { recordToContinue } from '../replay/posting/chunk-poster.ts'
import {
  ADOPTION_BATCH,
  ADOPTION_SOURCE,
  adoptionOptions,
  adoptionReading,
  recordAdoption,
} from './adoption-record.ts'
import {
  type NotebookCollections,
  bringNotebookBack,
  hasForeignDocuments,
  isAdoptable,
  ledgerAccounts,
  setNotebookAside,
} from './collections.ts'
import { findNotebook, notebookCollection } from './find-notebook.ts'
import { digestOf } from './stored-documents.ts'
import { type Survey, openingBalanceOf, surveyNotebook } from './survey.ts'
import { ADVICE, postNotebookTransfers } from './transfer-posting.ts'

/**
 * Takes over a database in the notebook's shape. Its accounts are opened at their balances less their
 * transfers, and its transfers are posted in the order of their insertion, as the batch `notebook`. The
 * notebook's own documents are kept unchanged in `notebook_accounts` and `notebook_transfers`. Does nothing
 * if the database has no notebook, or if the ledger's collections have other names than the default ones. If it was killed at any moment and is called again, it ends in the same
 * state. The notebook's program must not write in the meantime. If it does, the server refuses the write, or
 * the adoption finds it.
 * @throws InputError if documents cannot be adopted and may not be left behind, or if the database has more
 * than a notebook: nothing was changed. Also if a program wrote to the notebook in the meantime: the
 * notebook was brought back
 */
export async function adoptNotebook({
  connection,
  log,
  signal,
  options,
}: MigrationParameters<undefined>): Promise<void> {
  const database = primaryDatabaseOf(connection)
  if (!isAdoptable(connection)) {
    const name = await notebookCollection(database)
    if (name !== undefined) {
      log(
        `left ${name} as it is: a notebook is adopted only if the ledger's collections have their default names`,
      )
    }
    return
  }
  const found = await findNotebook(database)
  if (!found) return
  const { adoption, renamed } = found
  const isFinished = renamed === 'both' && adoption?.status === 'finished'
  // This runs again after a refused attempt to bring the notebook back. The options of that time count.
  const settings = isFinished ? adoptionOptions(adoption) : options
  const { currency, skipUnadoptable } = settings
  if (!isCurrency(currency)) {
    throw new InputError(
      `currency ${quote(currency)} is not an ISO 4217 code in capitals, such as USD`,
    )
  }
  const survey = await surveyNotebook(found.notebook, { currency, log, signal })
  const fresh = freshBatch({
    name: ADOPTION_BATCH,
    source: ADOPTION_SOURCE,
    digest: survey.digest,
    reading: adoptionReading(settings),
  })
  fresh.records = survey.transfers
  // If only one collection is renamed, a run in either direction was killed, and no posted transfer counts.
  const current = renamed === 'both' ? continuedRecord(adoption, fresh) : fresh
  requireAdoptable(survey, skipUnadoptable)

  if (current === fresh) await requireOwnCollections(connection, ['batches', 'refusals'])
  await endAllAbandonedTransactions(connection)
  if (current === fresh) {
    await createWithValidators(connection, ['batches', 'refusals'])
    await recordAdoption(database, fresh)
  }
  const notebook = await setNotebookAside(database)
  await createWithValidators(connection)
  if (current.status === 'running') {
    await requireUnchanged(database, notebook, { current, fresh, signal })
    if (current.position === 0) await openAccounts(database, survey, signal)
  }
  const record = await postNotebookTransfers(connection, notebook, { current, fresh, log, signal })
  await createCollections(connection)
  const { accounts, unadoptable } = survey
  const refused = record.refused + record.existing
  if (refused !== unadoptable.transfers) {
    throw new InputError(
      `${refused} transfers of the notebook were refused, and not ${unadoptable.transfers} as expected. daybook batches ${ADOPTION_BATCH} lists them. ${ADVICE}`,
    )
  }
  log(
    `adopted ${accounts.size} accounts and ${record.posted} transfers of a notebook, and left ${unadoptable.accounts} accounts and ${unadoptable.transfers} transfers behind. Its documents are kept in notebook_accounts and notebook_transfers`,
  )
}

/** The record of an earlier run, which must be of the same notebook with the same options. */
function continuedRecord(stored: BatchRecord | undefined, fresh: BatchRecord): BatchRecord {
  if (stored && stored.digest !== fresh.digest) {
    throw new BatchConflictError(
      ADOPTION_BATCH,
      `is of a notebook that was changed after its adoption started. ${ADVICE}`,
    )
  }
  return recordToContinue(stored ?? null, fresh, ADVICE)
}

function requireAdoptable({ unadoptable }: Survey, skipUnadoptable: boolean): void {
  const { accounts, transfers, outOfRange } = unadoptable
  if (outOfRange > 0) {
    throw new InputError(
      `${outOfRange} documents of the notebook lead to sums that are out of range. Nothing was adopted. Correct or remove the documents that are listed above`,
    )
  }
  if (skipUnadoptable || accounts + transfers === 0) return
  throw new InputError(
    `${accounts} accounts and ${transfers} transfers of the notebook cannot be adopted. Nothing was adopted. Correct the documents that are listed above, or leave them behind with --skip-unadoptable`,
  )
}

/**
 * Checks that the notebook's program wrote nothing after the survey: neither before the collections were
 * renamed, nor under their old names before Daybook's validators refused that. If it did, the notebook is
 * brought back with what was written.
 * @throws InputError if it did
 */
async function requireUnchanged(
  database: mongo.Db,
  notebook: NotebookCollections,
  { current, fresh, signal }: { current: BatchRecord; fresh: BatchRecord; signal: AbortSignal },
): Promise<void> {
  // If an earlier run renamed the collections, the survey read them after that.
  const isSurveyed = current !== fresh || (await digestOf(notebook, signal)) === fresh.digest
  if (isSurveyed && !(await hasForeignDocuments(database))) return
  await bringNotebookBack(database)
  throw new InputError(
    'a program wrote to the notebook during its adoption. The notebook was brought back with everything that was written. Stop that program, then run the same command again',
  )
}

const ACCOUNTS_AT_ONCE = 2_000

async function openAccounts(
  database: mongo.Db,
  { accounts }: Survey,
  signal: AbortSignal,
): Promise<void> {
  const records = [...accounts.values()].map((surveyed) => {
    const { account, openedAt } = surveyed
    return newAccount({ ...account, openingBalance: openingBalanceOf(surveyed) }, openedAt)
  })
  for (let start = 0; start < records.length; start += ACCOUNTS_AT_ONCE) {
    signal.throwIfAborted()
    await ledgerAccounts(database)
      .insertMany(records.slice(start, start + ACCOUNTS_AT_ONCE), { ordered: false })
      .catch((error: unknown) => {
        // An earlier run that was killed opened some of them.
        if (!hasOnlyDuplicateIds(error)) throw error
      })
  }
}
