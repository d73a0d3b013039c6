import { basename } from 'node:path'
import fc from 'fast-check'
import { expect, inject, test } from 'vitest'
import { REFUSAL_CODES } from '../../src/errors.ts'
import {
  Rehearsal,
  type ReplaySummary,
  type TransferRequest,
  batchModel,
  refusalModel,
  replay,
  verify,
} from '../../src/index.ts'
import { booksOf, makeFile } from '../support/batch.ts'
import { daybook } from '../support/command-line.ts'
import { useDatabase } from '../support/database.ts'
import { OPENINGS, anyCall, anyLine } from '../support/ledger-arbitraries.ts'
import { type Call, expected, perform, resolve } from '../support/ledger-calls.ts'
import { propertyRuns } from '../support/property-runs.ts'
import { type BatchMode, type Line, ReferenceBatch } from '../support/reference-batch.ts'
import {
  type ReferenceHoldRequest,
  ReferenceLedger,
  type ReferenceRequest,
} from '../support/reference-ledger.ts'
import { expectBooks, expectLaws, expectUnchanged, readBooks } from '../support/stored-books.ts'

const { connection, ...models } = useDatabase()

interface File {
  readonly lines: readonly Line[]
  readonly mode: BatchMode
}

interface NamedFile extends File {
  readonly path: string
}

/** One step of a history: a call of another verb, then some files. */
interface Step {
  readonly call: Call
  readonly files: readonly File[]
}

/** A reference that is only recognized never refuses a line; these do. */
const map = { reference: 'reference' }

const anyMode = fc.constantFrom<BatchMode>(
  {},
  {},
  { maxErrors: 2 },
  { onError: 'stop' },
  { atomic: true },
)

const anyGroup = fc.constantFrom(undefined, 'G', 'G', 'H')

/** In most files the groups are new. */
const groupEnding = fc.nat({ max: 40 }).map(String)

const anyFile: fc.Arbitrary<File> = fc
  .record({
    lines: fc.array(anyLine, { minLength: 1, maxLength: 12, size: 'max' }),
    repeated: fc.nat({ max: 3 }),
    groups: fc.oneof(fc.constant([]), fc.array(anyGroup, { minLength: 12, maxLength: 12 })),
    ending: groupEnding,
    mode: anyMode,
  })
  .map(({ lines, repeated, groups, ending, mode }) => {
    const grouped = lines.map((line, index) => {
      const group = groups[index]
      return withGroup(line, group && `${group}${ending}`)
    })
    return { lines: [...grouped, ...grouped.slice(0, repeated)], mode }
  })

const withGroup = (line: Line, group: string | undefined): Line =>
  'request' in line && group !== undefined ? { request: { ...line.request, group } } : line

const history: fc.Arbitrary<Step[]> = fc.noBias(
  fc.array(fc.record({ call: anyCall, files: fc.array(anyFile, { minLength: 1, maxLength: 3 }) }), {
    minLength: 1,
    maxLength: 16,
    size: 'max',
  }),
)

const { parameters, timeout } = propertyRuns(4)

test(
  'any files end as if their lines were posted one by one, and as their rehearsal said',
  async () => {
    const codes = new Set<string>()
    await fc.assert(
      fc.asyncProperty(history, async (steps) => {
        const ledger = await begin()
        for (const [index, { call, files }] of steps.entries()) {
          const resolved = resolve(call, ledger)
          const { outcomes, payOutId } = await perform(resolved, models)
          expect(outcomes).toEqual(expected(resolved, ledger, payOutId))
          for (const code of await checkFiles(files, { ledger, prefix: `${index}` }))
            codes.add(code)
        }
      }),
      parameters,
    )
    const all = [...REFUSAL_CODES, 'MALFORMED_LINE']
    // Only with `keep` do the columns of a file become metadata, no column is a date, and the ledger has no own fields.
    expect(all.filter((code) => !codes.has(code))).toEqual([
      'INVALID_METADATA',
      'INVALID_EFFECTIVE_AT',
      'INVALID_FIELD',
    ])
  },
  timeout,
)

