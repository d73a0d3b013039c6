import mongoose from 'mongoose'
import { openDatabase, requireReplicaSet, describeUri, isLocalUri } from '../src/index.ts'
import type { CommonOptions, Context, Database } from './command.ts'

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
    onProgress: context.tell,
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
      context.tell(`database: ${name}`)
      return await work({ connection, name, isLocal: isLocalUri(engine.uri) })
    } finally {
      await connection.close()
    }
  } finally {
    await engine.close()
  }
}
