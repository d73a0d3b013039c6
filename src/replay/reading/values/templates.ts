import { namedColumn } from '../columns.ts'
import { type ValueOf, plainText } from './values.ts'

/** Columns of which the first that is not empty stands in a text, or else a constant. */
interface Alternatives {
  readonly names: readonly string[]
  readonly constant: string
}

/** A text as it stands, or what stands for the values of columns. */
type Part = string | Alternatives

/**
 * The parts of a text in which `{COLUMN}` stands for a column's value, `{ONE|OTHER}` for the first value, and
 * `{ONE|OTHER|'TEXT'}` for that text if there is no value.
 */
function partsOf(template: string): readonly Part[] {
  return template
    .split(/(\{[^{}]*\})/)
    .filter((part) => part !== '')
    .map((part) => (/^\{.*\}$/s.test(part) ? alternativesIn(part) : part))
}

function alternativesIn(part: string): Alternatives {
  const names = part.slice(1, -1).split('|')
  const constant = names.length > 1 ? /^'(.+)'$/s.exec(names.at(-1) as string)?.[1] : undefined
  return constant === undefined ? { names, constant: '' } : { names: names.slice(0, -1), constant }
}

/** What is wrong with a text for a role, as a phrase. */
export function templateProblem(template: string): string | undefined {
  if (template === '') return 'is empty'
  const parts = partsOf(template)
  if (parts.some((part) => typeof part === 'string' && /[{}]/.test(part))) {
    return 'has a brace without its partner: write {COLUMN} for the value of a column'
  }
  const isUnnamed = parts.some((part) => typeof part !== 'string' && part.names.includes(''))
  return isUnnamed ? 'has braces without the name of a column in them' : undefined
}

/** The columns that a text names. */
export const columnsInTemplate = (template: string): readonly string[] =>
  partsOf(template).flatMap((part) => (typeof part === 'string' ? [] : part.names))

/** The lists of columns of which one must have a value, one list for each pair of braces in a text. */
export const alternativesInTemplate = (template: string): readonly (readonly string[])[] =>
  partsOf(template).flatMap((part) =>
    typeof part === 'string' || part.constant !== '' ? [] : [part.names],
  )

/** The columns that are empty although a text needs one of them; none if it can be put together. */
export function emptyAlternatives(
  template: string,
  columns: readonly string[],
  { value, areKeys }: { readonly value: ValueOf; readonly areKeys: boolean },
): readonly string[] {
  const isEmpty = (name: string) => {
    const index = namedColumn(columns, name, { option: '--set', areKeys })
    return index === undefined || plainText(value(index)) === ''
  }
  return alternativesInTemplate(template).find((names) => names.every(isEmpty)) ?? []
}

interface TemplateOptions {
  readonly areKeys: boolean
  /** Where the text is from, for messages. */
  readonly option: string
  /** Whether the text may be put together although a column is empty. */
  readonly isLoose?: boolean
}

/**
 * Makes the function that puts a text together. It returns undefined if a column is empty, because half of an
 * id would be another id.
 * @throws ColumnsError
 */
export function compileTemplate(
  template: string,
  columns: readonly string[],
  { isLoose = false, ...options }: TemplateOptions,
): (value: ValueOf) => string | undefined {
  const parts: (string | { readonly indexes: readonly number[]; readonly constant: string })[] = []
  for (const part of partsOf(template)) {
    if (typeof part === 'string') parts.push(part)
    else {
      const indexes = part.names.map((name) => namedColumn(columns, name, options))
      const { constant } = part
      parts.push({ indexes: indexes.filter((index) => index !== undefined), constant })
    }
  }
  const [only] = parts
  if (parts.length === 1 && typeof only === 'string') return () => only
  return (value) => {
    let text = ''
    let isEmpty = true
    for (const part of parts) {
      if (typeof part === 'string') {
        text += part
        continue
      }
      const found = firstText(part.indexes, value) || part.constant
      if (found !== '') isEmpty = false
      else if (!isLoose) return undefined
      text += found
    }
    return isEmpty ? undefined : text
  }
}

function firstText(indexes: readonly number[], value: ValueOf): string {
  for (const index of indexes) {
    const text = plainText(value(index))
    if (text !== '') return text
  }
  return ''
}
