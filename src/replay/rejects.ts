import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { access, open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import mongoose, { type Connection } from 'mongoose'
import type { RefusalRecord } from '../batch.ts'
import type { Reject, RejectsFormat } from './batch-file.ts'
import { BatchFileError } from './errors.ts'
import { type SourceOptions, identify } from './source.ts'

/** Refuses a file of rejects that could not be written at the end, or that would replace something else. */
export async function checkRejectsFile(path: string, options: SourceOptions): Promise<void> {
  try {
    await access(dirname(path), constants.W_OK)
  } catch (error) {
    const problem = 'the folder for the rejects is not there or may not be written to'
    throw new BatchFileError(path, problem, {}, { cause: error })
  }
  const found = await stat(path).catch(() => undefined)
  if (!found) return
  if (!found.isFile())
    throw new BatchFileError(path, 'this is no file: name a file for the rejects')
  const input = await identify(options)
  if (input && input.dev === found.dev && input.ino === found.ino) {
    throw new BatchFileError(
      path,
      'the rejects would replace the file that is replayed: name another',
    )
  }
}

/** Writes a file of rejects: all of it, or the file that was there stays as it was. */
export async function writeRejects(
  path: string,
  rejects: AsyncIterable<Reject> | Iterable<Reject>,
  format: RejectsFormat,
): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`
  const file = await open(temporary, 'wx')
  try {
    let pending = format.head
    let isFirst = true
    for await (const reject of rejects) {
      pending += (isFirst ? '' : format.separator) + format.write(reject)
      isFirst = false
      if (pending.length < 64 * 1024) continue
      await file.writeFile(pending)
      pending = ''
    }
    await file.writeFile(isFirst ? format.none : pending + format.tail)
    await file.sync()
    await file.close()
    await rename(temporary, path)
  } catch (error) {
    await file.close().catch(() => undefined)
    await rm(temporary, { force: true })
    throw error
  }
}

/** The refused lines of a batch that are stored, in the file's order. */
async function* storedRefusals(
  connection: Connection,
  batch: string,
): AsyncGenerator<RefusalRecord> {
  yield* connection
    .collection<RefusalRecord>('refusals')
    .find({ _id: { $gte: { batch }, $lt: { batch, line: new mongoose.mongo.MaxKey() } } } as object)
    .sort({ _id: 1 })
}

/** All refused lines of a batch: those stored, then those of a run that stores none. */
export async function* rejectsOf(
  connection: Connection,
  batch: string,
  others: readonly Reject[],
): AsyncGenerator<Reject> {
  for await (const { _id, row: text, ...reject } of storedRefusals(connection, batch)) {
    yield { ...reject, line: _id.line, text }
  }
  yield* others
}
