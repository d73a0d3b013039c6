import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type ProgramRun, compileCommandLine, runProgram } from './command-run.ts'
import { type BenchOptions, type Contestant, type Workspace, ProofError } from './comparison.ts'
import { createAccounts, proveBooks } from './daybook-database.ts'
import { type NextPayment, randomPayments } from './payments.ts'

/**
 * `daybook replay` of a new CSV file in each round. The whole command is timed, compiled as the package is, from its start
 * to its exit.
 */
export const replayContestant = (
  { accounts }: Pick<BenchOptions, 'accounts'>,
  {
    runsAgain = false,
    ...contestant
  }: Pick<Contestant, 'name' | 'transfers'> & {
    /** Whether each file is replayed a second time. */
    runsAgain?: boolean
  },
): Contestant => ({
  ...contestant,
  isFixed: true,
  warmUp: Math.min(1_000, contestant.transfers),
  async prepare(workspace) {
    await createAccounts(workspace.connection, accounts)
    const nextPayment = randomPayments(accounts)
    const cli = await compileCommandLine(workspace.folder)
    const replayFile = (file: string, lines: number) =>
      replayCommand([cli, 'replay', file], lines, workspace)
    let files = 0
    let posted = 0
    return {
      async runRound(lines) {
        files += 1
        const file = join(workspace.folder, `batch-${files}.csv`)
        await pipeline(Readable.from(csv(nextPayment, lines)), createWriteStream(file))
        const { seconds, processorSeconds, memory } = await replayFile(file, lines)
        posted += lines
        const secondRunSeconds = runsAgain && (await replayFile(file, lines)).seconds
        await rm(file)
        return {
          done: lines,
          seconds,
          processorSeconds,
          memory,
          ...(secondRunSeconds && { secondRunSeconds }),
        }
      },
      prove: () => proveBooks(workspace.connection, posted),
    }
  },
})

/** Replays a file in a process of its own. Throws unless all of its lines were posted. */
async function replayCommand(
  command: readonly [cli: string, name: string, file: string],
  lines: number,
  { uri, signal }: Pick<Workspace, 'uri' | 'signal'>,
): Promise<ProgramRun> {
  const run = await runProgram([...command, '--uri', uri, '--json', '--quiet'], signal)
  const { status, posted } = JSON.parse(run.stdout) as { status: string; posted: number }
  if (status !== 'finished' || posted !== lines) {
    throw new ProofError(
      `the replay of ${command[2]} is ${status}, with ${posted} of ${lines} lines posted`,
    )
  }
  return run
}

function* csv(nextPayment: NextPayment, lines: number): Generator<string> {
  let rows = 'transferId,from,to,amount,currency\n'
  for (let line = 0; line < lines; line += 1) {
    const { transferId, from, to, amount } = nextPayment()
    rows += `${transferId},${from},${to},${amount},USD\n`
    if (rows.length < 64 * 1024) continue
    yield rows
    rows = ''
  }
  yield rows
}
