import type { Connection } from 'mongoose'
import { InputError } from '../errors.ts'
import { explainedAccess } from '../mongodb/access.ts'
import { rehearse } from '../mongodb/transaction.ts'
import { type CollectionChanges, countChanges } from './collection-changes.ts'
import { MigrationFailedError } from './errors.ts'
import { type MigrationParameters, callMigration } from './migration.ts'
import type { Direction } from './record.ts'
import type { PlannedMigration } from './run.ts'

/** What a migration would do. `changes` is missing if it runs outside a transaction: it cannot be rehearsed. */
export interface RehearsedMigration {
  readonly name: string
  readonly direction: Direction
  readonly changes?: Readonly<Record<string, CollectionChanges>>
}

/**
 * Runs planned migrations one after the other in one transaction that is rolled back, and reports what they
 * did. Migrations outside a transaction do not run, so later ones do not see their effects.
 * @throws MigrationFailedError if a migration throws
 */
export async function rehearsePlan(
  connection: Connection,
  plan: readonly PlannedMigration[],
  parameters: Omit<MigrationParameters, 'connection' | 'session' | 'collections'>,
): Promise<RehearsedMigration[]> {
  if (!connection.getClient().options.monitorCommands) {
    throw new TypeError(
      'a rehearsal needs command monitoring to count writes: open the connection with monitorCommands: true',
    )
  }
  let current: PlannedMigration | undefined
  try {
    return await rehearse(connection, async ({ session }) => {
      const rehearsed: RehearsedMigration[] = []
      for (current of plan) {
        const { file, migration, direction } = current
        const { name } = file
        if (migration.transaction === false) rehearsed.push({ name, direction })
        else {
          const work = () =>
            callMigration({ name, migration, direction }, { connection, session, ...parameters })
          const changes = await countChanges(connection, { session, work })
          rehearsed.push({ name, direction, changes })
        }
      }
      return rehearsed
    })
  } catch (error) {
    if (error instanceof InputError || !current) throw error
    const { file, direction } = current
    const advice = 'this was a dry run: nothing was written'
    const cause = await explainedAccess(error, connection)
    throw new MigrationFailedError({ migration: file.name, direction }, advice, cause)
  }
}
