import type { Connection } from 'mongoose'
import { didYouMean, named, ownFieldsOf } from '../../src/internal.ts'
import { UsageError } from './command.ts'

type Owner = keyof ReturnType<typeof ownFieldsOf>

/** The values of a record's own fields from the texts of `--fields`. */
export function ownValuesOf(
  connection: Connection,
  owner: Owner,
  texts: Readonly<Record<string, string | null>> = {},
): object {
  const fields = ownFieldsOf(connection)[owner]
  const names = fields?.names ?? []
  const unknown = Object.keys(texts).find((name) => !names.includes(name))
  if (unknown !== undefined) {
    const known = names.length === 0 ? `${owner}s have no fields of your own` : names.join(', ')
    throw new UsageError(
      `--fields names ${named(unknown)}, but the ledger’s definition has: ${known}${didYouMean(unknown, names)}`,
    )
  }
  return fields?.fromTexts(texts) ?? {}
}

/** The names of a record's own fields. */
export const ownNamesOf = (connection: Connection, owner: Owner): readonly string[] =>
  ownFieldsOf(connection)[owner]?.names ?? []

/** The values of own fields as texts by their names. */
export const ownTexts = (record: object, names: readonly string[]): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, ownText(record, name)]))

/** The value of an own field as text; empty if there is none. */
export function ownText(record: object, name: string): string {
  const value = (Reflect.get(record, name) ?? '') as Date | { toString(): string }
  return value instanceof Date ? value.toISOString() : value.toString()
}
