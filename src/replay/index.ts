import type { Connection } from 'mongoose'
import type { ReplayOptions } from './options.ts'
import type { ExplainOptions, FileExplanation } from './reading/explanation.ts'
import type { ReadingOptions } from './reading/reading-options.ts'
import type { ReplaySummary } from './summary.ts'

// What reads files is loaded at the first call.

/**
 * Posts the transfers of a file as a batch: each exactly once, as if they were posted one by one in the file's
 * order. If the process is killed, the next replay of the file continues where this one stopped. The whole file
 * is read before anything is posted, so that a file that cannot be read posts nothing. A refused line is a
 * result, not an error. A batch that has posted nothing is started again if the file or its options have changed.
 *
 * @throws InputError if the file, the options or a batch of the same name do not allow the replay
 * @throws DatabaseError if the user lacks a right
 * @throws RejectsError if all is done except writing the rejects; it holds the summary
 * @example
 * const summary = await replay(connection, { file: 'transfers.csv', rejects: 'rejects.csv' })
 * console.log(`${summary.posted} posted, ${summary.refused} refused`)
 */
export async function replay<FileRecord extends object = Record<string, string>>(
  connection: Connection,
  call: ReplayOptions<FileRecord>,
): Promise<ReplaySummary> {
  const module = await import('./replay.ts')
  return await module.replay(connection, call)
}

/**
 * Shows how the first records of a file would be read, column by column, and proposes options for what is missing. It
 * needs no database.
 * @throws InputError if the file or the options cannot be read at all
 * @example
 * const { proposal, notes } = await explainFile({ file: 'january.csv', delimiter: ';' })
 * console.log(proposal, notes)
 */
export async function explainFile(call: ExplainOptions): Promise<FileExplanation> {
  const module = await import('./reading/explanation.ts')
  return await module.explainFile(call)
}

/**
 * Reads a format file: a JSON object with the options that say how a file is read.
 * @throws InputError that names the file and the key that is wrong
 * @example
 * const format = await readFormatFile('formats/bank.json')
 * await replay(connection, { file: 'january.csv', format })
 */
export async function readFormatFile(path: string): Promise<ReadingOptions> {
  const module = await import('./reading/format-file.ts')
  return await module.readFormatFile(path)
}
