/** A record's value by the index of its column. */
export type ValueOf = (index: number) => unknown

/** Whether a part of a record counts as missing. */
export const isMissing = (value: unknown): boolean =>
  value === undefined || value === null || value === ''

/** A value as text. What is missing is empty, and so is an object or a list, because it has no text. */
export function plainText(value: unknown): string {
  if (typeof value === 'string') return value
  return typeof value === 'boolean' || typeof value === 'number' ? String(value) : ''
}
