import type { Connection } from 'mongoose'

/** Lets so many writes succeed and then none, as a killed process would; gives whether all did. */
export async function breakOff(
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

/** Does the work as often as it has writes, broken off at each of them, and then to its end. */
export async function breakOffEverywhere(
  connection: Connection,
  work: () => Promise<unknown>,
): Promise<number> {
  let writes = 0
  while (!(await breakOff(connection, work, writes))) writes += 1
  return writes
}
