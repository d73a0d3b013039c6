import { Readable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { inPostingOrder } from '../../src/export/posting-order.ts'
import type { TransferRecord } from '../../src/ledger/records.ts'

const ACCOUNTS = ['A', 'B', 'C', 'D', 'E']

/** Transfers between accounts in the order in which they were posted, each in the given millisecond. */
function history(pairs: readonly (readonly [from: number, to: number, time: number])[]) {
  const counts = new Map<string, number>()
  const count = (account: string) => {
    const next = (counts.get(account) ?? 0) + 1
    counts.set(account, next)
    return next
  }
  let postedAt = 0
  return pairs.map(([from, step, time], index) => {
    const [fromAccount, toAccount] = [ACCOUNTS[from], ACCOUNTS[(from + step) % ACCOUNTS.length]]
    postedAt += time
    return {
      _id: `T${(index * 7919) % 1009}`,
      fromAccount,
      toAccount,
      fromSequence: count(fromAccount as string),
      toSequence: count(toAccount as string),
      postedAt: new Date(postedAt),
    } as TransferRecord
  })
}

/** As the server gives them: by time, and in no order within a millisecond. */
const sorted = (transfers: readonly TransferRecord[]): TransferRecord[] =>
  transfers.toSorted(
    (one, other) =>
      one.postedAt.getTime() - other.postedAt.getTime() || (one._id < other._id ? -1 : 1),
  )

/** Orders transfers that come, and go, in blocks of some size. */
async function ordered(transfers: readonly TransferRecord[], size = 3): Promise<TransferRecord[]> {
  async function* blocks() {
    for (let start = 0; start < transfers.length; start += size) {
      yield transfers.slice(start, start + size)
    }
    yield []
  }
  const result = (await Readable.from(
    inPostingOrder(blocks(), size),
  ).toArray()) as TransferRecord[][]
  return result.flat()
}

const pair = fc.tuple(fc.nat(4), fc.integer({ min: 1, max: 4 }), fc.constantFrom(0, 0, 0, 1))

describe('inPostingOrder', () => {
  test('yields each transfer once, along each account by its sequence', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(pair, { maxLength: 60 }),
        fc.integer({ min: 1, max: 9 }),
        async (pairs, size) => {
          const transfers = history(pairs)

          const result = await ordered(sorted(transfers), size)

          expect(result.toSorted(byId)).toEqual(transfers.toSorted(byId))
          const counts = new Map<string, number>()
          for (const { fromAccount, fromSequence, toAccount, toSequence } of result) {
            for (const [account, sequence] of [
              [fromAccount, fromSequence],
              [toAccount, toSequence],
            ] as const) {
              expect(sequence).toBe((counts.get(account) ?? 0) + 1)
              counts.set(account, sequence)
            }
          }
        },
      ),
    )
  })

  test('yields the same order whatever the server gives first', async () => {
    const transfers = history([
      [0, 1, 0],
      [2, 1, 0],
      [0, 2, 0],
      [4, 1, 0],
    ])
    const reversed = transfers.toReversed()

    expect(await ordered(reversed)).toEqual(await ordered(sorted(transfers)))
  })

  test('refuses sequences that contradict each other', async () => {
    const [first, second] = history([
      [0, 1, 0],
      [0, 1, 0],
    ]) as [TransferRecord, TransferRecord]
    const damaged = [
      { ...first, fromSequence: 2 },
      { ...second, fromSequence: 1 },
    ]

    await expect(ordered(sorted(damaged))).rejects.toThrow(/have no order: run daybook verify/)
  })
})

const byId = (one: TransferRecord, other: TransferRecord): number => (one._id < other._id ? -1 : 1)
