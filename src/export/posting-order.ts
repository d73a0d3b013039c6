import { DatabaseError } from '../errors.ts'
import type { TransferRecord } from '../ledger/records.ts'

/**
 * Puts transfers that come by `postedAt` into an order in which they can be posted again: along each account by its
 * sequence. Only transfers of the same millisecond are held in memory.
 * @throws DatabaseError if the sequences contradict each other
 */
export async function* inPostingOrder(
  transfers: AsyncIterable<TransferRecord>,
): AsyncGenerator<TransferRecord, void, undefined> {
  let sameTime: TransferRecord[] = []
  for await (const transfer of transfers) {
    const [first] = sameTime
    if (first && first.postedAt.getTime() !== transfer.postedAt.getTime()) {
      yield* bySequences(sameTime)
      sameTime = []
    }
    sameTime.push(transfer)
  }
  yield* bySequences(sameTime)
}

/** A transfer, and how many of the transfers right before it, one on each side, have not been yielded. */
interface Node {
  readonly transfer: TransferRecord
  waitsFor: number
  readonly next: Node[]
}

function* bySequences(transfers: TransferRecord[]): Generator<TransferRecord, void, undefined> {
  if (transfers.length < 2) return yield* transfers
  // The server gives transfers of the same time in any order.
  const nodes = transfers
    .toSorted((one, other) => (one._id < other._id ? -1 : 1))
    .map((transfer): Node => ({ transfer, waitsFor: 0, next: [] }))
  for (const history of historiesOf(nodes).values()) {
    for (const [index, { node }] of history.entries()) {
      const before = history[index - 1]?.node
      if (!before) continue
      before.next.push(node)
      node.waitsFor += 1
    }
  }
  const ready = nodes.filter(({ waitsFor }) => waitsFor === 0)
  // The loop also visits what is pushed within it.
  for (const { transfer, next } of ready) {
    yield transfer
    for (const node of next) {
      node.waitsFor -= 1
      if (node.waitsFor === 0) ready.push(node)
    }
  }
  if (ready.length < nodes.length) {
    throw new DatabaseError(
      'the numbers of transfers along their accounts contradict each other, so they have no order: run daybook verify',
    )
  }
}

/** The transfers of each account, by sequence. */
function historiesOf(
  nodes: readonly Node[],
): ReadonlyMap<string, { readonly sequence: number; readonly node: Node }[]> {
  const histories = new Map<string, { sequence: number; node: Node }[]>()
  const add = (account: string, sequence: number, node: Node) => {
    const history = histories.get(account)
    if (history) history.push({ sequence, node })
    else histories.set(account, [{ sequence, node }])
  }
  for (const node of nodes) {
    const { fromAccount, fromSequence, toAccount, toSequence } = node.transfer
    add(fromAccount, fromSequence, node)
    add(toAccount, toSequence, node)
  }
  for (const history of histories.values()) {
    history.sort((one, other) => one.sequence - other.sequence)
  }
  return histories
}
