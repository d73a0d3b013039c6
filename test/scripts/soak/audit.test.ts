import { describe, expect, test } from 'vitest'
import { AskedLedger } from '../../../scripts/soak/asked-ledger.ts'
import {
  type Offence,
  type StoredBooks,
  type StoredTransfer,
  audit,
} from '../../../scripts/soak/audit.ts'
import {
  type StoredCapture,
  type StoredHold,
  problemsOfHolds,
} from '../../../scripts/soak/audit-holds.ts'
import type { Call, Entry, Outcome } from '../../../scripts/soak/journal.ts'

const transfer = { key: 'T1', content: '1.00 USD from A to B' }

const stored = (changes: Partial<StoredTransfer> = {}): StoredTransfer => ({
  transferId: 'T1',
  reference: 'T1',
  content: transfer.content,
  from: 'A',
  amount: '1.00',
  hold: undefined,
  batch: undefined,
  ...changes,
})

const posted: Outcome = { outcome: 'done', results: ['posted'] }
const refused: Outcome = { outcome: 'refused', code: 'INSUFFICIENT_FUNDS' }
const notPosted: Outcome = { outcome: 'not posted', error: 'OutcomeError: not posted' }
const unknown: Outcome = { outcome: 'unknown', error: 'OutcomeError: unknown' }

let calls = 0

/** The entries of a call with this outcome from one time to another; of one that never ended without an outcome. */
function called(
  outcome: Outcome | undefined,
  { from = 0, to = from + 1, ...asked }: Partial<Call> & { from?: number; to?: number } = {},
): Entry[] {
  calls += 1
  const call = `call ${calls}`
  return [
    { began: from, verb: 'transfer', transfers: [transfer], ...asked, call },
    ...(outcome ? [{ ended: to, call, ...outcome }] : []),
  ]
}

/** The offences that an audit finds, by kind. */
async function offences(
  entries: readonly Entry[],
  books: Partial<StoredBooks>,
): Promise<Partial<Record<Offence, readonly string[]>>> {
  const asked = new AskedLedger()
  await asked.read(entries)
  const result = await audit(asked, {
    transfers: [],
    holds: [],
    held: new Map(),
    fields: new Map(),
    orders: new Set(),
    refusals: new Map(),
    ...books,
  })
  return Object.fromEntries(Object.entries(result.offences).filter(([, found]) => found.length > 0))
}

