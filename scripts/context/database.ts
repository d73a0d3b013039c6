import { setTimeout } from 'node:timers/promises'
import mongoose from 'mongoose'
import { DatabaseError, OutcomeError, defineLedger } from '../../src/index.ts'
import {
  type Engine,
  describeUri,
  explainedAccess,
  isConnectionLost,
  isLocalUri,
  locateDatabase,
  reasonOf,
  requireReachableBy,
  requireReplicaSet,
  untilAborted,
} from '../../src/internal.ts'
import { CommandFailure, type CommonOptions, type Context, type Database } from './command.ts'
import { definitionFrom } from './ledger-file.ts'
import { paint } from './paint.ts'
import { withSuggestion } from './suggestion.ts'

/**
 * Opens the database that the options name, or the local one, runs `work` on it, and closes it. The
 * database's name is logged before anything is written. If the local database's mongod ends, the command ends, too.
 */
export async function withDatabase<Result>(
  options: Pick<CommonOptions, 'uri' | 'folder' | 'ledger'> & { monitorCommands?: boolean },
  context: Context,
  work: (database: Database) => Promise<Result>,
): Promise<Result> {
  const definition = await definitionFrom(options.ledger)
  const engine = await locateDatabase({
    ...(options.uri && { uri: options.uri }),
    folder: options.folder,
    onProgress: (text) => context.log(paint.faint(text)),
    signal: context.signal,
  })
  try {
    const connection = mongoose.createConnection(engine.uri, {
      autoCreate: false,
      autoIndex: false,
      // A replay uses it to recognize the transactions of a replay that was killed.
      appName: 'daybook',
      monitorCommands: options.monitorCommands ?? false,
      // To close, the driver ends its transactions, and would search 30 s for a local mongod that has ended.
      ...(engine.folder !== undefined && { serverSelectionTimeoutMS: LOCAL_SEARCH_MS }),
    })
    defineLedger(connection, definition)
    try {
      const { isLocal } = engine
      await (isLocal
        ? untilAborted(requireReplicaSet(connection), context.signal)
        : requireReachableBy(connection, engine.uri, context.signal))
      const name = describeUri(engine.uri)
      context.log(paint.faint(`database: ${name}`))
      const database = { connection, name, isLocal, isNear: isLocal || isLocalUri(engine.uri) }
      return await whileOpen(engine, connection, () => work(database))
    } catch (error) {
      const explained = await explainedAccess(error, connection)
      throw withLogPath(await withSuggestion(explained, connection), engine.folder)
    } finally {
      await connection.close()
    }
  } finally {
    await engine.close()
  }
}

/** How long the driver may search for the local mongod, in milliseconds. It is on this machine, and was just running. */
const LOCAL_SEARCH_MS = 5000

/** How long a command may take, in milliseconds, to say what it had done when its database ended. */
const LONGEST_REPORT_MS = 2000

/** How long it takes, in milliseconds, to notice that the local database's mongod has ended. */
const LONGEST_NOTICE_MS = 1000

/**
 * Runs `work` on a connection, and ends it as soon as the engine's mongod has ended. The driver by itself would search
 * for that server for a long time.
 * @throws EngineError that says that mongod has ended; CommandFailure with what `work` said about it
 */
async function whileOpen<Result>(
  engine: Engine,
  connection: mongoose.Connection,
  work: () => Promise<Result>,
): Promise<Result> {
  const done = new AbortController()
  const result = work()
  let hasEnded = false
  const ended = engine.stayOpen(done.signal).catch(async (end: unknown) => {
    hasEnded = true
    await connection.close(true)
    const report = await Promise.race([
      result.then(
        () => undefined,
        (error: unknown) => error,
      ),
      setTimeout(LONGEST_REPORT_MS),
    ])
    throw report instanceof CommandFailure || report instanceof OutcomeError
      ? new CommandFailure(`${report.message}. ${reasonOf(end)}`, { cause: end })
      : end
  })
  const explained = result.catch(async (error: unknown) => {
    // A connection can break a moment before it shows that its server has ended.
    if (engine.folder !== undefined && isLost(error)) {
      await Promise.race([ended, setTimeout(LONGEST_NOTICE_MS)])
    }
    if (hasEnded) await ended
    throw error
  })
  try {
    return await Promise.race([explained, ended.then(() => explained)])
  } finally {
    done.abort()
  }
}

/** Adds the path of the local database's log to an error that says that the connection was lost. */
function withLogPath(error: unknown, folder: string | undefined): unknown {
  if (!isLost(error) || folder === undefined) return error
  const isExplained = hasExplanation(error)
  const problem = isExplained ? error.message : `MongoDB: ${error.message}`
  const cause = isExplained ? error.cause : error
  const log = `${folder}/mongod.log`
  return new CommandFailure(`${problem}. The log of the local database may say why: ${log}`, {
    cause,
  })
}

/** Whether an error, or the one that it explains, says that the connection was lost. */
function isLost(error: unknown): error is Error {
  return isConnectionLost(error) || (hasExplanation(error) && isLost((error as Error).cause))
}

/** Whether an error says in words of Daybook what its cause means. */
const hasExplanation = (error: unknown): boolean =>
  error instanceof CommandFailure || error instanceof OutcomeError || error instanceof DatabaseError
