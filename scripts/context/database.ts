import mongoose from 'mongoose'
import { OutcomeError, openDatabase } from '../../src/index.ts'
import { describeUri, isLocalUri, requireReplicaSet } from '../../src/internal.ts'
import { CommandFailure, type CommonOptions, type Context, type Database } from './command.ts'

/**
 * Opens the database that the options name, or the local one, runs `work` on it, and closes it. The
 * database's name is logged before anything is written.
 */
export async function withDatabase<Result>(
  options: Pick<CommonOptions, 'uri' | 'folder'> & { monitorCommands?: boolean },
  context: Context,
  work: (database: Database) => Promise<Result>,
): Promise<Result> {
  const engine = await openDatabase({
    ...(options.uri && { uri: options.uri }),
    folder: options.folder,
    onProgress: context.log,
  })
  try {
    const connection = mongoose.createConnection(engine.uri, {
      autoCreate: false,
      autoIndex: false,
      // A replay uses it to recognize the transactions of a replay that was killed.
      appName: 'daybook',
      monitorCommands: options.monitorCommands ?? false,
    })
    try {
      await requireReplicaSet(connection)
      const name = describeUri(engine.uri)
      context.log(`database: ${name}`)
      return await work({ connection, name, isLocal: isLocalUri(engine.uri) })
    } catch (error) {
      throw withLogPath(error, engine.folder)
    } finally {
      await connection.close()
    }
  } finally {
    await engine.close()
  }
}

/** Adds the path of the local database's log to an error that says that the connection was lost. */
function withLogPath(error: unknown, folder: string | undefined): unknown {
  const isExplained = error instanceof CommandFailure || error instanceof OutcomeError
  const cause = isExplained ? error.cause : error
  const { MongoNetworkError, MongoServerSelectionError } = mongoose.mongo
  const isLost = cause instanceof MongoNetworkError || cause instanceof MongoServerSelectionError
  if (!isLost || folder === undefined) return error
  const problem = isExplained ? error.message : `MongoDB: ${cause.message}`
  const log = `${folder}/mongod.log`
  return new CommandFailure(`${problem}. The log of the local database may say why: ${log}`, {
    cause,
  })
}