/** Empties the books and opens the accounts that every history starts with. Some are frozen. */
async function begin(): Promise<ReferenceLedger> {
  const names = ['accounts', 'transfers', 'transfer_groups', 'batches', 'refusals', 'holds']
  for (const name of names) {
    await connection.collection(name).deleteMany({})
  }
  const ledger = new ReferenceLedger()
  const calls: Call[] = OPENINGS.map((request) => ({ verb: 'open', request }))
  for (const accountId of ['YEN', 'SEN', 'DINAR']) calls.push({ verb: 'freeze', accountId })
  for (const call of calls) {
    const { outcomes } = await perform(call, models)
    expect(outcomes).toEqual(expected(call, ledger))
  }
  return ledger
}

/** Rehearses files, replays them, and replays each once more. Returns the codes of what was refused. */
async function checkFiles(
  files: readonly File[],
  { ledger, prefix }: { ledger: ReferenceLedger; prefix: string },
): Promise<string[]> {
  const named: NamedFile[] = []
  for (const [index, { lines, mode }] of files.entries()) {
    const path = await makeFile(`${prefix}-${index}.csv`, contentOf(lines))
    named.push({ path, lines, mode })
  }
  const before = await booksOf(connection)
  const rehearsed = await rehearse(named)
  const commanded = named[0] && (await rehearseByCommand(named[0]))
  // The calls of the model know no groups, and a refused one of a hold would end the transaction.
  const isGrouped = named[0]?.lines.some(
    (line) => 'action' in line || ('request' in line && line.request.group),
  )
  const oneByOne = named[0] && !isGrouped && (await postOneByOne(named[0]))
  expect(await booksOf(connection)).toEqual(before)

  const real: Summary[] = []
  const batches: ReferenceBatch[] = []
  for (const file of named) {
    const batch = new ReferenceBatch(basename(file.path), file.lines)
    batches.push(batch)
    real.push(await checkFile(file, { batch, ledger }))
  }
  expect(rehearsed).toEqual(real)
  expect(commanded).toEqual(real[0])
  if (!isGrouped && named[0]?.mode.atomic === undefined && real[0]?.status === 'finished') {
    expect(oneByOne).toEqual(
      countsOf({ ...real[0].refusedByCode, posted: real[0].posted, existing: real[0].existing }),
    )
  }
  for (const [index, { path }] of named.entries()) {
    const batch = batches[index]
    if (batch && real[index]?.status === 'stopped') await finish(path, { batch, ledger })
  }
  expect(await verify(connection)).toMatchObject({ violations: [] })
  return real.flatMap(({ refusedByCode }) => Object.keys(refusedByCode))
}

interface Replayed {
  readonly batch: ReferenceBatch
  readonly ledger: ReferenceLedger
}

/** Replays a file, and then again, which changes nothing. */
async function checkFile({ path, mode }: NamedFile, { batch, ledger }: Replayed): Promise<Summary> {
  const before = await readBooks(connection)
  const first = await replay(connection, { file: path, map, ...mode })

  const status = batch.replay(ledger, mode)
  const after = await readBooks(connection)
  expect(first.status).toBe(status)
  expectBooks(after, ledger)
  expectLaws(before, after)
  if (status === 'refused') {
    expect(await batchModel(connection).exists({ _id: basename(path) })).toBeNull()
    expectUnchanged(after, before)
    return summaryOf(first)
  }
  await expectBatch(batch, first)

  const again = await replay(connection, { file: path, map, ...mode })
  expect(summaryOf(again)).toEqual(summaryOf(first))
  expectUnchanged(await readBooks(connection), after)

  return summaryOf(first)
}

/** Replays what is left of a batch that stopped. */
async function finish(path: string, { batch, ledger }: Replayed): Promise<void> {
  const summary = await replay(connection, { file: path, map })
  expect(summary.status).toBe(batch.replay(ledger, {}))
  expectBooks(await readBooks(connection), ledger)
  await expectBatch(batch, summary)
}

