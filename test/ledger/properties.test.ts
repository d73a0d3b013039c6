import { readFile } from 'node:fs/promises'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import type { ClientSession } from 'mongoose'
import { expect, inject, test } from 'vitest'
import { REFUSAL_CODES } from '../../src/errors.ts'
import { verify } from '../../src/index.ts'
import { daybook } from '../support/command-line.ts'
import { useDatabase } from '../support/database.ts'
import { OPENINGS, anyCall } from '../support/ledger-arbitraries.ts'
import { type Call, type Performed, expected, perform, resolve } from '../support/ledger-calls.ts'
import { commandOf } from '../support/ledger-command.ts'
import { propertyRuns } from '../support/property-runs.ts'
import { ReferenceLedger } from '../support/reference-ledger.ts'
import {
  type StoredBooks,
  expectBooks,
  expectLaws,
  expectUnchanged,
  readBooks,
  timeless,
  timelessText,
} from '../support/stored-books.ts'

const { connection, ...models } = useDatabase()

/** One step of a history: a call alone, or several in a transaction of the caller's that commits or aborts. */
interface Step {
  readonly calls: readonly Call[]
  readonly ends: 'alone' | 'commits' | 'aborts'
  /** Whether a command with `--dry-run` predicts the call, too. */
  readonly asCommand: boolean
}

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      calls: fc.tuple(anyCall),
      ends: fc.constant('alone' as const),
      asCommand: fc.nat({ max: 5 }).map((number) => number === 0),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      calls: fc.array(anyCall, { minLength: 1, maxLength: 4 }),
      ends: fc.constantFrom('commits', 'aborts'),
      asCommand: fc.constant(false),
    }),
  },
)

/** Long histories. A failing one can shrink to a single step. */
const history = fc.noBias(fc.array(step, { minLength: 1, maxLength: 70, size: 'max' }))

const { parameters, timeout } = propertyRuns(7)

const alone = (...calls: Call[]): Step[] =>
  calls.map((call) => ({ calls: [call], ends: 'alone', asCommand: false }))

const WITHOUT_PARTS = { reference: undefined, effectiveAt: undefined }

/** What few random histories come to: the reversal of a reversal, groups that are none, what becomes of holds, a wrong currency. */
const seldom = alone(
  { verb: 'transfer', request: { transferId: 'T1', from: 'ADA', to: 'BEA', amount: '1' } },
  { verb: 'reverse', transferId: 'T1', ...WITHOUT_PARTS },
  { verb: 'reverse', transferId: 'T1:reversal', ...WITHOUT_PARTS },
  { verb: 'transferGroup', groupId: '', legs: [{ from: 'ADA', to: 'BEA', amount: '1' }] },
  { verb: 'reverseGroup', groupId: 'G0', ...WITHOUT_PARTS },
  {
    verb: 'exchange',
    request: { exchangeId: 'G1', from: 'ADA', to: 'BEA', amount: '1', toAmount: '1', through: {} },
  },
  { verb: 'hold', request: { holdId: 'H1', from: 'BEA', to: 'ADA', amount: '20' } },
  { verb: 'close', accountId: 'BEA', payOutTo: undefined },
  { verb: 'capture', request: { holdId: 'H1', amount: '5', transferId: 'C1' } },
  { verb: 'capture', request: { holdId: 'H1', amount: '15.01', transferId: 'C2' } },
  { verb: 'freeze', accountId: 'BEA' },
  { verb: 'capture', request: { holdId: 'H1', amount: '5', final: true } },
  { verb: 'capture', request: { holdId: 'H1', amount: '5', transferId: 'C3' } },
  { verb: 'release', holdId: 'H1' },
  { verb: 'release', holdId: 'H2' },
  { verb: 'release', holdId: '' },
  {
    verb: 'hold',
    request: { holdId: 'H3', from: 'ADA', to: 'BEA', amount: '1', expiresAt: new Date(0) },
  },
  { verb: 'hold', request: { holdId: 'H1', from: 'BEA', to: 'ADA', amount: '21' } },
  { verb: 'open', request: { accountId: 'NEW-1', holder: 'Nia', currency: 'usd' } },
)

test(
  'any history of calls ends as the documents say, and every step keeps the laws of the books',
  async () => {
    const codes = new Map<string, number>()
    await fc.assert(
      fc.asyncProperty(history, async (steps) => {
        const ledger = await begin()
        for (const { calls, ends, asCommand } of steps) {
          const before = await readBooks(connection)
          const [first] = calls
          const outcomes =
            ends === 'alone' && first
              ? await checkAlone(resolve(first, ledger), { ledger, before, asCommand })
              : await checkTransaction(calls, { ledger, before, commits: ends === 'commits' })
          for (const outcome of outcomes) {
            const code = typeof outcome === 'string' ? outcome : outcome.code
            codes.set(code, (codes.get(code) ?? 0) + 1)
          }
        }
      }),
      { ...parameters, examples: [[seldom]] },
    )
    // This ledger has no fields of its own.
    const missing = (all: readonly string[]) => all.filter((code) => !codes.has(code))
    expect(missing(REFUSAL_CODES)).toEqual(['INVALID_FIELD'])
    expect(missing(await documentedCodes())).toEqual(['INVALID_FIELD', 'MALFORMED_LINE'])
  },
  timeout,
)

/** Empties the books and opens the accounts that every history starts with. */
async function begin(): Promise<ReferenceLedger> {
  await connection.collection('accounts').deleteMany({})
  await connection.collection('transfers').deleteMany({})
  await connection.collection('transfer_groups').deleteMany({})
  await connection.collection('holds').deleteMany({})
  const ledger = new ReferenceLedger()
  for (const request of OPENINGS) {
    const call = { verb: 'open', request } as const
    const { outcomes } = await perform(call, models)
    expect(outcomes).toEqual(expected(call, ledger))
  }
  return ledger
}

