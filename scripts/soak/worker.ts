import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { accountModel, replay, transferModel } from '../../src/index.ts'
import { CURRENCIES, accountsIn, ownAccount } from './accounts.ts'
import { type Asked, statusOf } from './asking.ts'
import { type SoakBatch, askedOf, csvOf, drawBatch, sharedBatch } from './batches.ts'
import { ordersOf } from './connection.ts'
import { HoldCalls } from './hold-calls.ts'
import {
  type SoakGroup,
  type SoakRequest,
  asked,
  drawRequest,
  legReversalKey,
  reversalContent,
  sharedGroup,
  sharedRequest,
} from './requests.ts'
import type { WorkerOptions } from './worker-options.ts'

/** How many ids a worker remembers, to reverse them or to use them again. */
const REMEMBERED = 50

/** One of a client's callers, who makes one call after the other. */
export class Worker {
  readonly #options: WorkerOptions
  readonly #posted: SoakRequest[] = []
  /** The latest group that it has posted. */
  #group: SoakGroup | undefined
  readonly #verbs: readonly (readonly [weight: number, verb: () => Promise<unknown>])[]

  constructor(options: WorkerOptions) {
    this.#options = options
    const holds = new HoldCalls(options)
    this.#verbs = [
      [30, () => this.#transfer(this.#draw())],
      [15, () => this.#transfer(sharedRequest(options.random, options.seed))],
      [8, () => Promise.all(this.#drawMany(3, 12).map((request) => this.#transfer(request)))],
      [5, () => this.#transferWithoutId()],
      [3, () => this.#conflict()],
      [6, () => this.#transferMany(this.#drawMany(2, 30), {})],
      [6, () => this.#transferMany(this.#drawMany(2, 6), { atomic: true })],
      [
        6,
        () => this.#transferGroup({ groupId: options.asker.newName(), legs: this.#drawMany(2, 5) }),
      ],
      [6, () => this.#transferGroup(sharedGroup(options.random, options.seed))],
      [3, () => this.#reverseGroup()],
      [8, () => this.#ownTransaction()],
      [6, () => this.#reverse()],
      [8, () => holds.ownHold()],
      [8, () => holds.sharedHold()],
      [3, () => holds.ownTransaction()],
      [1, () => holds.sweep()],
      [3, () => this.#freeze()],
      [3, () => this.#limit()],
      [3, () => this.#openAndClose()],
      [1, () => this.#replayOwn()],
      [0.5, () => this.#replayShared()],
    ]
  }

  /** Makes calls until `isStopped`, with pauses of up to `think` milliseconds. */
  async run({ isStopped, think }: { isStopped: () => boolean; think: number }): Promise<void> {
    const { random } = this.#options
    const total = this.#verbs.reduce((sum, [weight]) => sum + weight, 0)
    while (!isStopped()) {
      let left = random.next() * total
      const chosen = this.#verbs.find(([weight]) => (left -= weight) < 0)
      await chosen?.[1]()
      await setTimeout(random.whole({ least: 0, most: think }))
    }
  }

  #ask(ask: Asked, make: () => Promise<readonly string[]>): Promise<boolean> {
    return this.#options.asker.askAgain(ask, make, this.#options.random)
  }

  async #transfer(request: SoakRequest): Promise<void> {
    const isPosted = await this.#ask(
      { verb: 'transfer', transfers: [asked(request)] },
      async () => {
        const before = Date.now()
        return [statusOf((await this.#Account.transfer(request)).postedAt, before)]
      },
    )
    if (!isPosted) return
    this.#posted.push(request)
    if (this.#posted.length > REMEMBERED) this.#posted.shift()
  }

  /** Without an id each call is another transfer, so it is never repeated. */
  async #transferWithoutId(): Promise<void> {
    const { transferId: _, ...request } = this.#draw()
    await this.#options.asker.ask({ verb: 'transfer', transfers: [asked(request)] }, async () => {
      await this.#Account.transfer(request)
      return ['posted']
    })
  }

  /** Uses an id again for another transfer. */
  async #conflict(): Promise<void> {
    const [used] = this.#posted
    if (!used) return
    const other = { ...used, amount: (Number(used.amount) + 1).toFixed(2) }
    await this.#options.asker.ask({ verb: 'conflict' }, async () => {
      await this.#Account.transfer(other)
      return []
    })
  }

  async #transferMany(requests: SoakRequest[], options: { atomic?: boolean }): Promise<void> {
    const { atomic = false } = options
    const verb = atomic ? 'transferMany, atomic' : 'transferMany'
    await this.#ask({ verb, atomic, transfers: requests.map(asked) }, async () => {
      const results = await this.#Account.transferMany(requests, options)
      return results.map((result) => (result.status === 'refused' ? result.code : result.status))
    })
  }

  async #transferGroup({ groupId, legs }: SoakGroup): Promise<void> {
    const call = { verb: 'transferGroup', atomic: true, transfers: legs.map(asked) }
    const isPosted = await this.#ask(call, async () => {
      const before = Date.now()
      const posted = await this.#Account.transferGroup({ groupId, legs })
      return posted.map(({ postedAt }) => statusOf(postedAt, before))
    })
    if (isPosted) this.#group = { groupId, legs }
  }

  /** Reverses its latest group, whose last leg is reversed first. */
  async #reverseGroup(): Promise<void> {
    if (!this.#group) return
    const { groupId, legs } = this.#group
    const reference = `reversal of ${groupId}`
    const transfers = legs.toReversed().map(({ transferId = '' }, index) => ({
      key: legReversalKey(reference, index + 1),
      content: reversalContent(transferId),
    }))
    await this.#ask({ verb: 'reverseGroup', atomic: true, transfers }, async () => {
      const before = Date.now()
      const { connection } = this.#options
      const posted = await transferModel(connection).reverseGroup(groupId, { reference })
      return posted.map(({ postedAt }) => statusOf(postedAt, before))
    })
  }

  /** Transfers in the caller's own transaction, together with a document of the caller's. */
  async #ownTransaction(): Promise<void> {
    const { connection, asker } = this.#options
    const requests = this.#drawMany(1, 3)
    const order = `order-${asker.newName()}`
    const call = { verb: 'own transaction', atomic: true, order, transfers: requests.map(asked) }
    await this.#ask(call, async () => {
      await connection.transaction(async (session) => {
        for (const request of requests) await this.#Account.transfer(request, { session })
        await ordersOf(connection).updateOne(
          { _id: order },
          { $set: { placed: true } },
          { upsert: true, session },
        )
      })
      return requests.map(() => 'posted')
    })
  }

