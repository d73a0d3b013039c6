import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { replay } from '../../../src/index.ts'
import { type BenchOptions, type Contestant, ProofError } from '../comparison.ts'
import { createAccounts, proveBooks } from '../daybook-database.ts'
import { randomPayments } from '../payments.ts'
import { csv } from '../replay.ts'

/** `replay()` of a new CSV file in each round, in this process, so that its commands can be counted. */
export const fileContestant = (
  { accounts }: Pick<BenchOptions, 'accounts'>,
  contestant: Pick<Contestant, 'name' | 'transfers' | 'uri'>,
): Contestant => ({
  ...contestant,
  warmUp: Math.min(2_000, contestant.transfers),
  async prepare({ connection, folder, signal }) {
    await createAccounts(connection, accounts)
    const nextPayment = randomPayments(accounts)
    let files = 0
    let posted = 0
    return {
      async runRound(lines) {
        files += 1
        const file = join(folder, `batch-${files}.csv`)
        await writeFile(file, csv(nextPayment, lines))
        const start = performance.now()
        const summary = await replay(connection, { file, signal })
        const seconds = (performance.now() - start) / 1000
        if (summary.posted !== lines) {
          throw new ProofError(`the replay posted ${summary.posted} of ${lines} lines`)
        }
        posted += lines
        await rm(file)
        return { done: lines, seconds }
      },
      prove: () => proveBooks(connection, posted),
    }
  },
})
