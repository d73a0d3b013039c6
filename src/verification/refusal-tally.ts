import mongoose from 'mongoose'
import type { StoredBatch } from './batch-reader.ts'

export interface RefusalTally {
  refusals: number
  readonly byCode: Map<string, number>
}

export function addRefusal(tally: RefusalTally, code: string): void {
  tally.refusals += 1
  tally.byCode.set(code, (tally.byCode.get(code) ?? 0) + 1)
}

/** Whether a batch has the refusals that name it. What is damaged in its record is reported with it. */
export const agrees = (batch: StoredBatch, tally: RefusalTally): boolean =>
  (batch.refused === undefined || batch.refused === tally.refusals) &&
  differences(batch, tally).length === 0

/** The codes with which a batch has other counts than refusals: what it has, and how many there are. */
export function differences(
  { refusedByCode }: StoredBatch,
  { byCode }: RefusalTally,
): [code: string, stored: number, found: number][] {
  if (!refusedByCode) return []
  return [...new Set([...byCode.keys(), ...refusedByCode.keys()])]
    .map((code): [string, number, number] => [
      code,
      refusedByCode.get(code) ?? 0,
      byCode.get(code) ?? 0,
    ])
    .filter(([, stored, found]) => stored !== found)
}

/** Selects the ids of a batch's refusals. */
export const idsOf = (batch: string): object => ({
  $gte: { batch },
  $lt: { batch, line: new mongoose.mongo.MaxKey() },
})