  /** Reverses a transfer of its own, or one that another process may be posting right now. */
  async #reverse(): Promise<void> {
    const { random, seed, connection } = this.#options
    const own = this.#posted[random.whole({ least: 0, most: REMEMBERED - 1 })]
    const { transferId = '' } = own ?? sharedRequest(random, seed)
    const reference = `reversal of ${transferId}`
    const reversal = { key: reference, content: reversalContent(transferId) }
    await this.#ask({ verb: 'reverse', transfers: [reversal] }, async () => {
      const before = Date.now()
      const reversed = await transferModel(connection).reverse(transferId, { reference })
      return [statusOf(reversed.postedAt, before)]
    })
  }

  async #freeze(): Promise<void> {
    const { random } = this.#options
    const id = this.#ownAccount()
    for (const [verb, value] of [
      ['freeze', 'frozen'],
      ['unfreeze', 'open'],
    ] as const) {
      await this.#ask({ verb, account: { id, field: 'status', value } }, async () => {
        await this.#Account[verb](id)
        return []
      })
      await setTimeout(random.whole({ least: 0, most: 100 }))
    }
  }

  async #limit(): Promise<void> {
    const id = this.#ownAccount()
    const value = this.#options.random.whole({ least: 0, most: 500 }).toFixed(2)
    await this.#ask(
      { verb: 'setOverdraftLimit', account: { id, field: 'overdraftLimit', value } },
      async () => {
        await this.#Account.setOverdraftLimit(id, value)
        return []
      },
    )
  }

  /** The life of an account: opened, paid into, and closed with what it holds paid out. */
  async #openAndClose(): Promise<void> {
    const { random, asker } = this.#options
    const id = asker.newName()
    const currency = random.pick(CURRENCIES)
    const isOpen = await this.#ask(
      { verb: 'open', account: { id, field: 'holder', value: `holder of ${id}` } },
      async () => {
        await this.#Account.open({ accountId: id, holder: `holder of ${id}`, currency })
        return []
      },
    )
    if (!isOpen) return
    const [from = '', payOutTo = ''] = accountsIn(currency)
    const key = asker.newName()
    await this.#transfer({
      transferId: key,
      from,
      to: id,
      amount: '5.00',
      currency,
      reference: key,
    })
    await this.#ask(
      { verb: 'close', account: { id, field: 'status', value: 'closed' } },
      async () => {
        await this.#Account.close(id, { payOutTo })
        return []
      },
    )
  }

  async #replayOwn(): Promise<void> {
    const { random, asker } = this.#options
    const transfers = random.whole({ least: 5, most: 100 })
    await this.#replay(
      drawBatch(random, { name: asker.newName(), transfers, writtenAt: Date.now() }),
    )
  }

  async #replayShared(): Promise<void> {
    await this.#replay(sharedBatch(this.#options.seed))
  }

  async #replay(batch: SoakBatch): Promise<void> {
    const { folder, asker, connection } = this.#options
    const { name } = batch
    const file = join(folder, `${asker.newName()}.csv`)
    await writeFile(file, csvOf(batch))
    await this.#ask(askedOf(batch), async () => {
      const { status } = await replay(connection, { file, name })
      if (status !== 'finished') throw new Error(`the replay of ${name} ended as ${status}`)
      return []
    })
  }

  #ownAccount(): string {
    const { random, worker } = this.#options
    return ownAccount(random.pick(CURRENCIES), worker)
  }

  #draw(): SoakRequest {
    const { random, asker, worker } = this.#options
    return drawRequest(random, asker.newName(), worker)
  }

  #drawMany(least: number, most: number): SoakRequest[] {
    const { random } = this.#options
    return Array.from({ length: random.whole({ least, most }) }, () => this.#draw())
  }

  get #Account() {
    return accountModel(this.#options.connection)
  }
}