describe('audit', () => {
  test('finds nothing when callers were told the truth', async () => {
    expect(await offences(called(posted), { transfers: [stored()] })).toEqual({})
    for (const outcome of [refused, notPosted, unknown, undefined]) {
      expect(await offences(called(outcome), { transfers: [] })).toEqual({})
    }
    for (const outcome of [unknown, undefined]) {
      expect(await offences(called(outcome), { transfers: [stored()] })).toEqual({})
    }
  })

  test('finds what was acknowledged and is not there', async () => {
    expect(await offences(called(posted), {})).toEqual({ lost: ['T1'] })
    const existing: Outcome = { outcome: 'done', results: ['existing'] }
    expect(await offences(called(existing), {})).toEqual({ lost: ['T1'] })
  })

  test('finds a transfer that was posted twice under two ids', async () => {
    const transfers = [stored(), stored({ transferId: 'T2' })]
    expect(await offences(called(posted), { transfers })).toEqual({ doubled: ['T1'] })
  })

  test('finds a transfer with other content, and an id that was used again', async () => {
    const transfers = [stored({ content: '2.00 USD from A to B' })]
    expect(await offences(called(posted), { transfers })).toEqual({
      changed: ['T1: 2.00 USD from A to B'],
    })
    const conflict = called({ outcome: 'done', results: [] }, { verb: 'conflict', transfers: [] })
    expect(await offences(conflict, {})).toHaveProperty('changed')
  })

  test('finds a transfer that nobody asked for', async () => {
    expect(await offences([], { transfers: [stored()] })).toEqual({ 'never asked for': ['T1'] })
  })

  describe('of a refused transfer that is there', () => {
    const books = { transfers: [stored()] }
    const offence = { 'refused but posted': ['T1'] }

    test('finds it if nobody else called', async () => {
      expect(await offences(called(refused), books)).toEqual(offence)
    })

    test('finds it if every other call had ended before the refused one began', async () => {
      const late = [...called(unknown, { from: 0, to: 1 }), ...called(refused, { from: 2, to: 3 })]
      expect(await offences(late, books)).toEqual(offence)
      const found = called({ outcome: 'done', results: ['existing'] }, { from: 4 })
      expect(await offences([...late, ...found], books)).toEqual(offence)
    })

    test('finds it if a client that died had called before', async () => {
      const entries = [...called(undefined), { died: 2 }, ...called(refused, { from: 3 })]
      expect(await offences(entries, books)).toEqual(offence)
    })

    test('finds nothing if another call went on, or came later', async () => {
      for (const outcome of [posted, unknown]) {
        const during = [...called(refused, { from: 1, to: 2 }), ...called(outcome, { to: 3 })]
        expect(await offences(during, books)).toEqual({})
        const after = [...called(refused), ...called(outcome, { from: 5 })]
        expect(await offences(after, books)).toEqual({})
      }
    })

    test('finds a line of a batch that was refused and posted', async () => {
      const done: Outcome = { outcome: 'done', results: [] }
      expect(
        await offences(called(done, { batch: 'B' }), {
          transfers: [stored({ batch: 'B' })],
          refusals: new Map([['B', new Set(['T1'])]]),
        }),
      ).toEqual({ 'refused but posted': ['T1 of B'] })
    })
  })

  test('finds a transfer that every caller was told is not posted', async () => {
    const books = { transfers: [stored()] }
    const offence = { 'posted but reported failed': ['T1'] }
    expect(await offences(called(notPosted), books)).toEqual(offence)
    expect(await offences([...called(notPosted), ...called(posted)], books)).toEqual({})
  })

  test('finds a line of a finished batch that was neither posted nor refused', async () => {
    const entries = called({ outcome: 'done', results: [] }, { batch: 'B' })
    expect(await offences(entries, {})).toEqual({ lost: ['T1 of B'] })
    expect(await offences(entries, { transfers: [stored({ batch: 'B' })] })).toEqual({})
    const refusals = new Map([['B', new Set(['T1'])]])
    expect(await offences(entries, { refusals })).toEqual({})
  })

  test('finds a part of a group, and a transaction without its document', async () => {
    const transfers = [transfer, { key: 'T2', content: '1.00 USD from B to A' }]
    const group = called(unknown, { transfers, atomic: true })
    expect(await offences(group, { transfers: [stored()] })).toEqual({ torn: ['the group of T1'] })
    const ordered = called(unknown, { atomic: true, order: 'O' })
    expect(await offences(ordered, { transfers: [stored()] })).toEqual({ torn: ['O'] })
    expect(await offences(ordered, { orders: new Set(['O']) })).toEqual({ torn: ['O'] })
    const orders = new Set(['O'])
    expect(await offences(ordered, { transfers: [stored()], orders })).toEqual({})
  })

  test('finds a change of an account that is gone, or was reported as failed', async () => {
    const account = { id: 'A', field: 'status', value: 'frozen' } as const
    const done: Outcome = { outcome: 'done', results: [] }
    const frozen = { fields: new Map([['A status', 'frozen']]) }
    const open = { fields: new Map([['A status', 'open']]) }
    const changed = (outcome: Outcome | undefined) =>
      called(outcome, { transfers: [], account, verb: 'freeze' })
    expect(await offences(changed(done), frozen)).toEqual({})
    expect(await offences(changed(done), open)).toHaveProperty('lost')
    expect(await offences(changed(notPosted), open)).toEqual({})
    expect(await offences(changed(notPosted), frozen)).toHaveProperty('posted but reported failed')
    for (const outcome of [unknown, undefined]) {
      expect(await offences(changed(outcome), frozen)).toEqual({})
      expect(await offences(changed(outcome), open)).toEqual({})
    }
  })

  test('finds a second payout of one account', async () => {
    const account = { id: 'A', field: 'status', value: 'closed' } as const
    const entries = called({ outcome: 'done', results: [] }, { transfers: [], account })
    const payout = stored({ reference: undefined })
    const fields = new Map([['A status', 'closed']])
    expect(await offences(entries, { transfers: [payout], fields })).toEqual({})
    expect(await offences(entries, { transfers: [payout, payout], fields })).toEqual({
      doubled: ['the payout of A'],
    })
  })
})

