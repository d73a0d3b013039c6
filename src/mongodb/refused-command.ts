/** A right of MongoDB: an action on a collection, or on a whole database. */
export interface Right {
  readonly action: string
  readonly database: string
  /** Empty if the action is on the database. */
  readonly collection: string
}

/** Rights as `connectionStatus` lists them. An empty name in a resource stands for every name. */
export interface Privilege {
  readonly resource: { readonly db?: string; readonly collection?: string; anyResource?: boolean }
  readonly actions: readonly string[]
}

/** The action that each command takes on the collection that it names. */
const ACTIONS: Readonly<Record<string, string>> = {
  aggregate: 'find',
  collMod: 'collMod',
  count: 'find',
  create: 'createCollection',
  createIndexes: 'createIndex',
  delete: 'remove',
  distinct: 'find',
  drop: 'dropCollection',
  dropIndexes: 'dropIndex',
  find: 'find',
  getMore: 'find',
  insert: 'insert',
  listCollections: 'listCollections',
  listIndexes: 'listIndexes',
  update: 'update',
}

/** `not authorized on db to execute command { insert: "orders", …`, and then the rest of the command. */
const REFUSAL =
  /^not authorized on (?<database>\S+) to execute command \{ (?<command>\w+): (?:"(?<target>(?:[^"\\]|\\.)*)")?/

/** How MongoDB Atlas says it on a cluster that several customers share. */
const ATLAS_REFUSAL =
  /action \[(?<action>\w+)\] on \[(?<database>[^\].]+)\.?(?<collection>[^\]]*)\]/

const RENAME_TARGET = /, to: "[^".]+\.(?<collection>[^"]+)"/
const WRITING_STAGE = /\{ \$(?<stage>out|merge): (?:\{[^}]*?(?:into|coll): )?"(?<collection>[^"]+)"/

/** The name of the command that the server's message says was refused. */
export const commandNamedIn = (message: string): string | undefined =>
  REFUSAL.exec(message)?.groups?.['command']

/** The rights that the command takes which the server's message says was refused. Empty if they are not known. */
export function rightsNamedIn(message: string): Right[] {
  const { action, database = '', collection = '' } = ATLAS_REFUSAL.exec(message)?.groups ?? {}
  if (action !== undefined) return [{ action, database, collection }]
  const refused = REFUSAL.exec(message)?.groups
  if (!refused) return []
  const { command = '', target = '' } = refused
  const on = (name: string, ...actions: readonly string[]): Right[] =>
    actions.map((each) => ({ action: each, database: refused['database'] ?? '', collection: name }))
  if (command === 'renameCollection') return rightsToRename(message, target)
  if (command === 'findAndModify') {
    if (message.includes(', remove: true')) return on(target, 'find', 'remove')
    return on(target, 'find', 'update', ...insertIfUpsert(message))
  }
  if (command === 'update') return on(target, 'update', ...insertIfUpsert(message))
  const known = ACTIONS[command]
  if (known === undefined) return []
  const { stage, collection: into = '' } = WRITING_STAGE.exec(message)?.groups ?? {}
  return [
    ...on(target, known),
    ...(stage === 'out' ? on(into, 'insert', 'remove') : []),
    ...(stage === 'merge' ? on(into, 'insert', 'update') : []),
    ...(message.includes('bypassDocumentValidation: true')
      ? on(into || target, 'bypassDocumentValidation')
      : []),
  ]
}

const insertIfUpsert = (message: string): readonly string[] =>
  message.includes('upsert: true') ? ['insert'] : []

function rightsToRename(message: string, source: string): Right[] {
  const [database = '', ...rest] = source.split('.')
  const target = RENAME_TARGET.exec(message)?.groups?.['collection'] ?? ''
  const replaces = message.includes('dropTarget: true')
  return [
    { action: 'renameCollectionSameDB', database, collection: '' },
    { action: 'find', database, collection: rest.join('.') },
    ...(replaces ? [{ action: 'dropCollection', database, collection: target }] : []),
  ]
}

/** Whether one of the privileges has a right. */
export const hasRight = (
  privileges: readonly Privilege[],
  { action, database, collection }: Right,
): boolean =>
  privileges.some(({ resource: { db, collection: name, anyResource }, actions }) => {
    const isCovered = anyResource === true || (covers(db, database) && covers(name, collection))
    return isCovered && actions.includes(action)
  })

const covers = (given: string | undefined, wanted: string): boolean =>
  given === '' || given === wanted
