import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RecordFile } from '../../src/replay/posting/record-file.ts'

interface Note {
  readonly _id: string
  readonly text: string
}

describe('RecordFile', () => {
  test('finds each record as it was last written, in memory and in the file', () => {
    // Few ids, so that records are replaced, and texts of which about ten fill the memory.
    const note = fc.record({
      id: fc.nat(40),
      length: fc.nat(200_000),
      letter: fc.constantFrom('a', 'é'),
    })
    fc.assert(
      fc.property(fc.array(note, { maxLength: 60, size: 'max' }), (notes) => {
        const file = new RecordFile<Note>()
        const expected = new Map<string, Note>()
        for (const { id, length, letter } of notes) {
          const record = { _id: `N${id}`, text: letter.repeat(length) }
          const found = file.get(record._id)
          expect(found?.record).toEqual(expected.get(record._id))
          if (found) file.replace(found.place, record)
          else file.add(record)
          expected.set(record._id, record)
        }
        for (const [id, record] of expected) expect(file.get(id)?.record).toEqual(record)
        expect(file.get('other')).toBeUndefined()
      }),
      { numRuns: 10 },
    )
  })

  test('tells ids with the same hash apart', () => {
    const file = new RecordFile<Note>()
    const ids = ['TR42-000720089', 'TR42-001214000', 'TR42-000720088', 'TR42-001214001']
    for (const id of ids.slice(0, 3)) file.add({ _id: id, text: id })

    expect(ids.map((id) => file.get(id)?.record.text)).toEqual([...ids.slice(0, 3), undefined])
  })

  test('has a record that is longer than what is kept in memory', () => {
    const file = new RecordFile<Note>()
    const long = { _id: 'LONG', text: 'x'.repeat(1_500_000) }
    file.add({ _id: 'FIRST', text: '' })
    file.add(long)
    file.add({ _id: 'LAST', text: '' })

    expect(file.get('LONG')?.record).toEqual(long)
    expect(file.get('FIRST')).toBeDefined()
    expect(file.get('LAST')).toBeDefined()
  })
})
