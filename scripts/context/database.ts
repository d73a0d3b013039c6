import mongoose from 'mongoose'
import { openDatabase } from '../../src/index.ts'
import { describeUri, isLocalUri, requireReplicaSet } from '../../src/internal.ts'
import { CommandFailure, type CommonOptions, type Context, type Database } from './command.ts'

/**
 * Opens the database that the options name, else the local one, for the time of some work. Its name is
 * told before anything is written to it.
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
      // By it replay tells what a killed one left behind from the transactions of other programs.
      appName: 'daybook',
      monitorCommands: options.monitorCommands ?? false,
    })
    try {
      await requireReplicaSet(connection)
      const name = describeUri(engine.uri)
      context.log(`database: ${name}`)
      return await work({ connection, name, isLocal: isLocalUri(engine.uri) })
    } catch (error) {
      throw withLog(error, engine.folder)
    } finally {
      await connection.close()
    }
  } finally {
    await engine.close()
  }
}

/** An error that says where the local database has its log, where that may tell why it was lost. */
function withLog(error: unknown, folder: string | undefined): unknown {
  const isExplained = error instanceof CommandFailure
  const cause = isExplained ? error.cause : error
  const { MongoNetworkError, MongoServerSelectionError } = mongoose.mongo
  const isLost = cause instanceof MongoNetworkError || cause instanceof MongoServerSelectionError
  if (!isLost || folder === undefined) return error
  const problem = isExplained ? error.message : `MongoDB: ${cause.message}`
  const log = `the log of the local database: ${folder}/mongod.log`
  return new CommandFailure(`${problem}; ${log}`, { cause })
}
