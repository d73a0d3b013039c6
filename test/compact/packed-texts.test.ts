import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { NumberList } from '../../src/compact/number-list.ts'
import { PackedTexts } from '../../src/compact/packed-texts.ts'

describe('PackedTexts', () => {
  test('returns each text as it was pushed, over several pages', () => {
    fc.assert(
      fc.property(
        // A lone half of a surrogate pair has no form in UTF-8, and no id or name has one.
        fc.array(fc.string({ unit: 'grapheme', maxLength: 8 }), { maxLength: 4 }),
        fc.integer({ min: 0, max: 2_100 }),
        (texts, repeats) => {
          const packed = new PackedTexts()
          const all = Array.from({ length: repeats }, (_, index) => `DBK${index}`).concat(texts)
          for (const text of all) packed.push(text)
          expect(packed.length).toBe(all.length)
          expect(all.map((_, index) => packed.at(index))).toEqual(all)
        },
      ),
      { numRuns: 20 },
    )
  })

  test('finds the first of equal texts', () => {
    const packed = new PackedTexts()
    for (const text of ['ADA', 'GRACE', 'ADA', '']) packed.push(text)
    expect(['ADA', 'GRACE', '', 'AD'].map((text) => packed.indexOf(text))).toEqual([0, 1, 3, -1])
  })
})

describe('NumberList', () => {
  test('has all numbers in their order after it has grown', () => {
    const numbers = Array.from({ length: 5_000 }, (_, index) => index / 2)
    const list = new NumberList((length) => new Float64Array(length))
    for (const number of numbers) list.push(number)
    expect(list.length).toBe(5_000)
    expect([...list.toArray()]).toEqual(numbers)
  })
})
