import { DatabaseError } from '../errors.ts'
import type { TransferRecord } from '../ledger/records.ts'

/** What the place of a transfer depends on. */
type Placed = Pick<
  TransferRecord,
  '_id' | 'fromAccount' | 'toAccount' | 'fromSequence' | 'toSequence' | 'postedAt'
>

/**
 * Puts transfers that come by `postedAt` into an order in which they can be posted again: along each account by its
 * sequence. They come in blocks of any size, and go in blocks of at least `size`. Only a block and transfers of the same
 * millisecond are held in memory.
 * @throws DatabaseError if the sequences contradict each other
 */
export async function* inPostingOrder<Transfer extends Placed>(
  blocks: AsyncIterable<readonly Transfer[]>,
  size: number,
): AsyncGenerator<Transfer[], void, undefined> {
  let ordered: Transfer[] = []
  let sameTime: Transfer[] = []
  for await (const block of blocks) {
    for (const transfer of block) {
      const [first] = sameTime
      if (first && first.postedAt.getTime() !== transfer.postedAt.getTime()) {
        addInOrder(ordered, sameTime)
        sameTime = []
      }
      sameTime.push(transfer)
    }
    if (ordered.length < size) continue
    yield ordered
    ordered = []
  }
  addInOrder(ordered, sameTime)
  if (ordered.length > 0) yield ordered
}

/** A transfer, and how many of the transfers right before it, one on each side, have not been yielded. */
interface Node<Transfer> {
  readonly transfer: Transfer
  waitsFor: number
  /** The transfers right after it on its accounts. */
  next: Node<Transfer> | undefined
  other: Node<Transfer> | undefined
}

/** Adds transfers of the same millisecond to those before. */
function addInOrder<Transfer extends Placed>(
  ordered: Transfer[],
  transfers: readonly Transfer[],
): void {
  const [first] = transfers
  if (first && transfers.length === 1) ordered.push(first)
  if (transfers.length < 2) return
  // The server gives transfers of the same time in any order.
  const nodes = transfers
    .toSorted((one, other) => (one._id < other._id ? -1 : 1))
    .map((transfer): Node<Transfer> => ({
      transfer,
      waitsFor: 0,
      next: undefined,
      other: undefined,
    }))
  for (const [account, history] of historiesOf(nodes)) {
    history.sort((one, other) => sequenceOf(one, account) - sequenceOf(other, account))
    for (let index = 1; index < history.length; index += 1) {
      const before = history[index - 1] as Node<Transfer>
      const node = history[index] as Node<Transfer>
      if (before.next) before.other = node
      else before.next = node
      node.waitsFor += 1
    }
  }
  const ready = nodes.filter(({ waitsFor }) => waitsFor === 0)
  const release = (node: Node<Transfer> | undefined) => {
    if (!node) return
    node.waitsFor -= 1
    if (node.waitsFor === 0) ready.push(node)
  }
  // The loop also visits what is pushed within it.
  for (const { transfer, next, other } of ready) {
    ordered.push(transfer)
    release(next)
    release(other)
  }
  if (ready.length < nodes.length) {
    throw new DatabaseError(
      'the numbers of transfers along their accounts contradict each other, so they have no order: run daybook verify',
    )
  }
}

/** The transfers of each account, in any order. */
function historiesOf<Transfer extends Placed>(
  nodes: readonly Node<Transfer>[],
): ReadonlyMap<string, Node<Transfer>[]> {
  const histories = new Map<string, Node<Transfer>[]>()
  const add = (account: string, node: Node<Transfer>) => {
    const history = histories.get(account)
    if (history) history.push(node)
    else histories.set(account, [node])
  }
  for (const node of nodes) {
    add(node.transfer.fromAccount, node)
    add(node.transfer.toAccount, node)
  }
  return histories
}

/** The number of a transfer among those of one of its accounts. */
const sequenceOf = ({ transfer }: Node<Placed>, account: string): number =>
  transfer.fromAccount === account ? transfer.fromSequence : transfer.toSequence
