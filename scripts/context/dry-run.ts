import type { ClientSession } from 'mongoose'
import { dryRun as inDryRun } from '../../src/internal.ts'
import type { Context, Database } from './command.ts'
import { bringUpToDate } from './own-migrations.ts'

/** With a session a change becomes part of that session's transaction; without one it starts its own. */
export interface SessionOption {
  readonly session?: ClientSession
}

/** Makes a change and returns its result. A dry run leaves out what it would write. */
export async function applyChange<Result>(
  database: Database,
  { dryRun, context }: { dryRun: boolean; context: Context },
  change: (options: SessionOption) => Promise<Result>,
): Promise<Result> {
  if (!dryRun) {
    await bringUpToDate(database, context)
    return await change({})
  }
  return await inDryRun(database.connection, (session) => change({ session }))
}
