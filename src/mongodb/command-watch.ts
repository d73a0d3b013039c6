import { AsyncLocalStorage } from 'node:async_hooks'
import type { ClientSession, Connection, mongo } from 'mongoose'

/** A command that the driver sends. */
export interface SentCommand {
  /** Its first key, such as `insert`. */
  readonly commandName: string
  readonly command: mongo.Document
  readonly databaseName: string
  /** The caller's session, or the driver's own for this one operation. */
  readonly session: ClientSession | undefined
}

interface CommandWatch {
  /** Called before a command is sent. If it throws, the command is not sent and fails with that error. */
  sending(sent: SentCommand): void
  /** Called after a command has failed, or a part of it, such as the insert of one document. */
  failed(sent: SentCommand, error: unknown): void
}

/** The watch over the commands of the present code. */
const currentWatch = new AsyncLocalStorage<{ watch: CommandWatch | undefined }>()

/**
 * Does some work and watches the commands that it sends, by any client of the same driver. Other code is not watched,
 * even if it uses the same connection. The driver's own events would not do: it emits them only if the client was opened
 * with `monitorCommands`, and that costs each command something.
 * @throws TypeError if this version of the driver cannot be watched
 */
export async function withCommandWatch<Result>(
  connection: Connection,
  watch: CommandWatch,
  work: () => Promise<Result>,
): Promise<Result> {
  watchCommandsOf(connection)
  const current: { watch: CommandWatch | undefined } = { watch }
  try {
    return await currentWatch.run(current, work)
  } finally {
    current.watch = undefined
  }
}

/** The driver's classes of connections that are watched. */
const watched = new WeakSet<object>()

function watchCommandsOf(connection: Connection): void {
  const driverConnection = classOfConnections(connection)
  if (watched.has(driverConnection)) return
  watched.add(driverConnection)
  const { command: send } = driverConnection
  driverConnection.command = async function sendWatched(namespace, command, options, ...others) {
    const watch = currentWatch.getStore()?.watch
    if (!watch) return await send.call(this, namespace, command, options, ...others)
    const [commandName = ''] = Object.keys(command)
    const sent = { commandName, command, databaseName: namespace.db, session: options?.session }
    watch.sending(sent)
    try {
      const reply = await send.call(this, namespace, command, options, ...others)
      const { writeErrors: [error] = [] } = reply.toObject?.() ?? {}
      if (error) watch.failed(sent, new Error(error.errmsg))
      return reply
    } catch (error) {
      watch.failed(sent, error)
      throw error
    }
  }
}

/** The driver's class of connections, as far as it is used here. The driver does not export it. */
interface ClassOfConnections {
  command: (
    this: unknown,
    namespace: { readonly db: string },
    command: mongo.Document,
    options?: { readonly session?: ClientSession },
    ...others: unknown[]
  ) => Promise<Reply>
}

interface Reply {
  toObject?(): { readonly writeErrors?: readonly { readonly errmsg: string }[] }
}

/** What leads from a client to that class. */
interface DriverClient {
  readonly topology?: { readonly s?: { readonly servers?: ReadonlyMap<string, DriverServer> } }
}

interface DriverServer {
  readonly pool?: {
    readonly options?: { readonly connectionType?: { readonly prototype?: ClassOfConnections } }
  }
}

function classOfConnections(connection: Connection): ClassOfConnections {
  const { topology } = connection.getClient() as unknown as DriverClient
  const [server] = topology?.s?.servers?.values() ?? []
  const found = server?.pool?.options?.connectionType?.prototype
  if (typeof found?.command === 'function') return found
  throw new TypeError(
    'this version of the MongoDB driver is not known to Daybook: use the version of mongoose that Daybook names, or a newer Daybook',
  )
}