describe('audit of holds', () => {
  const hold = { key: 'hold H', content: '1.00 USD from A to B' }
  const release = { key: 'release of H', content: 'released' }
  const held = (changes: Partial<StoredHold> = {}): StoredHold => ({
    holdId: 'H',
    content: hold.content,
    from: 'A',
    amount: '1.00',
    captured: '0.00',
    status: 'active',
    expiresAt: undefined,
    endedAt: undefined,
    finalCapture: undefined,
    batch: undefined,
    ...changes,
  })
  const active = { holds: [held()], held: new Map([['A', '1.00']]) }
  const endedAt = new Date(1_000)
  const placed = called(posted, { verb: 'hold', transfers: [], holds: [hold] })
  const released = (outcome: Outcome | undefined, times: { from: number }) =>
    called(outcome, { verb: 'release', transfers: [], holds: [release], ...times })

  test('finds a hold or a release that is lost, or that a caller was told is refused', async () => {
    expect(await offences(placed, active)).toEqual({})
    expect(await offences(placed, {})).toEqual({ lost: ['hold H'] })
    const entries = [...placed, ...released(posted, { from: 1 })]
    expect(await offences(entries, active)).toEqual({ lost: ['release of H'] })
    const books = { holds: [held({ status: 'released', endedAt })] }
    expect(await offences(entries, books)).toEqual({})
    expect(await offences([...placed, ...released(refused, { from: 1 })], books)).toEqual({
      'refused but posted': ['release of H'],
    })
    expect(await offences(placed, books)).toEqual({ 'never asked for': ['release of H'] })
  })

  test('finds a hold of a finished batch that is lost, or that was refused and placed', async () => {
    const done = { outcome: 'done', results: [] } as const
    const entries = called(done, { batch: 'B', transfers: [], holds: [hold] })
    const [ofBatch, refusals] = [held({ batch: 'B' }), new Map([['B', new Set([hold.key])]])]
    expect(await offences(entries, {})).toEqual({ lost: ['hold H of B'] })
    expect(await offences(entries, { refusals })).toEqual({})
    expect(await offences(entries, { ...active, holds: [ofBatch] })).toEqual({})
    expect(await offences(entries, { ...active, holds: [ofBatch], refusals })).toEqual({
      'refused but posted': ['hold H of B'],
    })
  })

  test('finds an account that does not hold what its active holds have left', async () => {
    const says = async (sum: string | undefined, changes: Partial<StoredHold> = {}) =>
      await offences(placed, {
        holds: [held(changes)],
        held: new Map(sum === undefined ? [] : [['A', sum]]),
      })
    for (const found of [
      await says(undefined),
      await says('0.99'),
      await says('1.00', { status: 'expired', expiresAt: endedAt, endedAt }),
    ]) {
      expect(found).toEqual({ 'holds that do not add up': [expect.stringContaining('A says')] })
    }
  })

  describe('finds that a hold', () => {
    const part = { transferId: 'H:part-1', holdId: 'H', amount: '0.40' }
    const rest = { transferId: 'H:capture', holdId: 'H', amount: '0.60' }
    const whole = held({ status: 'captured', captured: '1.00', finalCapture: 'H:capture', endedAt })

    test.each<[string, Partial<StoredHold>, StoredCapture[], string]>([
      ['says another sum', { captured: '0.90' }, [part, rest], 'says 0.90 captured, and'],
      ['took too much', { amount: '0.90' }, [part, rest], 'holds 0.90, and its captures took 1.00'],
      ['has no end', { finalCapture: undefined }, [part, rest], 'is captured with the end undef'],
      ['ended twice', { status: 'released' }, [part, rest], 'is released with the end H:capture'],
      ['lost its end', { captured: '0.40' }, [part], 'has no capture H:capture'],
      [
        'went on after its end',
        { status: 'active', endedAt: undefined, finalCapture: undefined },
        [part, rest],
        'is active after H:capture',
      ],
      [
        'was captured in part',
        { captured: '0.60' },
        [rest],
        'was captured whole, and its captures',
      ],
      ['has no time of its end', { endedAt: undefined }, [part, rest], 'is captured, ended undef'],
    ])('%s', (_rule, changes, captures, problem) => {
      expect(problemsOfHolds([whole], [part, rest], new Map())).toEqual([])
      const problems = problemsOfHolds([{ ...whole, ...changes }], captures, new Map())
      expect(problems.join('\n')).toContain(`H ${problem}`)
    })

    test('is not there', () => {
      expect(problemsOfHolds([], [part], new Map())).toEqual([
        'H:part-1 captures a hold that is not there',
      ])
    })
  })

  test('looks at the captures in the books', async () => {
    const capture = stored({ transferId: 'H:part-1', hold: 'H', amount: '0.40' })
    expect(
      await offences([...placed, ...called(posted)], { ...active, transfers: [capture] }),
    ).toEqual({ 'holds that do not add up': ['H says 0.00 captured, and its captures took 0.40'] })
  })

  test('finds what was done after the expiry, and an expiry that came early or twice', async () => {
    const expired = held({ status: 'expired', expiresAt: endedAt, endedAt })
    const sweep = (count: string) =>
      called({ outcome: 'done', results: [count] }, { verb: 'expire', transfers: [] })
    const entries = [...placed, ...sweep('1')]
    expect(await offences(entries, { holds: [expired] })).toEqual({})
    const early = { ...expired, endedAt: new Date(999) }
    expect(await offences(entries, { holds: [early] })).toEqual({
      'holds that do not add up': ['H expired early'],
    })
    expect(await offences([...entries, ...sweep('1')], { holds: [expired] })).toHaveProperty(
      'doubled',
    )
    const late = { verb: 'late capture', isLate: true }
    expect(await offences(called(refused, late), {})).toEqual({})
    expect(await offences(called(posted, late), { transfers: [stored()] })).toHaveProperty([
      'captured after expiry',
    ])
  })
})

describe('AskedLedger', () => {
  test('counts outcomes, and the longest wait of the calls of each verb that ended', async () => {
    const asked = new AskedLedger()
    await asked.read([
      ...called(posted, { to: 20 }),
      ...called(unknown, { to: 3_000, verb: 'replay' }),
      ...called(undefined),
    ])
    expect(asked.outcomes).toMatchObject({ done: 1, unknown: 1, died: 1, refused: 0 })
    expect([...asked.longestWaits]).toEqual([
      ['transfer', 20],
      ['replay', 3_000],
    ])
  })
})
