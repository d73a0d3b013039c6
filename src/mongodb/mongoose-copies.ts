import Module from 'node:module'
import mongoose, { type Connection } from 'mongoose'
import { InputError } from '../errors.ts'
import { named } from '../messages.ts'

/** A copy of Mongoose: its types declare neither this nor all of it. */
export type Mongoose = typeof mongoose

/** The copy of Mongoose that a connection belongs to. Its types leave `base` out. */
export const mongooseOf = (connection: Connection): Mongoose => Reflect.get(connection, 'base')

/**
 * Checks that Daybook can work on a connection of another copy of Mongoose.
 * @throws InputError that names both copies
 */
export function requireUsableCopy(connection: Connection): void {
  const copy = mongooseOf(connection)
  if (copy === mongoose || usable.has(copy)) return
  if (!isUsable(copy))
    throw new InputError(`the connection is of another copy of Mongoose: ${describeUnusable(copy)}`)
  usable.add(copy)
}

const usable = new WeakSet<Mongoose>()

/** Both must be of one major version, and so must the BSON types of their drivers: a driver refuses those of another one. */
const isUsable = (copy: Mongoose): boolean =>
  majorOf(copy.version) === majorOf(mongoose.version) && bsonOf(copy) === bsonOf(mongoose)

const majorOf = (version: string): string | undefined => version.split('.')[0]

/** The major version of BSON that a copy's values have. */
const bsonOf = (copy: Mongoose): unknown =>
  Reflect.get(copy.Types.Decimal128.prototype, Symbol.for('@@mdb.bson.version'))

const REMEDY =
  'To have one copy: npm ls mongoose lists them, and npm dedupe joins them if their versions allow it. With npm link, remove the linked package’s own node_modules/mongoose'

/** What a program that has opened a connection with another copy of Mongoose is told. Undefined if it has not. */
export function describeOtherCopy(): string | undefined {
  const other = loadedCopies().find(
    ({ copy }) =>
      copy !== mongoose &&
      copy.connections.some(({ readyState }) => readyState === copy.ConnectionStates.connected),
  )
  if (!other) return undefined
  const problem = 'the connection is not open, but one of another copy of Mongoose is'
  return isUsable(other.copy)
    ? `${problem}: ${describeBoth(other.copy)}. Use the models on that connection: accountModel(connection), transferModel(connection), and so on. ${REMEDY}`
    : `${problem}: ${describeUnusable(other.copy)}`
}

const describeUnusable = (copy: Mongoose): string =>
  `${describeBoth(copy)}, and different major versions do not work together. ${REMEDY}`

const describeBoth = (copy: Mongoose): string =>
  `the program uses ${describeCopy(copy)}, and Daybook ${describeCopy(mongoose)}`

function describeCopy(copy: Mongoose): string {
  const path = loadedCopies().find((loaded) => loaded.copy === copy)?.path
  return `mongoose ${copy.version}${path === undefined ? '' : ` in ${named(path)}`}`
}

interface LoadedCopy {
  readonly copy: Mongoose
  readonly path: string
}

/** The copies of Mongoose that Node.js has loaded. One within a bundle is not among them. */
function loadedCopies(): LoadedCopy[] {
  const cache = Reflect.get(Module, '_cache') as Record<string, { exports?: unknown } | undefined>
  return Object.entries(cache).flatMap(([file, module]) => {
    const [, path] = /^(.*[\\/]mongoose)[\\/](?:lib[\\/])?index\.js$/.exec(file) ?? []
    const copy = module?.exports as Partial<Mongoose> | undefined
    const isCopy = path !== undefined && Array.isArray(copy?.connections)
    return isCopy ? [{ copy: copy as Mongoose, path }] : []
  })
}
