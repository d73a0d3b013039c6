import type { Connection } from 'mongoose'

/** Counts the commands with this name that a connection sends from now on. */
export function countCommands(connection: Connection, name: string): () => number {
  let count = 0
  connection.getClient().on('commandStarted', ({ commandName }) => {
    if (commandName === name) count += 1
  })
  return () => count
}
