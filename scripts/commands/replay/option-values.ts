import { named } from '../../../src/internal.ts'
import { UsageError } from '../../context/command.ts'

/** Splits a list at its commas, except at commas between double quotes. */
const splitList = (list: string): string[] =>
  [...list.matchAll(/(?:^|,)((?:[^",]|"(?:[^"]|"")*"?)*)/g)].map(([, part = '']) => part.trim())

/** A name without the double quotes around it, if it has any. */
const unquoted = (name: string): string =>
  /^".*"$/s.test(name) && name.length > 1 ? name.slice(1, -1).replaceAll('""', '"') : name

/** The names in a list such as `from,to,"amount, net"`. */
export const readNames = (list: string): string[] => splitList(list).map(unquoted)

/** The columns to keep: those of the list, or all if the list is empty. */
export function readKeep(list: string): true | string[] {
  if (list === '') return true
  const names = readNames(list)
  if (names.includes('')) throw new UsageError(`--keep ${named(list)}: a name is missing`)
  return names
}

/**
 * The columns of a map such as `from=nameOrig,amount="amount, net"`. `currency=` means that no column is the
 * currency.
 */
export function readMap(list: string): Record<string, string | null> {
  const map: Record<string, string | null> = {}
  for (const part of splitList(list)) {
    const end = part.indexOf('=')
    const [role, column] = [
      part.slice(0, Math.max(end, 0)).trim(),
      unquoted(part.slice(end + 1).trim()),
    ]
    if (role === '') {
      throw new UsageError(
        `--map ${named(list)}: expected pairs such as from=nameOrig,to=nameDest. Put a name with a comma in double quotes`,
      )
    }
    if (Object.hasOwn(map, role))
      throw new UsageError(`--map ${named(list)}: ${named(role)} is given twice`)
    map[role] = column === '' ? null : column
  }
  return map
}

/** A delimiter, which may be written as `\t` in a shell. */
export const readDelimiter = (text: string): string => (text === String.raw`\t` ? '\t' : text)
