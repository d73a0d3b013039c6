import { quote } from '../../messages.ts'
import { ReplayOptionsError } from '../errors.ts'
import type { Transform, TransformFunction } from './transform.ts'

/**
 * Checks the value of the option.
 * @throws ReplayOptionsError
 */
export function checkTransform(option: unknown): void {
  if (option === undefined) return
  if (typeof option === 'function') return checkSource(option as TransformFunction<never>)
  const { transform, read, version } = (option ?? {}) as Partial<Transform>
  if (typeof transform !== 'function') {
    throw new ReplayOptionsError(
      `'transform' ${quote(option)} is not a function, and not an object with a function transform`,
    )
  }
  if (read !== undefined && typeof read !== 'function') {
    throw new ReplayOptionsError(`the read ${quote(read)} of 'transform' is not a function`)
  }
  if (version === undefined) return checkSource(transform)
  if (typeof version === 'string' && version !== '' && version.length <= 256) return
  throw new ReplayOptionsError(
    `the version ${quote(version)} of 'transform' is not a text of 1–256 characters`,
  )
}

/** Functions that are bound or native all have the same source. */
function checkSource(transform: TransformFunction<never>): void {
  if (!/\{\s*\[native code\]\s*\}$/.test(String(transform))) return
  throw new ReplayOptionsError(
    "the source of 'transform' cannot be read, as of a bound function: give { transform, version }, so that the batch knows which function it is",
  )
}
