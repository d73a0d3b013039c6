import type { Connection } from 'mongoose'

/**
 * Does some work of which only the first `writes` write commands succeed, as if the process was killed then.
 * Returns whether the work succeeded.
 */
export async function failAfterWrites(
  connection: Connection,
  work: () => Promise<unknown>,
  writes: number,
): Promise<boolean> {
  const admin = connection.getClient().db('admin')
  const { appName } = connection.getClient().options
  const failPoint = { configureFailPoint: 'failCommand' }
  const failCommands = ['insert', 'update', 'delete', 'create', 'drop', 'renameCollection']
  failCommands.push('createIndexes', 'collMod')
  const data = { failCommands, errorCode: 8, appName }
  await admin.command({ ...failPoint, mode: { skip: writes }, data })
  try {
    await work()
    return true
  } catch {
    return false
  } finally {
    await admin.command({ ...failPoint, mode: 'off' })
  }
}

/**
 * Does the same work again and again: each time one more of its writes succeeds, until all of them do. Returns how
 * often the work failed.
 */
export async function failAtEachWrite(
  connection: Connection,
  work: () => Promise<unknown>,
): Promise<number> {
  let writes = 0
  while (!(await failAfterWrites(connection, work, writes))) writes += 1
  return writes
}
