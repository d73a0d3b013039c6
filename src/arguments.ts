import { quote } from './messages.ts'

/**
 * Checks an argument that has several parts. `what` is its name in the message.
 * @throws TypeError that says what was found and expected
 */
export function requireObject(value: unknown, what: string, expected = 'an object'): void {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return
  throw new TypeError(`${what} is ${quote(value)}, not ${expected}`)
}

/**
 * The options of a call: an empty object if there are none. `caller` is its name in the message.
 * @throws TypeError if they are anything but an object
 */
export function optionsOf<Options extends object>(
  options: Options | undefined,
  caller: string,
): Options | Partial<Options> {
  if (options !== undefined) requireObject(options, `the options argument of ${caller}`)
  return options ?? {}
}

/**
 * {@link optionsOf} for a call that may wait for the database.
 * @throws TypeError also if its `patience` is not a number of 0 or more, or its `signal` not an AbortSignal
 */
export function waitOptionsOf<Options extends { patience?: unknown; signal?: unknown }>(
  options: Options | undefined,
  caller: string,
): Options | Partial<Options> {
  const checked = optionsOf(options, caller)
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
