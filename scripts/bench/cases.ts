import { batchCases } from './batch-cases.ts'
import { callCases } from './call-cases.ts'
import type { Case } from './figures.ts'
import { startCases } from './start-cases.ts'

export type CaseName = keyof typeof callCases | keyof typeof batchCases | keyof typeof startCases

/** What each case compares, and the figures to reach. */
export const comparisonsOf: Readonly<Record<CaseName, Case>> = {
  ...callCases,
  ...batchCases,
  ...startCases,
}

/** The cases that run unless some are named. The others take minutes, except `storage`, which measures no rate. */
export const DEFAULT_CASES: readonly CaseName[] = [
  'transfer',
  'concurrent',
  'hot',
  'posting',
  'history',
  'medici',
  'replay',
  'seed',
  'starts',
]

export const CASES = Object.keys(comparisonsOf) as CaseName[]