/** What a batch's record, its refusals and the summary of its replay say. */
async function expectBatch(batch: ReferenceBatch, summary: ReplaySummary): Promise<void> {
  expect(summary).toMatchObject({ ...batch.counts, read: batch.outcomes.length })
  const { name } = summary
  const record = await batchModel(connection).findById(name).lean()
  const refusals = await refusalModel(connection).find({ '_id.batch': name }).lean()
  const { amountByCurrency, ...counts } = batch.counts
  // A batch that stopped at its first line has no record.
  if (batch.outcomes.length === 0) expect(record).toBeNull()
  else {
    expect({ holdsPlaced: 0, holdsReleased: 0, ...record }).toMatchObject({
      ...counts,
      position: batch.outcomes.length,
    })
  }
  expect(countsOf(record?.amountByCurrency ?? {})).toEqual(countsOf(amountByCurrency))
  expect(Object.fromEntries(refusals.map(({ _id, code }) => [_id.line, code]))).toEqual(
    Object.fromEntries(batch.refusals),
  )
}

/** Replays files in one rehearsal. */
async function rehearse(files: readonly NamedFile[]): Promise<Summary[]> {
  const dryRun = new Rehearsal(connection)
  const summaries: Summary[] = []
  for (const { path, mode } of files) {
    summaries.push(summaryOf(await replay(connection, { file: path, map, ...mode, dryRun })))
  }
  return summaries
}

async function rehearseByCommand({ path, mode }: NamedFile): Promise<Summary> {
  const { maxErrors, onError, atomic } = mode
  const { stdout } = await daybook(uriOf(), [
    'replay',
    path,
    '--dry-run',
    '--json',
    '--map',
    'reference=reference',
    ...(maxErrors === undefined ? [] : ['--max-errors', String(maxErrors)]),
    ...(onError === undefined ? [] : ['--on-error', onError]),
    ...(atomic ? ['--atomic'] : []),
  ])
  return summaryOf(JSON.parse(stdout) as ReplaySummary)
}

/** Posts the requests of a file one by one, in a transaction that aborts. Returns how often each outcome occurred. */
async function postOneByOne({ lines }: NamedFile): Promise<Record<string, string>> {
  const counts: Record<string, number> = {}
  const session = await connection.startSession()
  session.startTransaction()
  for (const line of lines) {
    const requests = 'request' in line ? [line.request as TransferRequest] : []
    const results = await models.Account.transferMany(requests, { session })
    const [outcome = 'MALFORMED_LINE'] = results.map((result) =>
      result.status === 'refused' ? result.code : result.status,
    )
    counts[outcome] = (counts[outcome] ?? 0) + 1
  }
  await session.abortTransaction()
  await session.endSession()
  return countsOf({ posted: 0, existing: 0, ...counts })
}

const countsOf = (counts: object): Record<string, string> =>
  Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, String(count)]))

/** A summary without what differs between a rehearsal and a replay, or between two replays. */
function summaryOf(summary: ReplaySummary) {
  const { name, digest, status, records, read, posted, existing, refused } = summary
  const { refusedByCode, amountByCurrency, holdsPlaced, holdsReleased, stoppedAt } = summary
  const holds = { holdsPlaced, holdsReleased }
  const counts = {
    records,
    read,
    posted,
    existing,
    refused,
    refusedByCode,
    amountByCurrency,
    ...holds,
  }
  return { name, digest, status, ...counts, stoppedAt: stoppedAt && JSON.stringify(stoppedAt) }
}

type Summary = ReturnType<typeof summaryOf>

/** The lines as CSV, with a byte that is not UTF-8 for each `\xff`. */
function contentOf(lines: readonly Line[]): Buffer {
  const records = lines.map((line) => {
    if ('malformed' in line) return line.malformed
    const [action, parts] =
      'request' in line ? ['', line.request] : ([line.action, line.about] as const)
    const { transferId, from, to, amount, currency, reference, group, holdId, expiresAt, final } =
      parts as ReferenceHoldRequest & ReferenceRequest
    const date = expiresAt instanceof Date ? expiresAt.toISOString() : expiresAt
    return [transferId, from, to, amount, currency, reference, group, action, holdId, date, final]
      .map(quoted)
      .join(',')
  })
  const head = 'id,from,to,amount,currency,reference,group,action,holdId,expiresAt,final'
  return Buffer.from(`${[head, ...records].join('\n')}\n`, 'latin1')
}

const quoted = (field: unknown): string => `"${[field].join('').replaceAll('"', '""')}"`

const uriOf = () => inject('mongodbUri').replace(/\/(\?|$)/, `/${connection.name}$1`)
