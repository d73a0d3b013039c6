import { adoptNotebook, restoreNotebook } from '../../src/internal.ts'

/** It renames collections, and may take minutes. */
export const transaction = false

/** Both functions go on from whatever an earlier run left. */
export const resumable = true

/** Takes over a database in the notebook's shape, where there is one. */
export const up = adoptNotebook

/** Brings the notebook's collections back as they were, if nothing came since. */
export const down = restoreNotebook
