import { named } from '../../../src/internal.ts'
import { UsageError, textOption } from '../../context/command.ts'

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

interface Pair {
  readonly name: string
  readonly value: string
  /** The option as it was given, for messages. */
  readonly given: string
}

/** The pairs of an option such as `--map from=nameOrig,amount="amount, net"`, which may be given several times. */
function pairsIn(option: string, lists: string | readonly string[], example: string): Pair[] {
  return [lists].flat().flatMap((list) => {
    const given = `--${option} ${named(list)}`
    return splitList(list).map((part) => {
      const end = endOfName(part)
      const name = unquoted(part.slice(0, Math.max(end, 0)).trim())
      if (name === '') {
        throw new UsageError(
          `${given}: expected pairs such as ${example}. Put a name with a comma in double quotes`,
        )
      }
      return { name, value: unquoted(part.slice(end + 1).trim()), given }
    })
  })
}

/** Where the `=` after a name is; the name may be in double quotes. */
const endOfName = (part: string): number =>
  part.indexOf('=', /^"(?:[^"]|"")*"/.exec(part)?.[0].length ?? 0)

/** The values of pairs by their names. */
function valuesByName(pairs: readonly Pair[]): Record<string, string> {
  const values = new Map<string, string>()
  for (const { name, value, given } of pairs) {
    if (values.has(name)) throw new UsageError(`${given}: ${named(name)} is given twice`)
    values.set(name, value)
  }
  return Object.fromEntries(values)
}

/** Makes the function that reads pairs of which one without a value says null. */
const readNullable =
  (option: string, example: string) =>
  (lists: string | readonly string[]): Record<string, string | null> =>
    Object.fromEntries(
      Object.entries(valuesByName(pairsIn(option, lists, example))).map(([name, value]) => [
        name,
        value === '' ? null : value,
      ]),
    )

/**
 * The columns of a map such as `from=nameOrig,amount="amount, net"`. `currency=` means that no column is the
 * currency.
 */
export const readMap = readNullable('map', 'from=nameOrig,to=nameDest')

/** The texts for fields of one's own in `tenantId={Mandant},branch=NORTH`. `tenantId=` means that no column is the field. */
export const readFields = readNullable('fields', 'tenantId={Mandant},branch=NORTH')

/** The option `--fields` of the commands that open an account or post a transfer. */
export const fieldsOption = {
  ...textOption('values of fields of your own: branch=NORTH,tenantId=7; repeatable'),
  isRepeatable: true,
  coerce: readFields,
}

/** The texts for roles in `from=BANK,to={Bank}-{Number}`. */
export const readSet = (lists: string | readonly string[]): Record<string, string> =>
  valuesByName(pairsIn('set', lists, 'from=BANK,to={Bank}-{Number}'))

/** The words for currencies in `US Dollar=USD,Euro=EUR`. */
export const readCurrencies = (lists: string | readonly string[]): Record<string, string> =>
  valuesByName(pairsIn('currencies', lists, '"US Dollar"=USD,Euro=EUR'))

/** The position accounts of an exchange in `EUR=FX-EUR,USD=FX-USD`. */
export const readThrough = (list: string): Record<string, string> =>
  valuesByName(pairsIn('through', list, 'EUR=FX-EUR,USD=FX-USD'))

/** How to open accounts: as they come, or as in `holder={Name},to.overdraftLimit=unlimited`. */
export function readOpenMissing(lists: string | readonly string[]): true | Record<string, unknown> {
  if ([lists].flat().every((list) => list === '')) return true
  const example = 'holder={Name},to.overdraftLimit=unlimited'
  const options: Record<string, unknown> = {}
  for (const [name, text] of Object.entries(
    valuesByName(pairsIn('open-missing', lists, example)),
  )) {
    const [role = '', key] = name.split('.', 2)
    options[role] = key === undefined ? text : { ...(options[role] as object), [key]: text }
  }
  return options
}

/** The words for directions in `out=Af,in=Bij,in=Storting`. */
export function readDirections(lists: string | readonly string[]): {
  out: readonly string[]
  in: readonly string[]
} {
  const words = { out: [] as string[], in: [] as string[] }
  for (const { name, value, given } of pairsIn('directions', lists, 'out=Af,in=Bij')) {
    if (name !== 'out' && name !== 'in') {
      throw new UsageError(`${given}: ${named(name)} is neither out nor in`)
    }
    words[name].push(value)
  }
  return words
}

/** A condition as the format has it: a value or several, or those that it must not be. */
type Condition = readonly string[] | { readonly not: readonly string[] }

/**
 * The conditions in `status=booked`, `type!=FEE` and `"Value date"!=`, each an option of its own. Several values of one
 * column are alternatives.
 */
export function readWhere(conditions: string | readonly string[]): Record<string, Condition> {
  const values = new Map<string, string[]>()
  const refused = new Map<string, string[]>()
  for (const condition of [conditions].flat()) {
    const [, quotedName, plainName = '', sign, value = ''] =
      /^(?:("(?:[^"]|"")*")|([^=]*?))\s*(!?=)(.*)$/s.exec(condition) ?? []
    const column = quotedName === undefined ? plainName.trim() : unquoted(quotedName)
    if (column === '' || sign === undefined) {
      throw new UsageError(
        `--where ${named(condition)}: expected a condition such as status=booked or type!=FEE`,
      )
    }
    const [chosen, other] = sign === '=' ? [values, refused] : [refused, values]
    if (other.has(column)) {
      throw new UsageError(
        `--where: ${named(column)} has both values that it must be and must not be`,
      )
    }
    chosen.set(column, [...(chosen.get(column) ?? []), unquoted(value.trim())])
  }
  return Object.fromEntries([
    ...values,
    ...[...refused].map(([column, not]) => [column, { not }] as const),
  ])
}

/** A delimiter, which may be written as `\t` in a shell. */
export const readDelimiter = (text: string): string => (text === String.raw`\t` ? '\t' : text)
