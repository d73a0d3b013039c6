import type { HydratedDocument } from 'mongoose'
import { named } from '../messages.ts'

/** Whether a document was read without a path, by a projection. What it would say of that path is unknown, not zero. */
export const isLeftOut = (document: unknown, path: string): boolean =>
  (document as Partial<HydratedDocument<object>> | undefined)?.isSelected?.(path) === false

/**
 * Checks that a document has the paths that an answer depends on.
 * @throws TypeError that names those that it was read without
 */
export function requireSelected(
  document: HydratedDocument<{ _id: string }>,
  record: string,
  paths: readonly string[],
): void {
  const leftOut = paths.filter((path) => isLeftOut(document, path))
  if (leftOut.length === 0) return
  const id = isLeftOut(document, '_id') ? '' : ` ${named(document._id)}`
  throw new TypeError(
    `${id ? record + id : `the ${record}`} was read without its ${leftOut.join(', ')}: select that too`,
  )
}
