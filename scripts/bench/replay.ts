import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { openBooks, proveBooks } from './books.ts'
import { runCommand } from './command-run.ts'
import { type BenchOptions, type Entrant, type Place, ProofError } from './contest.ts'
import { type Payments, randomPayments } from './payments.ts'

/** `daybook replay` of a new CSV file each round, the whole command, from its start to its end. */
export const replayEntrant = (
  { accounts }: Pick<BenchOptions, 'accounts'>,
  {
    runsAgain = false,
    ...entrant
  }: Pick<Entrant, 'name' | 'transfers'> & {
    /** Whether each file is replayed a second time. */
    runsAgain?: boolean
  },
): Entrant => ({
  ...entrant,
  isFixed: true,
  warmUp: Math.min(1_000, entrant.transfers),
  async enter(place) {
    await openBooks(place.connection, accounts)
    const nextPayment = randomPayments(accounts)
    let files = 0
    let posted = 0
    return {
      async round(lines) {
        files += 1
        const file = join(place.folder, `batch-${files}.csv`)
        await pipeline(Readable.from(csv(nextPayment, lines)), createWriteStream(file))
        const { seconds, memory } = await replayCommand(file, lines, place)
        posted += lines
        const again = runsAgain && (await replayCommand(file, lines, place)).seconds
        await rm(file)
        return { done: lines, seconds, memory, ...(again && { again }) }
      },
      prove: () => proveBooks(place.connection, posted),
    }
  },
})

async function replayCommand(file: string, lines: number, { uri, signal }: Place) {
  const run = await runCommand(['replay', file, '--uri', uri, '--json', '--quiet'], signal)
  const { status, posted } = JSON.parse(run.stdout) as { status: string; posted: number }
  if (status !== 'finished' || posted !== lines) {
    throw new ProofError(`the replay of ${file} is ${status}, ${posted} of ${lines} posted`)
  }
  return run
}

function* csv(nextPayment: Payments, lines: number): Generator<string> {
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
