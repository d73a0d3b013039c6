import { type AccountRecord, createCollections, seed } from '../../src/index.ts'
import { seededAccounts } from '../../src/internal.ts'
import { type Contestant, type Workspace, ProofError } from './comparison.ts'
import { accountsOf } from './daybook-database.ts'

/** The function behind `daybook seed`, into an empty database in each round. */
export const seedContestant = (contestant: Pick<Contestant, 'name' | 'transfers'>): Contestant =>
  emptyDatabaseContestant(contestant, ({ connection, signal }) => async (accounts) => {
    const start = performance.now()
    const { added } = await seed(connection, { accounts, signal })
    return { done: added, seconds: (performance.now() - start) / 1000 }
  })

const ACCOUNTS_PER_INSERT = 2_000
const CONCURRENT_INSERTS = 4

/** The same accounts, created before the timed part and inserted by the driver with several inserts in flight. */
export const insertContestant = (contestant: Pick<Contestant, 'name' | 'transfers'>): Contestant =>
  emptyDatabaseContestant(contestant, ({ connection }) => async (accounts) => {
    const records: AccountRecord[] = []
    for await (const batch of seededAccounts({ accounts })) records.push(...batch)
    let next = 0
    const insertAccounts = async () => {
      while (next < records.length) {
        const batch = records.slice(next, (next += ACCOUNTS_PER_INSERT))
        await accountsOf(connection).insertMany(batch, { ordered: false })
      }
    }
    const start = performance.now()
    await Promise.all(Array.from({ length: CONCURRENT_INSERTS }, insertAccounts))
    return { done: records.length, seconds: (performance.now() - start) / 1000 }
  })

const emptyDatabaseContestant = (
  contestant: Pick<Contestant, 'name' | 'transfers'>,
  insertion: (
    workspace: Workspace,
  ) => (accounts: number) => Promise<{ done: number; seconds: number }>,
): Contestant => ({
  ...contestant,
  warmUp: Math.min(2 * ACCOUNTS_PER_INSERT, contestant.transfers),
  async prepare(workspace) {
    await createCollections(workspace.connection)
    const insert = insertion(workspace)
    const collection = accountsOf(workspace.connection)
    let expected = 0
    return {
      async runRound(accounts) {
        await collection.deleteMany({})
        const round = await insert(accounts)
        expected = round.done
        return round
      },
      async prove() {
        const count = await collection.countDocuments()
        if (count !== expected) {
          throw new ProofError(
            `${workspace.connection.name} holds ${count} accounts, but ${expected} were inserted`,
          )
        }
      },
    }
  },
})