interface Situation {
  readonly ledger: ReferenceLedger
  readonly before: StoredBooks
}

async function checkAlone(
  call: Call,
  { ledger, before, asCommand }: Situation & { asCommand: boolean },
): Promise<Performed['outcomes']> {
  const rehearsed = await inAbortedTransaction((session) => perform(call, models, session))
  const oneByOne =
    call.verb === 'transferMany'
      ? await inAbortedTransaction((session) => performOneByOne(call, session))
      : rehearsed
  const command = asCommand ? commandOf(call) : undefined
  const commanded = command && (await daybook(uriOf(), [...command, '--dry-run', '--json']))
  expectUnchanged(await readBooks(connection), before)

  const real = await perform(call, models)
  const after = await readBooks(connection)
  expect(real.outcomes).toEqual(expected(call, ledger, real.payOutId))
  await expectStep(after, { ledger, before, outcomes: real.outcomes })

  expect(rehearsed.result.outcomes).toEqual(real.outcomes)
  expect(rehearsed.result.messages).toEqual(real.messages)
  expect(rehearsed.books).toBe(timeless(after))
  if (!isAtomic(call) || !real.outcomes.some(isRefusal)) {
    expect(oneByOne.result.outcomes).toEqual(real.outcomes)
    expect(oneByOne.books).toBe(timeless(after))
  }
  if (commanded) {
    const { stdout, stderr } = commanded
    if (real.messages[0] !== undefined) expect(stderr).toContain(real.messages[0])
    else expect(timelessFields(JSON.parse(stdout))).toEqual(timelessFields(real.document))
  }
  await checkRepeated(call, { ledger, before: after, first: real })
  return real.outcomes
}

/** The same call again: the model knows what becomes of it. Unless it makes a new id, nothing changes. */
async function checkRepeated(
  call: Call,
  { ledger, before, first }: Situation & { first: Performed },
): Promise<void> {
  const again = await perform(call, models)
  const after = await readBooks(connection)
  expect(again.outcomes).toEqual(expected(call, ledger, again.payOutId))
  expectBooks(after, ledger)
  // A refused request of a batch is posted by the repeat, if a later request of the batch has brought the money.
  const canChange = call.verb === 'transferMany' && !call.atomic && first.outcomes.some(isRefusal)
  if (!canChange) expectUnchanged(after, before)
}

async function checkTransaction(
  calls: readonly Call[],
  { ledger, before, commits }: Situation & { commits: boolean },
): Promise<Performed['outcomes']> {
  // It makes everything that it uses, because the driver may run it again.
  const work = async (session: ClientSession) => {
    const copy = ledger.copy()
    const outcomes: Performed['outcomes'][number][] = []
    for (const call of calls) {
      const resolved = resolve(call, copy)
      const performed = await perform(resolved, models, session)
      expect(performed.outcomes).toEqual(expected(resolved, copy, performed.payOutId))
      outcomes.push(...performed.outcomes)
    }
    expectBooks(await readBooks(connection, session), copy)
    return { copy, outcomes }
  }
  const { copy, outcomes } = commits
    ? await connection.transaction(work)
    : (await inAbortedTransaction(work)).result
  if (commits) ledger.become(copy)

  const after = await readBooks(connection)
  if (!commits) expectUnchanged(after, before)
  await expectStep(after, { ledger, before, outcomes })
  return outcomes
}

/** What holds after every step. */
async function expectStep(
  after: StoredBooks,
  { ledger, before, outcomes }: Situation & Pick<Performed, 'outcomes'>,
): Promise<void> {
  expectBooks(after, ledger)
  expectLaws(before, after)
  if (outcomes.every(isRefusal)) expectUnchanged(after, before)
  // What has not changed is still proven.
  if (!isDeepStrictEqual(after.bytes, before.bytes))
    expect(await verify(connection)).toMatchObject({ violations: [] })
}

/** Each request of a batch by itself, in the batch's order. */
async function performOneByOne(
  call: Call & { verb: 'transferMany' },
  session: ClientSession,
): Promise<Performed> {
  const all: Performed[] = []
  for (const request of call.requests) {
    all.push(await perform({ ...call, requests: [request] }, models, session))
  }
  return {
    outcomes: all.flatMap(({ outcomes }) => outcomes),
    messages: all.flatMap(({ messages }) => messages),
  }
}

/** Works in a transaction that aborts. Returns the result, and the books as the transaction saw them at its end. */
async function inAbortedTransaction<Result>(
  work: (session: ClientSession) => Promise<Result>,
): Promise<{ result: Result; books: string }> {
  const session = await connection.startSession()
  try {
    session.startTransaction()
    const result = await work(session)
    const books = timeless(await readBooks(connection, session))
    await session.abortTransaction()
    return { result, books }
  } finally {
    await session.endSession()
  }
}

/** A document without times. The order of its fields is that of the database, which an account opened in a rehearsal has not seen. */
const timelessFields = (document: unknown): unknown => JSON.parse(timelessText(document))

const isAtomic = (call: Call): boolean => call.verb === 'transferMany' && call.atomic

const isRefusal = (outcome: Performed['outcomes'][number]): boolean => typeof outcome !== 'string'

const uriOf = () => inject('mongodbUri').replace(/\/(\?|$)/, `/${connection.name}$1`)

/** The codes that docs/refusals.md explains. */
async function documentedCodes(): Promise<string[]> {
  const document = await readFile(new URL('../../docs/refusals.md', import.meta.url), 'utf8')
  return [...document.matchAll(/^## (\w+)$/gm)].map(([, code = '']) => code)
}
