import { KNOWN_NAMES, type Role } from './roles.ts'

/** The index of the column that a name such as `#3` means. None for any other name. */
export function columnByNumber(columns: readonly string[], name: string): number[] {
  const number = /^#([1-9]\d{0,5})$/.exec(name)
  return number && Number(number[1]) <= columns.length ? [Number(number[1]) - 1] : []
}

/** The indexes of the columns that are recognized as a role by their names. */
export function columnsByKnownName(columns: readonly string[], role: Role): number[] {
  const normalized = columns.map(normalizedName)
  // Beside the id of a hold, an action is certainly what is done with it: read as a transfer, it would move money.
  const isExact = role === 'group' || (role === 'action' && !normalized.includes('holdid'))
  if (isExact) return indexesOf(columns, (column) => column === role)
  for (const names of KNOWN_NAMES[role]) {
    const known = new Set(names.map(normalizedName))
    const found = indexesOf(normalized, (column) => known.has(column))
    if (found.length > 0) return found
  }
  return []
}

/** A name in lower case, without separators. A leading underscore stays, as in MongoDB's `_id`. */
const normalizedName = (name: string): string => {
  const normalized = name.toLowerCase().replaceAll(/[\s_.-]/g, '')
  return name.startsWith('_') ? `_${normalized}` : normalized
}

export const indexesOf = (
  columns: readonly string[],
  matches: (column: string) => boolean,
): number[] => columns.flatMap((column, index) => (matches(column) ? [index] : []))
