import type { Connection } from 'mongoose'
import {
  type ReplayOptions,
  type ReplayProgress,
  type ReplaySummary,
  replay,
} from '../../../src/index.ts'
import type { Context } from '../../context/command.ts'
import { type Progress, startProgress } from '../../context/progress.ts'

export async function replayWithProgress(
  connection: Connection,
  options: ReplayOptions<never>,
  context: Context,
): Promise<ReplaySummary> {
  let phase: ReplayProgress['phase'] | undefined
  let progress: Progress | undefined
  const onProgress = (state: ReplayProgress): void => {
    if (state.phase !== phase) {
      progress?.stop()
      phase = state.phase
      progress = startProgress(context, { unit: phase === 'checking' ? 'lines checked' : 'lines' })
    }
    if (phase === 'checking') progress?.update(state.read)
    else {
      const { posted, refused, skipped } = state
      const others = skipped > 0 ? `, ${skipped} skipped` : ''
      const detail = `${posted} posted, ${refused} refused${others}`
      progress?.update(state.read, state.records, detail)
    }
  }
  try {
    return await replay(connection, { ...options, onProgress })
  } finally {
    progress?.stop()
  }
}
