import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { replay } from '../../src/index.ts'
import { recordWithoutFormulas, withoutFormula } from '../../src/replay/reading/csv/formula.ts'
import { makeFile, openAccounts } from '../support/batch.ts'
import { useDatabase } from '../support/database.ts'
import { makeFolder } from '../support/temporary-folder.ts'

describe('withoutFormula', () => {
  test.each([
    '=1+1',
    '+A1',
    '-A1',
    '@SUM(A1)',
    '\t=1',
    '\r=1',
    ' =1+1',
    '＝1',
    '-',
    '+49 170 1',
    '-1-1',
  ])('puts an apostrophe before %j', (cell) => {
    expect(withoutFormula(cell)).toBe(`'${cell}`)
  })

  test.each(['', 'Rent', '12.50', '-12.50', '+5', ' -3 ', 'a=b', "'=1"])('leaves %j', (cell) => {
    expect(withoutFormula(cell)).toBe(cell)
  })
})

describe('recordWithoutFormulas', () => {
  const comma = { delimiter: ',', quote: '"' }

  test.each([
    ['a,=1,-5', "a,'=1,-5"],
    ['"=1,2",b', `"'=1,2",b`],
    ['"a ""=1"" b",@x', `"a ""=1"" b",'@x`],
    // A quote within a field is ordinary text, so the field ends at the next delimiter.
    ['a"b,=1,c"d', `a"b,'=1,c"d`],
    ['"a"b,=1', `"a"b,'=1`],
    ['"a\n=1",=2', `"a\n=1",'=2`],
    ['x,"=never closed', `x,"'=never closed`],
    [' "=1" ,b', ` "'=1" ,b`],
    ['=1,', "'=1,"],
    [',,', ',,'],
    ['a\n=1', "a\n'=1"],
  ])('turns %j into %j', (record, expected) => {
    expect(recordWithoutFormulas(record, comma)).toBe(expected)
  })

  test('has other delimiters, and files without quotes', () => {
    expect(recordWithoutFormulas('a||"=1||=2', { delimiter: '||', quote: '' })).toBe(`a||"=1||'=2`)
    expect(recordWithoutFormulas('a\t=1', { delimiter: '\t', quote: '"' })).toBe("a\t'=1")
  })
})

describe('rejects', () => {
  const { connection, Account } = useDatabase()
  const batch =
    'transferId,from,to,amount,reference\nT1,A0,=cmd|x,1,"=HYPERLINK(""x"")"\nT2,A0,A1,-5,ok\n'

  test('have no formulas when they are for a spreadsheet', async () => {
    await openAccounts(Account, { count: 2, openingBalance: '10' })
    const [file, rejects] = [await makeFile('batch.csv', batch), join(await makeFolder(), 'r.csv')]
    await replay(connection, { file, rejects, spreadsheet: true })
    const [, first, second] = (await readFile(rejects, 'utf8')).split('\n')
    expect(first).toMatch(/^ACCOUNT_NOT_FOUND,.*,2,T1,A0,'=cmd\|x,1,"'=HYPERLINK\(""x""\)"$/)
    expect(second).toMatch(/,3,T2,A0,A1,-5,ok$/)
  })

  test('have each record as it was read by default, so that they can be replayed', async () => {
    await openAccounts(Account, { count: 2, openingBalance: '10' })
    const [file, rejects] = [await makeFile('batch.csv', batch), join(await makeFolder(), 'r.csv')]
    await replay(connection, { file, rejects })
    expect(await readFile(rejects, 'utf8')).toContain('T1,A0,=cmd|x,1,"=HYPERLINK(""x"")"\n')
  })

  test('of JSON cannot be for a spreadsheet', async () => {
    const file = await makeFile('batch.jsonl', '{"from":"A0","to":"A1","amount":"1"}\n')
    await expect(replay(connection, { file, spreadsheet: true })).rejects.toThrow(
      "'spreadsheet' is for CSV files: leave it out for JSON",
    )
  })
})
