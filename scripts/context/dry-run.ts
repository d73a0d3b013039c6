import type { ClientSession } from 'mongoose'
import type { Context, Database } from './command.ts'
import { bringUpToDate } from './own-migrations.ts'

/** The yargs option `--dry-run` of every command that writes. */
export const dryRunOption = {
  describe: 'show what would happen and write nothing',
  type: 'boolean',
  default: false,
} as const

/** With a session a change becomes part of that session's transaction; without one it starts its own. */
export interface SessionOption {
  readonly session?: ClientSession
}

/** Rolls back the transaction of a dry run. */
class Rehearsed extends Error {}

/** Makes a change and returns its result. A dry run makes it in a transaction that is rolled back. */
export async function applyChange<Result>(
  database: Database,
  { dryRun, context }: { dryRun: boolean; context: Context },
  change: (options: SessionOption) => Promise<Result>,
): Promise<Result> {
  if (!dryRun) {
    await bringUpToDate(database, context)
    return await change({})
  }
  let result: { readonly value: Result } | undefined
  try {
    await database.connection.transaction(async (session) => {
      result = { value: await change({ session }) }
      throw new Rehearsed()
    })
  } catch (error) {
    if (!(error instanceof Rehearsed && result)) throw error
  }
  context.log('dry run: nothing was written')
  return (result as unknown as { readonly value: Result }).value
}
