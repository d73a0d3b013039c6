import { createRequire } from 'node:module'
import { compileCommandLine, runProgram } from './command-run.ts'
import type { Contestant, Workspace } from './comparison.ts'
import { createAccounts, proveBooks } from './daybook-database.ts'
import { accountIdAt } from './payments.ts'

/** Node.js with nothing to do. */
export const nodeContestant = (name: string): Contestant =>
  startContestant(name, async () => ['-e', '0'])

const mongoose = createRequire(import.meta.url).resolve('mongoose')

/** Reads one document with Mongoose: the least that a command on a database can do. */
export const mongooseContestant = (name: string): Contestant =>
  startContestant(name, async ({ uri }) => [
    '-e',
    `const mongoose = require(${JSON.stringify(mongoose)})
     const read = async () => {
       const connection = await mongoose.createConnection(${JSON.stringify(uri)}).asPromise()
       await connection.collection('accounts').findOne()
       await connection.close()
     }
     read()`,
  ])

export const versionContestant = (name: string): Contestant =>
  startContestant(name, async ({ folder }) => [await compileCommandLine(folder), '--version'])

export const statementContestant = (name: string): Contestant =>
  startContestant(name, async ({ folder, uri }) => {
    const cli = await compileCommandLine(folder)
    return [cli, 'statement', accountIdAt(0), '--uri', uri]
  })

export const transferCommandContestant = (name: string): Contestant =>
  startContestant(
    name,
    async ({ folder, uri }) => {
      const cli = await compileCommandLine(folder)
      return [cli, 'transfer', accountIdAt(0), accountIdAt(1), '0.01', '--uri', uri]
    },
    { posts: 1 },
  )

/** Starts a program again and again. Each time it runs to its end, and `posts` so many transfers. */
function startContestant(
  name: string,
  program: (workspace: Workspace) => Promise<readonly string[]>,
  { posts }: { posts: number } = { posts: 0 },
): Contestant {
  return {
    name,
    transfers: 5,
    isFixed: true,
    warmUp: 1,
    async prepare(workspace) {
      await createAccounts(workspace.connection, 2)
      const parameters = await program(workspace)
      let starts = 0
      return {
        async runRound(count) {
          let [seconds, processorSeconds] = [0, 0]
          const latencies: number[] = []
          for (let start = 0; start < count; start++) {
            const run = await runProgram(parameters, workspace.signal)
            seconds += run.seconds
            processorSeconds += run.processorSeconds
            latencies.push(run.seconds * 1000)
          }
          starts += count
          return { done: count, seconds, latencies, processorSeconds }
        },
        prove: () => proveBooks(workspace.connection, posts * starts),
      }
    },
  }
}
