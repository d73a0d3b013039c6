import type { Connection } from 'mongoose'
import { type Keys, requireConnection, requireKnownKeys, requireObject } from './arguments.ts'
import { InputError } from './errors.ts'
import { type FieldDefinitions, type FieldRule, readFieldDefinitions } from './field-definition.ts'
import { quote } from './messages.ts'

/** The names of a ledger's models in Mongoose. */
export interface ModelNames {
  readonly account: string
  readonly transfer: string
  readonly group: string
  readonly batch: string
  readonly refusal: string
  readonly hold: string
}

/** The names of a ledger's collections in MongoDB. */
export interface CollectionNames {
  readonly accounts: string
  readonly transfers: string
  /** The groups of transfers that were posted. */
  readonly transfer_groups: string
  readonly batches: string
  readonly refusals: string
  readonly holds: string
  /** The migrations that were applied. */
  readonly migrations: string
  /** The lock that lets one process at a time migrate. */
  readonly migration_lock: string
}

/** The names that a program chooses for its ledger, and the fields that it adds. What it leaves out has the default name. */
export interface LedgerDefinition {
  /** Default: Account, Transfer, TransferGroup, Batch, Refusal, Hold. */
  readonly models?: Chosen<ModelNames>
  /** Default: accounts, transfers, transfer_groups, batches, refusals, holds, migrations, migration_lock. */
  readonly collections?: Chosen<CollectionNames>
  /** Fields of one's own. Default: none. */
  readonly fields?: { readonly [Key in FieldOwner]?: FieldDefinitions | undefined } | undefined
  /**
   * How many ids `account.transfersComplete` keeps, from 10 to 1,000. Each transfer moves the whole list and copies it into
   * the oplog: with 100 ids, the update of an account takes about twice as long as with 10. Default: 10.
   */
  readonly transfersKept?: number | undefined
}

/** The models whose records can have fields of one's own. */
export type FieldOwner = 'account' | 'transfer'

type Chosen<Names> = { readonly [Key in keyof Names]?: string | undefined } | undefined

/** A definition with all of its names, and the rules of its fields. */
export interface Ledger {
  readonly models: ModelNames
  readonly collections: CollectionNames
  readonly fields: Readonly<Record<FieldOwner, readonly FieldRule[]>>
  readonly transfersKept: number
}

/** What every account keeps, whatever the definition was when it was written. */
export const LEAST_TRANSFERS_KEPT = 10

const MOST_TRANSFERS_KEPT = 1_000

export type ModelKey = keyof ModelNames
type CollectionKey = keyof CollectionNames

/** The collections of a ledger's records. The others serve migrations. */
export type RecordCollection = Exclude<CollectionKey, 'migrations' | 'migration_lock'>

/** The collection of each model. */
export const COLLECTION_OF: Readonly<Record<ModelKey, RecordCollection>> = {
  account: 'accounts',
  transfer: 'transfers',
  group: 'transfer_groups',
  batch: 'batches',
  refusal: 'refusals',
  hold: 'holds',
}

export const DEFAULT_LEDGER: Ledger = {
  models: {
    account: 'Account',
    transfer: 'Transfer',
    group: 'TransferGroup',
    batch: 'Batch',
    refusal: 'Refusal',
    hold: 'Hold',
  },
  collections: {
    accounts: 'accounts',
    transfers: 'transfers',
    transfer_groups: 'transfer_groups',
    batches: 'batches',
    refusals: 'refusals',
    holds: 'holds',
    migrations: 'migrations',
    migration_lock: 'migration_lock',
  },
  fields: { account: [], transfer: [] },
  transfersKept: LEAST_TRANSFERS_KEPT,
}

/** Two copies of Daybook find the same ledger on a connection, as after a hot reload. */
const LEDGER = Symbol.for('daybook.ledger')

/**
 * The ledger of a connection: the one that was defined, else that of the connection it was derived from with `useDb()`,
 * else the default one. From now on it stays.
 */
export function ledgerOf(connection: Connection): Ledger {
  const defined = definedOn(connection)
  if (defined) return defined
  requireConnection(connection)
  // Mongoose's types leave it out.
  const parent = Reflect.get(connection, '_parent') as Connection | undefined
  return defineOn(connection, parent ? ledgerOf(parent) : DEFAULT_LEDGER)
}

export const collectionsOf = (connection: Connection): CollectionNames =>
  ledgerOf(connection).collections

/**
 * Gives a connection its ledger. It does nothing if the connection already has the same one.
 * @throws InputError if it has another one, by definition or by use
 */
export function defineOn(connection: Connection, ledger: Ledger): Ledger {
  requireConnection(connection)
  const defined = definedOn(connection)
  if (!defined) {
    Object.defineProperty(connection, LEDGER, { value: ledger })
    return ledger
  }
  if (describe(defined) === describe(ledger)) return defined
  throw new InputError(
    `the connection already has a ledger with ${describe(defined)}, so it cannot have one with ${describe(ledger)}: call defineLedger() before anything else of Daybook uses the connection. After a change, restart the process`,
  )
}

