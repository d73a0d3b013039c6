import { readFile, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { named } from '../../messages.ts'

/** The path of the log of a folder's mongod. */
export const logIn = (folder: string): string => join(folder, 'mongod.log')

/** The log of a folder's mongod; empty if it cannot be read. */
export const readLog = (folder: string): Promise<string> =>
  readFile(logIn(folder), 'utf8').catch(() => '')

/**
 * Why the mongod of a folder did not start, and what to do about it: the log's first line about an error, from its message
 * on, because later ones follow from it. Else the last line.
 */
export async function reasonForFailedStart(folder: string): Promise<string> {
  const log = await readLog(folder)
  const fullDisk = await describeFullDisk(folder, log)
  if (fullDisk !== undefined) return fullDisk
  const lines = log.split('\n').filter((line) => line.trim())
  const line = lines.find((text) => /"s":"[EF]"/.test(text)) ?? lines.at(-1)
  const reason = line?.replace(/^.*?"msg":/, '') ?? 'it wrote nothing to its log'
  return `${reason}. If another version of MongoDB wrote the data, name that one in MONGOMS_SYSTEM_BINARY, or move the folder away`
}

/** Why the mongod of a folder ended: that its disk is full, or its last words before it aborted; undefined if it was killed. */
export async function reasonForEnd(folder: string): Promise<string | undefined> {
  const log = await readLog(folder)
  const fatal = log.split('\n').find((line) => /"s":"F"/.test(line))
  return (await describeFullDisk(folder, log)) ?? fatal?.replace(/^.*?"msg":/, '')
}

/** A mongod on a full disk may be unable to write that to its log, which is on the same disk. */
async function describeFullDisk(folder: string, log: string): Promise<string | undefined> {
  const { bavail, bsize } = await statfs(folder).catch(() => ({ bavail: Infinity, bsize: 1 }))
  const isFull = /No space left on device|Disk quota exceeded/.test(log) || bavail * bsize < 65_536
  return isFull
    ? `No space left on device. Free some of the disk that holds ${named(folder)}`
    : undefined
}
