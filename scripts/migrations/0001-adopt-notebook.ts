import { adoptNotebook, restoreNotebook } from '../../src/internal.ts'

/** The adoption renames collections and may take minutes, which no transaction allows. */
export const transaction = false

/** Both functions continue from whatever an earlier run left. */
export const resumable = true

/** Adopts the notebook's data if the database has any. */
export const up = adoptNotebook

/** Brings the notebook's collections back as they were, if nothing came since. */
export const down = restoreNotebook