const definedOn = (connection: Connection): Ledger | undefined =>
  (connection as { [LEDGER]?: Ledger } | undefined)?.[LEDGER]

/** What a ledger has that is not the default, as a phrase. */
function describe({ models, collections, fields, transfersKept }: Ledger): string {
  const chosen = {
    ...unlessEmpty('models', otherThan(DEFAULT_LEDGER.models, models)),
    ...unlessEmpty('collections', otherThan(DEFAULT_LEDGER.collections, collections)),
  }
  const { account, transfer } = fields
  const owned = { ...unlessEmpty('account', account), ...unlessEmpty('transfer', transfer) }
  const others = {
    ...unlessEmpty('fields', owned),
    ...(transfersKept !== DEFAULT_LEDGER.transfersKept && { transfersKept }),
  }
  const all = { ...chosen, ...others }
  if (Object.keys(all).length === 0) return 'the default names'
  return `the ${Object.keys(others).length > 0 ? 'definition' : 'names'} ${JSON.stringify(all)}`
}

const otherThan = (defaults: object, names: object): object =>
  Object.fromEntries(
    Object.entries(names).filter(([key, name]) => Reflect.get(defaults, key) !== name),
  )

const unlessEmpty = (key: string, value: object): object =>
  Object.keys(value).length === 0 ? {} : { [key]: value }

/**
 * Reads a definition that a program or a file has given.
 * @throws TypeError that says what is wrong with it
 */
export function readDefinition(definition: LedgerDefinition): Ledger {
  requireObject(definition, 'the definition', 'an object with names, fields or transfersKept')
  requireKnownKeys<object>(definition, keysOf(DEFAULT_LEDGER), 'the definition')
  return {
    models: readNames(definition.models ?? {}, 'models', MODEL_NAME),
    collections: readNames(definition.collections ?? {}, 'collections', COLLECTION_NAME),
    fields: readFields(definition.fields ?? {}),
    transfersKept: readTransfersKept(definition.transfersKept),
  }
}

function readTransfersKept(given: number = LEAST_TRANSFERS_KEPT): number {
  if (Number.isInteger(given) && given >= LEAST_TRANSFERS_KEPT && given <= MOST_TRANSFERS_KEPT) {
    return given
  }
  throw new TypeError(
    `transfersKept of the definition is ${quote(given)}, not a whole number from ${LEAST_TRANSFERS_KEPT} to ${MOST_TRANSFERS_KEPT}`,
  )
}

function readFields(given: NonNullable<LedgerDefinition['fields']>): Ledger['fields'] {
  requireObject(given, 'fields of the definition')
  requireKnownKeys<object>(given, keysOf(DEFAULT_LEDGER.fields), 'fields of the definition')
  return {
    account: readFieldDefinitions(given.account ?? {}, 'fields.account'),
    transfer: readFieldDefinitions(given.transfer ?? {}, 'fields.transfer'),
  }
}

interface NameRule {
  readonly pattern: RegExp
  readonly rule: string
}

const MODEL_NAME: NameRule = {
  pattern: /^\p{L}[\p{L}\p{N}_-]{0,99}$/u,
  rule: '1–100 letters, digits, _ or -, with a letter first',
}

const COLLECTION_NAME: NameRule = {
  pattern: /^(?!system\.)[\p{L}_](?:\.?[\p{L}\p{N}_-]){0,99}$/u,
  rule: '1–100 letters, digits, _, - or single dots, with a letter or _ first and without system. at its start',
}

function readNames<Part extends 'models' | 'collections'>(
  given: NonNullable<LedgerDefinition[Part]>,
  part: Part,
  { pattern, rule }: NameRule,
): Ledger[Part] {
  const defaults = DEFAULT_LEDGER[part]
  requireObject(given, `${part} of the definition`)
  requireKnownKeys(given, keysOf(defaults) as never, `${part} of the definition`)
  const names: Record<string, string> = {}
  for (const [key, byDefault] of Object.entries(defaults)) {
    const name: unknown = given[key as never] ?? byDefault
    if (typeof name !== 'string' || !pattern.test(name)) {
      throw new TypeError(`${part}.${key} of the definition is ${quote(name)}, not ${rule}`)
    }
    const other = Object.keys(names).find((each) => names[each] === name)
    if (other !== undefined) {
      throw new TypeError(
        `${part}.${other} and ${part}.${key} of the definition are both ${quote(name)}: choose different names`,
      )
    }
    names[key] = name
  }
  return names as never
}

const keysOf = <Type extends object>(value: Type): Keys<Type> =>
  Object.fromEntries(Object.keys(value).map((key) => [key, true])) as Keys<Type>
