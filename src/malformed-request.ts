import { type Keys, requireKnownKeys, requireObject } from './arguments.ts'

/**
 * A request that has an unknown key, lacks a part, or is no object. It is a TypeError, because types refuse most of them; the
 * code tells it from a mistake in the program if the request came from elsewhere, such as from an HTTP client.
 */
export class MalformedRequestError extends TypeError {
  override readonly name = 'MalformedRequestError'
  readonly code = 'MALFORMED_REQUEST'

  /** Its name, code and message. */
  toJSON(): { name: string; code: string; message: string } {
    const { name, code, message } = this
    return { name, code, message }
  }
}

/**
 * Checks that a request, or a part of one, is an object with known keys only; with any keys if `keys` is undefined. `what` is
 * its name in the message.
 * @throws MalformedRequestError
 */
export function requireRequest<Type extends object>(
  request: Type,
  keys: Keys<Type> | undefined,
  { what = 'the request', expected }: { what?: string; expected: string },
): void {
  try {
    requireObject(request, what, expected)
    if (keys) requireKnownKeys(request, keys, what)
  } catch (error) {
    throw new MalformedRequestError((error as TypeError).message)
  }
}
