import type { Connection } from 'mongoose'

/** What the server does in place of a command, or after it. */
interface Failure {
  /** The commands that it befalls, such as `commitTransaction`. */
  readonly failCommands: readonly string[]
  readonly errorCode?: number
  readonly errorLabels?: readonly string[]
  /** Drops the connection without a reply. */
  readonly closeConnection?: boolean
  /** Runs the command, then reports that its write concern failed. */
  readonly writeConcernError?: { readonly code: number; readonly errmsg: string }
}

/** Makes the server fail the next so many of some commands, of this connection's clients alone. */
export async function failNext(
  connection: Connection,
  times: number,
  data: Failure,
): Promise<void> {
  const { appName } = connection.getClient().options
  await connection
    .getClient()
    .db('admin')
    .command({ configureFailPoint: 'failCommand', mode: { times }, data: { ...data, appName } })
}

/** Counts the commands of one name that a connection sends, from now on. */
export function countCommands(connection: Connection, name: string): () => number {
  let count = 0
  connection.getClient().on('commandStarted', ({ commandName }) => {
    if (commandName === name) count += 1
  })
  return () => count
}
