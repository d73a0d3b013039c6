import { compileCommandLine, runProgram } from './command-run.ts'
import {
  type BenchOptions,
  type Contestant,
  ProofError,
  type Round,
  type Workspace,
} from './comparison.ts'
import { accountsOf, transfersOf } from './daybook-database.ts'
import { createHistory } from './earlier-transfers.ts'
import { randomPayments } from './payments.ts'

/** `daybook verify` of books with `history` transfers. The whole command is timed, from its start to its exit. */
export const verifyContestant = (options: BooksOptions, name: string): Contestant =>
  booksContestant(options, name, async ({ uri, folder, signal }) => {
    const cli = await compileCommandLine(folder)
    return async () => {
      const run = await runProgram([cli, 'verify', '--uri', uri, '--json', '--quiet'], signal)
      const { transfers } = JSON.parse(run.stdout) as { transfers: number }
      return { ...run, done: transfers }
    }
  })

/** The driver reads the same books, one document after another, and does nothing with them. */
export const scanContestant = (options: BooksOptions, name: string): Contestant =>
  booksContestant(options, name, async ({ connection, signal }) => async () => {
    const start = performance.now()
    let done = 0
    for await (const account of accountsOf(connection).find()) if (!account) done = Number.NaN
    for await (const transfer of transfersOf(connection).find()) {
      signal.throwIfAborted()
      if (transfer) done += 1
    }
    return { done, seconds: (performance.now() - start) / 1000 }
  })

type BooksOptions = Pick<BenchOptions, 'accounts' | 'history'>

/** A contestant that only reads. All of them read the same books. */
const booksContestant = (
  { accounts, history }: BooksOptions,
  name: string,
  reader: (workspace: Workspace) => Promise<() => Promise<Round>>,
): Contestant => ({
  name,
  transfers: history,
  isFixed: true,
  warmUp: 0,
  async prepare(workspace) {
    const nextPayment = randomPayments(accounts)
    await createHistory(workspace, { accounts, earlier: history, nextPayment })
    const read = await reader(workspace)
    let found = history
    return {
      async runRound() {
        const round = await read()
        found = round.done
        return round
      },
      async prove() {
        if (found !== history) {
          throw new ProofError(`${name} has read ${found} of ${history} transfers`)
        }
      },
    }
  },
})
