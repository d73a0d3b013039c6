import { distance } from 'fastest-levenshtein'
import { named, quote } from './messages.ts'

/**
 * Checks an argument that has several parts. `what` is its name in the message.
 * @throws TypeError that says what was found and expected
 */
export function requireObject(value: unknown, what: string, expected = 'an object'): void {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return
  throw new TypeError(`${what} is ${quote(value)}, not ${expected}`)
}

/** The keys that an object may have: exactly those of its type. */
export type Keys<Type> = { readonly [key in keyof Type]-?: true }

/**
 * Refuses a key that is not one of `keys`, because a mistyped key would be ignored: a transfer with a mistyped id would be
 * posted again at each call. A key whose value is undefined counts as absent.
 * @throws TypeError that names the key and the one that was probably meant
 */
export function requireKnownKeys<Type extends object>(
  value: Type,
  keys: Keys<Type>,
  what: string,
): void {
  for (const key in value) {
    if (!Object.hasOwn(keys, key) && value[key] !== undefined)
      refuseKey(key, Object.keys(keys), what)
  }
}

function refuseKey(key: string, keys: readonly string[], what: string): never {
  const meant = similarName(key, keys)
  const hint =
    meant === undefined ? `use one of ${keys.join(', ')}` : `did you mean ${quote(meant)}?`
  throw new TypeError(`${what} has an unknown key, ${quote(key)}: ${hint}`)
}

/** The name that was probably meant by another: one that differs by case, separators or two letters. */
export const similarName = (name: string, names: readonly string[]): string | undefined =>
  similarNames(name, names)[0]

/** A sentence for the end of a message that asks for the name that was probably meant. Empty if there is none. */
export function didYouMean(name: string, names: readonly string[], prefix = ''): string {
  const meant = similarName(name, names)
  return meant === undefined ? '' : `. Did you mean ${prefix}${named(meant)}?`
}

/** The names that are nearest to another, if they are as near as {@link similarName} says. */
export function similarNames(name: string, names: readonly string[]): string[] {
  // Comparing takes time that grows with the length.
  const wanted = normalized(name.slice(0, 100))
  const letters = names.map((each) => distance(wanted, normalized(each.slice(0, 100))))
  const least = Math.min(...letters)
  if (least > Math.min(2, wanted.length / 3)) return []
  return names.filter((_, index) => letters[index] === least)
}

const normalized = (name: string): string => name.replaceAll(/[\s_.-]/g, '').toLowerCase()

/**
 * The options of a call: an empty object if there are none. `caller` is its name in the message.
 * @throws TypeError if they are anything but an object, or have an unknown key
 */
export function optionsOf<Options extends object>(
  options: Options | undefined,
  caller: string,
  keys: Keys<Options>,
): Options | Partial<Options> {
  if (options === undefined) return {}
  requireObject(options, `the options argument of ${caller}`)
  requireKnownKeys(options, keys, `the options argument of ${caller}`)
  return options
}

/** The keys of the options of every call that may wait for the database. */
export const WAIT_KEYS = { patience: true, signal: true } as const

/** The keys of the options of every call that may also be part of the caller's transaction. */
export const CALL_KEYS = { ...WAIT_KEYS, session: true } as const

/**
 * {@link optionsOf} for a call that may wait for the database.
 * @throws TypeError also if its `patience` is not a number of 0 or more, or its `signal` not an AbortSignal
 */
export function waitOptionsOf<Options extends { patience?: unknown; signal?: unknown }>(
  options: Options | undefined,
  caller: string,
  keys: Keys<Options>,
): Options | Partial<Options> {
  const checked = optionsOf(options, caller, keys)
  const { patience = 0, signal } = checked
  if (typeof patience !== 'number' || !(patience >= 0)) {
    throw new TypeError(`patience is ${quote(patience)}, not a number of milliseconds`)
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError(`signal is ${quote(signal)}, not an AbortSignal`)
  }
  return checked
}

/** @throws TypeError if a value is not an object with these methods */
function requireMethods(value: unknown, methods: readonly string[], message: () => string): void {
  const found = typeof value === 'object' && value !== null
  if (found && methods.every((method) => typeof Reflect.get(value, method) === 'function')) return
  throw new TypeError(message())
}

/** @throws TypeError if a value is not a connection of Mongoose, of whichever copy */
export function requireConnection(connection: unknown): void {
  requireMethods(
    connection,
    ['getClient', 'startSession'],
    () =>
      `the connection is ${quote(connection)}, not one of Mongoose: pass mongoose.connection or what mongoose.createConnection() returns`,
  )
}

/** @throws TypeError if a value is not a session of MongoDB's driver, of whichever copy */
export function requireSession(session: unknown): void {
  requireMethods(
    session,
    ['inTransaction', 'endSession'],
    () =>
      `the session is ${quote(session)}, not a ClientSession: pass the one that connection.transaction() calls you with`,
  )
}

/** @throws TypeError if an option is set to anything but true or false */
export function requireFlag(value: unknown, option: string): void {
  if (value === undefined || typeof value === 'boolean') return
  throw new TypeError(`${option} is ${quote(value)}, not true or false`)
}

/**
 * Refuses arguments after the last that a verb has: a session there would be ignored, and the call would not be part of
 * its transaction.
 * @throws TypeError
 */
export function requireNoMore(others: readonly unknown[], caller: string): void {
  if (others.length === 0) return
  throw new TypeError(
    `${caller} takes its options, the session among them, in its second argument, and nothing after it`,
  )
}
