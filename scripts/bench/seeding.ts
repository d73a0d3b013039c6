import { type AccountRecord, createCollections, seed } from '../../src/index.ts'
import { seededAccounts } from '../../src/internal.ts'
import { accountsOf } from './books.ts'
import { type Entrant, type Place, ProofError } from './contest.ts'

/** `daybook seed`'s own function, into an empty database each round. */
export const seedEntrant = (entrant: Pick<Entrant, 'name' | 'transfers'>): Entrant =>
  emptyEntrant(entrant, ({ connection, signal }) => async (accounts) => {
    const start = performance.now()
    const { added } = await seed(connection, { accounts, signal })
    return { done: added, seconds: (performance.now() - start) / 1000 }
  })

/** How many accounts one insert takes, and how many inserts are in flight. */
const BATCH = 2_000
const IN_FLIGHT = 4

/** The same accounts, made beforehand, inserted by the bare driver with several inserts in flight. */
export const insertEntrant = (entrant: Pick<Entrant, 'name' | 'transfers'>): Entrant =>
  emptyEntrant(entrant, ({ connection }) => async (accounts) => {
    const records: AccountRecord[] = []
    for await (const made of seededAccounts({ accounts })) records.push(...made)
    let next = 0
    const work = async () => {
      while (next < records.length) {
        const batch = records.slice(next, (next += BATCH))
        await accountsOf(connection).insertMany(batch, { ordered: false })
      }
    }
    const start = performance.now()
    await Promise.all(Array.from({ length: IN_FLIGHT }, work))
    return { done: records.length, seconds: (performance.now() - start) / 1000 }
  })

const emptyEntrant = (
  entrant: Pick<Entrant, 'name' | 'transfers'>,
  insertion: (place: Place) => (accounts: number) => Promise<{ done: number; seconds: number }>,
): Entrant => ({
  ...entrant,
  warmUp: Math.min(2 * BATCH, entrant.transfers),
  async enter(place) {
    await createCollections(place.connection)
    const insert = insertion(place)
    const collection = accountsOf(place.connection)
    let expected = 0
    return {
      async round(accounts) {
        await collection.deleteMany({})
        const round = await insert(accounts)
        expected = round.done
        return round
      },
      async prove() {
        const count = await collection.countDocuments()
        if (count !== expected) {
          throw new ProofError(`${place.connection.name} holds ${count} accounts, not ${expected}`)
        }
      },
    }
  },
})
