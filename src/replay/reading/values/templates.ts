import { namedColumn } from '../columns.ts'
import { type ValueOf, plainText } from './values.ts'

/** A text as it stands, or the names of columns of which the first that is not empty stands here. */
type Part = string | readonly string[]

/** The parts of a text in which `{COLUMN}` stands for a column's value, and `{ONE|OTHER}` for the first value. */
function partsOf(template: string): readonly Part[] {
  return template
    .split(/(\{[^{}]*\})/)
    .filter((part) => part !== '')
    .map((part) => (/^\{.*\}$/s.test(part) ? namesIn(part) : part))
}

const namesIn = (part: string): readonly string[] => part.slice(1, -1).split('|')

/** What is wrong with a text for a role, as a phrase. */
export function templateProblem(template: string): string | undefined {
  if (template === '') return 'is empty'
  const parts = partsOf(template)
  if (parts.some((part) => typeof part === 'string' && /[{}]/.test(part))) {
    return 'has a brace without its partner: write {COLUMN} for the value of a column'
  }
  const isUnnamed = parts.some((part) => typeof part !== 'string' && part.includes(''))
  return isUnnamed ? 'has braces without the name of a column in them' : undefined
}

/** The columns that a text names. */
export const columnsInTemplate = (template: string): readonly string[] =>
  partsOf(template).flatMap((part) => (typeof part === 'string' ? [] : part))

/** The lists of columns of which one must have a value, one list for each pair of braces in a text. */
export const alternativesInTemplate = (template: string): readonly (readonly string[])[] =>
  partsOf(template).filter((part) => typeof part !== 'string')

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
  const parts: (string | readonly number[])[] = []
  for (const part of partsOf(template)) {
    if (typeof part === 'string') parts.push(part)
    else {
      const indexes = part.map((name) => namedColumn(columns, name, options))
      parts.push(indexes.filter((index) => index !== undefined))
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
      const found = firstText(part, value)
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
