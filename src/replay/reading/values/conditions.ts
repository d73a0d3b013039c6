import { quote } from '../../../messages.ts'
import { namedColumn } from '../columns.ts'
import { type ValueOf, plainText } from './values.ts'

/** What a column's value must be: a text, one of several, or none of them. */
type Condition = string | readonly string[] | { readonly not: string | readonly string[] }

/** Which records are transfers: those whose columns meet all conditions. */
export type Conditions = { readonly [column: string]: Condition }

const isNegated = (
  condition: Condition,
): condition is Exclude<Condition, string | readonly string[]> =>
  typeof condition === 'object' && !Array.isArray(condition)

/**
 * Makes the function that says why a record is skipped; undefined for a record that meets all conditions.
 * @throws ColumnsError
 */
export function compileConditions(
  conditions: Conditions,
  columns: readonly string[],
  { areKeys }: { readonly areKeys: boolean },
): (value: ValueOf) => string | undefined {
  const checks = Object.entries(conditions).map(([column, condition]) => {
    const index = namedColumn(columns, column, { option: '--where', areKeys })
    const values = isNegated(condition) ? condition.not : condition
    const isWanted = values === condition
    const listed = new Set(typeof values === 'string' ? [values] : values)
    return (value: ValueOf) => {
      const text = index === undefined ? '' : plainText(value(index))
      return listed.has(text) === isWanted ? undefined : `${quote(column)} is ${quote(text)}`
    }
  })
  return (value) => {
    for (const check of checks) {
      const reason = check(value)
      if (reason !== undefined) return reason
    }
    return undefined
  }
}
