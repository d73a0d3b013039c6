import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { batchModel, refusalModel } from '../../src/index.ts'
import { useDatabase } from '../support/database.ts'

const { connection, Account, Transfer, Hold } = useDatabase()

const document = await readFile(new URL('../../docs/records.md', import.meta.url), 'utf8')

/** The section of a collection. */
const sectionOf = (collection: string): string =>
  document.split(/^## /m).find((section) => section.startsWith(`${collection}\n`)) ?? ''

/** The fields of a collection's table, each with its type. */
const fieldsOf = (collection: string): [name: string, type: string][] =>
  [...sectionOf(collection).matchAll(/^\| `(\w+)` *\| ([^|]+?) *\|/gm)].map(
    ([, name = '', type = '']) => [name, type],
  )

describe('docs/records.md', () => {
  const models = [Account, Transfer, Hold, batchModel(connection), refusalModel(connection)]

  test.each(models.map((model) => [model.collection.collectionName, model] as const))(
    'lists every field of %s, and no other',
    (collection, { schema }) => {
      const names = fieldsOf(collection).map(([name]) => name)
      const paths = Object.keys(schema.paths).map((path) => path.split('.')[0])
      expect(new Set(names)).toEqual(new Set(paths))
    },
  )

  test.each(models.map((model) => [model.collection.collectionName, model] as const))(
    'knows which fields of %s are money',
    (collection, { schema }) => {
      const documented = fieldsOf(collection).filter(([, type]) => type.startsWith('Decimal128'))
      const money = Object.entries(schema.paths).filter(
        ([, path]) => path.instance === 'Decimal128',
      )
      expect(new Set(documented.map(([name]) => name))).toEqual(
        new Set(money.map(([path]) => path)),
      )
    },
  )

  test.each(models.map((model) => [model.collection.collectionName, model] as const))(
    'lists every index of %s',
    async (collection, model) => {
      const indexes = await model.collection.indexes()
      const keys = indexes
        .map(({ key }) => JSON.stringify(key))
        .filter((key) => key !== '{"_id":1}')
      const listed = [...sectionOf(collection).matchAll(/`(\{ \w+: 1(?:, \w+: 1)* \})`/g)].map(
        ([, key = '']) => key.replaceAll(/(\w+):/g, '"$1":').replaceAll(' ', ''),
      )
      expect(new Set(listed)).toEqual(new Set(keys))
    },
  )
})
