import type { Connection } from 'mongoose'
import type { Random } from '../../src/internal.ts'
import type { Asker } from './asking.ts'

/** What a worker works with. */
export interface WorkerOptions {
  /** Unique in the soak: not even a client that was killed and started again uses it again. */
  readonly asker: Asker
  readonly connection: Connection
  readonly random: Random
  readonly seed: number
  /** Names the accounts that only this worker freezes, also after its client was started again. */
  readonly worker: string
  readonly folder: string
}
