import { setTimeout } from 'node:timers/promises'
import { accountModel, holdModel } from '../../src/index.ts'
import { SWEEP } from './asked-ledger.ts'
import { type Asked, statusOf } from './asking.ts'
import { ordersOf } from './connection.ts'
import {
  RELEASED,
  type SoakCapture,
  type SoakHold,
  askedCapture,
  askedHold,
  captureId,
  endBy,
  holdFor,
  releaseKey,
  rest,
  shareOf,
  sharedHold,
} from './hold-requests.ts'
import { drawRequest } from './requests.ts'
import type { WorkerOptions } from './worker-options.ts'

/** How long a hold of a worker's own lives at most, in milliseconds, if it expires. */
const LONGEST_LIFE = 1_500

/** A worker's calls for holds. */
export class HoldCalls {
  readonly #options: WorkerOptions

  constructor(options: WorkerOptions) {
    this.#options = options
  }

  /** The life of a hold: placed, captured in parts, and ended in one of the ways that there are. */
  async ownHold(): Promise<void> {
    const { random } = this.#options
    const life = random.whole({ least: 200, most: LONGEST_LIFE })
    const hold = this.#draw(random.isLikely(0.5) ? new Date(Date.now() + life) : undefined)
    if (!(await this.#place(hold))) return
    for (const part of ['part-1', 'part-2']) {
      if (random.isLikely(0.5)) await this.#capture(hold, shareOf(hold, 0.4, part))
    }
    const ends: readonly (() => Promise<unknown>)[] = [
      () => this.#capture(hold, rest(hold)),
      () => this.#capture(hold, shareOf(hold, 0.1)),
      () => this.#release(hold),
      () => Promise.all([this.#capture(hold, rest(hold)), this.#release(hold)]),
      () => this.#exceed(hold),
      async () => undefined,
    ]
    await random.pick(ends)()
    if (hold.expiresAt) await this.#callLate(hold, hold.expiresAt)
  }

  /** One call for a hold that other processes place, capture and release too. */
  async sharedHold(): Promise<void> {
    const { random, seed } = this.#options
    const hold = sharedHold(random, seed)
    await this.#place(hold)
    const calls: readonly (() => Promise<unknown>)[] = [
      () => this.#capture(hold, shareOf(hold, 0.5, 'part-1')),
      () => this.#capture(hold, shareOf(hold, 0.5, 'part-2')),
      () => this.#capture(hold, shareOf(hold, 0.25)),
      () => this.#capture(hold, rest(hold)),
      () => this.#release(hold),
      async () => undefined,
    ]
    await random.pick(calls)()
  }

  /** Places a hold and captures some of it in the caller's own transaction, together with a document of the caller's. */
  async ownTransaction(): Promise<void> {
    const { connection, asker } = this.#options
    const hold = this.#draw(undefined)
    const capture = shareOf(hold, 0.5, 'part-1')
    const order = `order-${asker.newName()}`
    const asked = { transfers: [askedCapture(hold, capture)], holds: [askedHold(hold)] }
    const call = { verb: 'hold, own transaction', atomic: true, order, ...asked }
    await this.#ask(call, async () => {
      await connection.transaction(async (session) => {
        await this.#Account.hold(hold, { session })
        await this.#Hold.capture(hold.holdId, { ...optionsOf(capture), session })
        await ordersOf(connection).updateOne(
          { _id: order },
          { $set: { placed: true } },
          { upsert: true, session },
        )
      })
      return ['posted', 'posted']
    })
  }

  /** Marks what has expired. */
  async sweep(): Promise<void> {
    await this.#options.asker.ask({ verb: SWEEP }, async () => [String(await this.#Hold.expire())])
  }

  #place(hold: SoakHold): Promise<boolean> {
    return this.#ask({ verb: 'hold', holds: [askedHold(hold)] }, async () => {
      const before = Date.now()
      const { createdAt } = await this.#Account.hold(hold)
      return [statusOf(createdAt, before)]
    })
  }

  #capture(hold: SoakHold, capture: SoakCapture): Promise<boolean> {
    return this.#ask({ verb: 'capture', transfers: [askedCapture(hold, capture)] }, () =>
      this.#makeCapture(capture),
    )
  }

  async #makeCapture(capture: SoakCapture): Promise<readonly string[]> {
    const before = Date.now()
    const { postedAt } = await this.#Hold.capture(capture.holdId, optionsOf(capture))
    return [statusOf(postedAt, before)]
  }

  #release({ holdId }: SoakHold): Promise<boolean> {
    const released = { key: releaseKey(holdId), content: RELEASED }
    return this.#ask({ verb: 'release', holds: [released] }, async () => {
      const before = Date.now()
      const { endedAt } = await this.#Hold.release(holdId)
      return [statusOf(endedAt, before)]
    })
  }

  /** Asks for more than is left. */
  #exceed(hold: SoakHold): Promise<boolean> {
    return this.#capture(hold, shareOf(hold, 1.5, 'part-3'))
  }

  /** Captures a hold that has expired, which nobody may do. */
  async #callLate(hold: SoakHold, expiresAt: Date): Promise<void> {
    await setTimeout(Math.max(0, Number(expiresAt) - Date.now()) + 1)
    const capture = shareOf(hold, 0.1, 'part-4')
    await this.#ask(
      { verb: 'late capture', isLate: true, transfers: [askedCapture(hold, capture)] },
      () => this.#makeCapture(capture),
    )
  }

  #ask(asked: Asked, make: () => Promise<readonly string[]>): Promise<boolean> {
    return this.#options.asker.askAgain(asked, make, this.#options.random)
  }

  #draw(expiresAt: Date | undefined): SoakHold {
    const { random, asker, worker } = this.#options
    const holdId = asker.newName()
    return holdFor(drawRequest(random, holdId, worker), { holdId, expiresAt })
  }

  get #Account() {
    return accountModel(this.#options.connection)
  }

  get #Hold() {
    return holdModel(this.#options.connection)
  }
}

/** A capture's options. Its reference is the key by which the audit finds it. */
const optionsOf = (capture: SoakCapture) => ({
  reference: captureId(capture),
  ...(capture.amount !== undefined && { amount: capture.amount, transferId: captureId(capture) }),
  ...(endBy(captureId(capture)) === 'final' && { final: true }),
})
