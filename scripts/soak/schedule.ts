import { Random } from '../../src/internal.ts'

/** The faults, and how long each lasts, in milliseconds. */
const FAULTS = {
  'kill primary': [0, 1_500],
  'kill secondary': [0, 3_000],
  'pause primary': [100, 12_000],
  'pause secondary': [100, 5_000],
  /** Both secondaries are paused, so that commits wait for them. Then the primary is killed. */
  'kill waiting primary': [50, 1_500],
  /** Both secondaries are killed. Then the primary is, with what only it has. */
  'roll back': [100, 1_200],
  'step down': [0, 0],
  'fail commits': [300, 2_500],
  'fail writes': [300, 2_500],
  'lose replies': [300, 2_500],
  'hold bytes': [100, 8_000],
  'late commits': [300, 2_500],
  'cut connections': [0, 0],
  'kill client': [0, 0],
} as const satisfies Record<string, readonly [number, number]>

export type FaultKind = keyof typeof FAULTS

export const FAULT_KINDS = Object.keys(FAULTS) as FaultKind[]

/** A fault and its time, both in milliseconds from the start of the soak. */
export interface Fault {
  readonly at: number
  readonly kind: FaultKind
  readonly lasts: number
  /** From 0 to 1: which member, client or kind of failure. */
  readonly choice: number
}

/** The pause between two faults, in milliseconds: often too short for the set to be whole again. */
const PAUSE = { least: 300, most: 5_000 }

/**
 * The faults of a soak, in their order. Equal seeds make equal schedules. Every kind occurs once before any occurs
 * again.
 */
export function schedule({
  seed,
  milliseconds,
  kinds,
}: {
  seed: number
  milliseconds: number
  kinds: readonly FaultKind[]
}): Fault[] {
  const random = new Random(seed)
  const faults: Fault[] = []
  let remaining: FaultKind[] = []
  for (let at = random.whole(PAUSE); ;) {
    if (remaining.length === 0) remaining = [...kinds]
    const [kind] = remaining.splice(random.whole({ least: 0, most: remaining.length - 1 }), 1)
    const [least, most] = FAULTS[kind as FaultKind]
    // Short ones are more frequent: they end while something waits for them.
    const lasts = Math.round(least + (most - least) * random.next() ** 2)
    if (at + lasts > milliseconds) return faults
    faults.push({ at, kind: kind as FaultKind, lasts, choice: random.next() })
    at += lasts + random.whole(PAUSE)
  }
}
