import type { ClientSession } from 'mongoose'
import type { Context, Database } from './command.ts'
import { bringUpToDate } from './own-migrations.ts'

/** The yargs option `--dry-run`, of every command that writes. */
export const dryRunOption = {
  describe: 'say what would happen, write nothing',
  type: 'boolean',
  default: false,
} as const

/** Where a change is made: in a transaction that is there already, or in one of its own. */
export interface Place {
  readonly session?: ClientSession
}

/** Ends the transaction of a change that is only rehearsed. */
class Rehearsed extends Error {}

/** Makes a change, or under `--dry-run` makes it in a transaction that is rolled back, and gives its result. */
export async function change<Result>(
  database: Database,
  { dryRun, context }: { dryRun: boolean; context: Context },
  make: (place: Place) => Promise<Result>,
): Promise<Result> {
  if (!dryRun) {
    await bringUpToDate(database, context)
    return await make({})
  }
  let result: { readonly value: Result } | undefined
  try {
    await database.connection.transaction(async (session) => {
      result = { value: await make({ session }) }
      throw new Rehearsed()
    })
  } catch (error) {
    if (!(error instanceof Rehearsed && result)) throw error
  }
  context.log('rehearsal: nothing was written')
  return (result as unknown as { readonly value: Result }).value
}
