import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  BatchConflictError,
  InputError,
  type GenerateOptions,
  type ReplaySummary,
  generate,
} from '../../src/index.ts'
import type { Context, Database } from '../context/command.ts'
import { replayWithProgress } from './replay/progress.ts'

/** The batch that a seeded history is posted as. */
const BATCH = 'history'

/** Other seeds, such as that of the demo's transfers and the default of `generate`, make other ids. */
const SEED = 2

type History = Pick<GenerateOptions, 'transfers' | 'seeded'> &
  Required<Pick<GenerateOptions, 'history'>>

/** Posts a history between the seeded accounts, as a batch: once, however often it is called. */
export async function postHistory(
  { connection }: Database,
  { transfers, seeded, history }: History,
  context: Context,
): Promise<ReplaySummary> {
  const folder = await mkdtemp(join(tmpdir(), 'daybook-history-'))
  const { signal } = context
  try {
    const file = join(folder, 'history.csv')
    const made = { transfers, seeded, history, seed: SEED, refusals: 0, repeats: 0 }
    await generate({ file, ...made, signal })
    return await replayWithProgress(connection, { file, name: BATCH, signal }, context)
  } catch (error) {
    if (!(error instanceof BatchConflictError)) throw error
    throw new InputError(
      'the database has another history already. To replace it and everything else, add --reset',
      { cause: error },
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** How many transfers {@link postHistory} would post to accounts that have just been seeded. */
export async function countHistory(
  options: History,
  { signal }: Pick<Context, 'signal'>,
): Promise<number> {
  const { outcomes } = await generate({
    ...options,
    file: 'history.csv',
    seed: SEED,
    refusals: 0,
    repeats: 0,
    force: true,
    dryRun: true,
    signal,
  })
  return outcomes.posted ?? 0
}
