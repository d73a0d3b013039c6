import { describe, expect, test } from 'vitest'
import { replayingOn } from '../support/batch.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
const replaying = replayingOn(database)

const line = (amount: string) => `{"id":"T1","from":"A0","to":"A1","amount":${amount}}\n`
const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`

// Each line is short or at most some kilobytes. Read as a number, or with its digits written, it would not end.
describe('a line that would make large work', () => {
  test.each([
    ['a number with a large exponent', line('1e400000000'), 'INVALID_AMOUNT'],
    ['a number with a small exponent', line('1E-999999999'), 'INVALID_AMOUNT'],
    ['a number of 100,000 digits', line('9'.repeat(100_000)), 'INVALID_AMOUNT'],
    ['extended JSON', line('{"$numberDecimal":"1E+6144"}'), 'INVALID_AMOUNT'],
    ['a number in extended JSON', line('{"$numberDecimal":1e400000000}'), 'INVALID_AMOUNT'],
    ['deep nesting', line(deep), 'MALFORMED_LINE'],
  ])('is refused: %s', async (_what, bad, code) => {
    const good = '{"id":"T2","from":"A0","to":"A1","amount":"1"}\n'
    const { refused, posted } = await replaying(bad + good, { file: 'batch.jsonl' })
    expect({ refused, posted }).toEqual({ refused: [`1 ${code}`], posted: ['T2 A0 A1 1'] })
  })

  test('is kept as text in metadata, whatever its numbers are', async () => {
    const text =
      '{"id":"T1","from":"A0","to":"A1","amount":"1","rate":1e400000000,"low":1E-999999999}\n'
    const { transfers } = await replaying(text, { file: 'batch.jsonl', keep: true })
    expect(transfers[0]?.metadata).toEqual({ rate: '1e400000000', low: '1E-999999999' })
  })

  test('has a short message when very many columns could be the amount', async () => {
    const header = `from,to${',amount'.repeat(50_000)}\n`
    const failed = replaying(`${header}A0,A1\n`)
    await expect(failed).rejects.toThrow(/more than one column can be "amount"/)
    await expect(failed).rejects.toSatisfy((error: Error) => error.message.length < 5_000)
  })
})
