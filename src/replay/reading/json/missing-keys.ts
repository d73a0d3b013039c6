import { similarName } from '../../../arguments.ts'
import { quote } from '../../../messages.ts'
import type { ReadingOptions } from '../reading-options.ts'
import { type Role, isRole } from '../roles.ts'
import { alternativesInTemplate } from '../values/templates.ts'

/**
 * The roles without which no object is a transfer, or all would be posted as of now or under made ids. An amount may
 * also be in the two columns of `SIDES`.
 */
const NEEDED_ROLES = [
  'from',
  'to',
  'account',
  'counterparty',
  'amount',
  'effectiveAt',
  'transferId',
] as const
const SIDES = ['debit', 'credit'] as const

/**
 * The key without which the options fit no object of a file, out of those that no object has; undefined if there is
 * none. Every other missing key is an empty value, because an object may leave out what it does not need.
 */
export function neededKey(
  missing: ReadonlySet<string>,
  { map = {}, set = {}, where = {}, idFrom = [] }: ReadingOptions,
): string | undefined {
  const numbered = [...missing].find((name) => name.startsWith('#'))
  if (numbered !== undefined) return numbered
  const areMissing = (names: readonly string[]) =>
    names.length > 0 && names.every((name) => missing.has(name))
  /** The ways in which a role can have a value: each is a list of keys of which one is enough. */
  const missingIn = (role: Role): string | undefined => {
    const mapped = typeof map[role] === 'string' ? [map[role]] : []
    const parts = set[role] === undefined ? [] : alternativesInTemplate(set[role])
    if (mapped.length > 0 && !areMissing(mapped)) return undefined
    return set[role] === undefined ? mapped[0] : parts.find(areMissing)?.[0]
  }
  for (const role of NEEDED_ROLES) {
    const key = missingIn(role)
    if (key !== undefined) return key
  }
  const sides = SIDES.filter((role) => typeof (map[role] ?? set[role]) === 'string').map(missingIn)
  if (sides.every((key) => key !== undefined) && sides[0] !== undefined) return sides[0]
  const unmet = Object.entries(where).find(
    ([name, condition]) => missing.has(name) && !allowsEmpty(condition),
  )
  if (unmet) return unmet[0]
  return areMissing(idFrom) && !idFrom.some(isRole) ? idFrom[0] : undefined
}

/** Whether an empty value meets a condition of `where`. */
function allowsEmpty(condition: NonNullable<ReadingOptions['where']>[string]): boolean {
  const isList = (value: typeof condition): value is string | readonly string[] =>
    typeof value === 'string' || Array.isArray(value)
  return isList(condition) ? [condition].flat().includes('') : ![condition.not].flat().includes('')
}

/** What is wrong with an option that names a key that no object has. `seen` are keys of the objects. */
export function missingKeyProblem(name: string, seen: Iterable<string>): string {
  const meant = similarName(name, [...seen])
  const hint = name.startsWith('#')
    ? ' (give a name, because keys have no numbers)'
    : meant === undefined
      ? ''
      : `; did you mean ${quote(meant)}?`
  return `no object has the key ${quote(name)}: correct the option that names it${hint}`
}

/** The warning about keys that no object has, and that are taken for empty values. */
export function missingKeysWarning(names: Iterable<string>, seen: ReadonlySet<string>): string {
  const listed = [...names].map((name) => {
    const meant = similarName(name, [...seen])
    return meant === undefined ? quote(name) : `${quote(name)} (did you mean ${quote(meant)}?)`
  })
  const keys = listed.length === 1 ? 'the key' : 'the keys'
  return `no object has ${keys} ${listed.join(', ')}, which the options name: taken for an empty value`
}
