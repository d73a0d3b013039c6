import type { ClientSession, Connection } from 'mongoose'
import { named, reasonOf } from '../messages.ts'
import { type SentCommand, withCommandWatch } from '../mongodb/command-watch.ts'
import { isPassing } from '../mongodb/passing-errors.ts'
import { MigrationStateError } from './errors.ts'

/**
 * Does a migration's work in the transaction of a session, and refuses what would not be rolled back with it:
 *
 * - A write without the session is not sent, whoever makes it: a collection, a model, or a verb of Daybook. Reads
 *   without it are allowed: they change nothing, and some, such as the list of indexes, cannot be in a transaction.
 * - A failed command has ended the transaction, so the work must not catch its error and continue.
 * @throws MigrationStateError if the work does one of these, whatever it makes of the error
 */
export async function guardTransaction(
  connection: Connection,
  { name, session }: { readonly name: string; readonly session: ClientSession },
  work: () => Promise<void>,
): Promise<void> {
  let outsideWrite: MigrationStateError | undefined
  let failure: unknown
  const watch = {
    sending(sent: SentCommand) {
      if (sent.session === session || isRead(sent)) return
      throw (outsideWrite ??= outsideWriteError(name, connection.name, sent))
    },
    failed(sent: SentCommand, error: unknown) {
      if (sent.session === session) failure ??= error
    },
  }
  try {
    await withCommandWatch(connection, watch, work)
  } catch (error) {
    throw outsideWrite ?? error
  }
  if (outsideWrite) throw outsideWrite
  if (failure === undefined) return
  // After one of these the transaction is tried again.
  if (isPassing(failure)) throw failure
  throw new MigrationStateError(
    `migration ${named(name)} continues after a failed command (${reasonOf(failure)}), but that command has ended its transaction, so nothing of the migration was written. Check before writing, so that no command fails`,
  )
}

const outsideWriteError = (
  migrationName: string,
  connected: string,
  command: SentCommand,
): MigrationStateError =>
  new MigrationStateError(
    `migration ${named(migrationName)} writes outside its transaction (${command.commandName} on ${named(collectionOf(command, connected))}). That could not be rolled back, so it was not sent, and nothing of the migration was written. Pass the session to each operation, such as updateMany(filter, update, { session }), or add "export const transaction = false" to the file`,
  )

/** The collection of a command, or its database if it has no collection: for example `log` or `other.log`. */
export function collectionOf(
  { commandName, command, databaseName }: Omit<SentCommand, 'session'>,
  connected: string,
): string {
  const target: unknown = command[commandName]
  if (typeof target !== 'string') return databaseName
  return databaseName === connected ? target : `${databaseName}.${target}`
}

/** The end of another transaction is among them: its writes were refused before. */
const READS = new Set(
  'find aggregate count distinct getMore killCursors listCollections listIndexes listDatabases listCommands explain collStats dbStats dataSize serverStatus buildInfo hostInfo connectionStatus getParameter getCmdLineOpts replSetGetStatus usersInfo rolesInfo currentOp hello isMaster ping endSessions commitTransaction abortTransaction'.split(
    ' ',
  ),
)

/** Whether a command changes nothing. An aggregation writes if its last stage does. */
function isRead({ commandName, command }: SentCommand): boolean {
  const { pipeline } = command as { pipeline?: unknown }
  const [last] = Array.isArray(pipeline) ? (pipeline as object[]).slice(-1) : []
  const writes = last && ('$out' in last || '$merge' in last)
  return READS.has(commandName) && !writes
}
