import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ReadingOptions } from '../../src/replay/reading/reading-options.ts'
import { readRows } from '../support/read-rows.ts'

/** What the dates of a file are read as. */
async function datesOf(dates: readonly unknown[], options: ReadingOptions = {}): Promise<string[]> {
  const content = JSON.stringify(dates.map((date) => ({ from: 'A', to: 'B', amount: 1, date })))
  const { rows } = await readRows(content, { map: { effectiveAt: 'date' }, ...options })
  return rows.map(({ request, problem }) => request?.effectiveAt?.toISOString() ?? String(problem))
}

describe('a date is read in a well-known form', () => {
  test.each<[unknown, string]>([
    ['2026-01-02', '2026-01-02T00:00:00.000Z'],
    ['20260102', '2026-01-02T00:00:00.000Z'],
    ['2026/01/02', '2026-01-02T00:00:00.000Z'],
    ['2026.01.02', '2026-01-02T00:00:00.000Z'],
    ['2026-1-2', '2026-01-02T00:00:00.000Z'],
    ['2026/01/02 14:16', '2026-01-02T14:16:00.000Z'],
    ['2026-01-02T14:16:07', '2026-01-02T14:16:07.000Z'],
    ['2026-01-02 14:16:07.123456789', '2026-01-02T14:16:07.123Z'],
    ['2026-01-02T14:16:07,5Z', '2026-01-02T14:16:07.500Z'],
    ['2026-01-02t14:16:07z', '2026-01-02T14:16:07.000Z'],
    ['2026-01-02T14:16:07+02:00', '2026-01-02T12:16:07.000Z'],
    ['2026-01-02T14:16:07.25-0530', '2026-01-02T19:46:07.250Z'],
    ['2026-01-02 14:16:07+01', '2026-01-02T13:16:07.000Z'],
    ['2026-01-02 14:16:07 UTC', '2026-01-02T14:16:07.000Z'],
    ['2026-01-02+01:00', '2026-01-01T23:00:00.000Z'],
    ['20260102T141607Z', '2026-01-02T14:16:07.000Z'],
    ['20260102141607', '2026-01-02T14:16:07.000Z'],
    ['2 Jan 2026', '2026-01-02T00:00:00.000Z'],
    ['1 Jan 1970', '1970-01-01T00:00:00.000Z'],
    ['02-JAN-2026', '2026-01-02T00:00:00.000Z'],
    ['2 January 2026 14:16', '2026-01-02T14:16:00.000Z'],
    ['January 2, 2026', '2026-01-02T00:00:00.000Z'],
    ['Fri, 02 Jan 2026 14:16:07 GMT', '2026-01-02T14:16:07.000Z'],
    [{ $date: '2026-01-02T14:16:07Z' }, '2026-01-02T14:16:07.000Z'],
    [{ $date: { $numberLong: '1767363367000' } }, '2026-01-02T14:16:07.000Z'],
  ])('%j', async (date, read) => {
    expect(await datesOf([date])).toEqual([read])
  })
})

describe('a date is read in the format of the option', () => {
  test.each<[string, string, string]>([
    ['dd.MM.yyyy', '02.01.2026', '2026-01-02T00:00:00.000Z'],
    ['d.M.yyyy', '2.1.2026', '2026-01-02T00:00:00.000Z'],
    ['MM/dd/yyyy', '01/02/2026', '2026-01-02T00:00:00.000Z'],
    ['dd/MM/yyyy HH:mm:ss', '02/01/2026 14:16:07', '2026-01-02T14:16:07.000Z'],
    ['MM/dd/yyyy hh:mm a', '01/02/2026 02:16 PM', '2026-01-02T14:16:00.000Z'],
    ['M/d/yyyy h:mm a', '1/2/2026 12:16 am', '2026-01-02T00:16:00.000Z'],
    ['dd MMM yy', '02 Jan 26', '2026-01-02T00:00:00.000Z'],
    ['dd.MM.yy', '02.01.69', '2069-01-02T00:00:00.000Z'],
    ['dd.MM.yy', '02.01.70', '1970-01-02T00:00:00.000Z'],
    ['ddMMyyyy', '02012026', '2026-01-02T00:00:00.000Z'],
    ['yyyyMMdd-HHmmss.SSS', '20260102-141607.042', '2026-01-02T14:16:07.042Z'],
    ["dd.MM.yyyy 'um' HH'h'mm", '02.01.2026 um 14h16', '2026-01-02T14:16:00.000Z'],
    ['dd.MM.yyyy HH:mm Z', '02.01.2026 14:16 +0200', '2026-01-02T12:16:00.000Z'],
    ['unix', '1767363367', '2026-01-02T14:16:07.000Z'],
    ['unix', '1767363367.5', '2026-01-02T14:16:07.500Z'],
    ['unix-ms', '1767363367042', '2026-01-02T14:16:07.042Z'],
  ])('%s', async (dateFormat, date, read) => {
    expect(await datesOf([date], { dateFormat })).toEqual([read])
  })
})

describe('a date is refused', () => {
  test.each<[string, string, ReadingOptions?]>([
    [
      '01/02/2024',
      "can mean two days: add --date-format 'dd/MM/yyyy' if the day comes first, or --date-format 'MM/dd/yyyy' if the month does",
    ],
    ['1.2.24', "add --date-format 'd.M.yy' if the day comes first, or --date-format 'M.d.yy'"],
    ['01-02-2024 1:30 PM', "add --date-format 'dd-MM-yyyy h:mm a' if"],
    ['31.01.2026', "is read only with its format: add --date-format 'dd.MM.yyyy'"],
    ['01/31/2026', "is read only with its format: add --date-format 'MM/dd/yyyy'"],
    ['1767363367', 'is a number: add --date-format unix if it counts seconds since 1970'],
    [
      '2026-06-01 10:00:00 CEST',
      '"CEST" is not read as a zone, because such names mean several: leave it',
    ],
    ['46174', 'it seems to be a day as spreadsheets count them, so save the file'],
    ['46175,5', 'it seems to be a day as spreadsheets count them'],
    ['01 Jun', 'is not in a known form such as 2026-01-31'],
    ['2026-02-29', 'is not a day of the calendar'],
    ['29.02.2025', 'is not a day of the calendar'],
    ['2/30/2025', 'is not a day of the calendar'],
    ['13.13.2025', 'is not a day of the calendar'],
    ['970229', 'is not a day of the calendar'],
    ['20250229', 'is not a day of the calendar'],
    ['30 Feb 2025', 'is not a day of the calendar'],
    ['31.01.2026 25:00', 'has a time that no day has'],
    ['20022025', 'is not in a known form'],
    ['29.02.2025', 'is not a day of the calendar', { dateFormat: 'dd.MM.yyyy' }],
    ['970229', 'is not a day of the calendar', { dateFormat: 'yyMMdd' }],
    ['02.01.2025 13:00 PM', 'has a time', { dateFormat: 'dd.MM.yyyy hh:mm a' }],
    ['2026-01-02T24:00:00', 'has a time that no day has: expected one from 00:00:00 to 23:59:59'],
    ['2026-01-02T10:00:60', 'has a time that no day has'],
    ['2026-01-02T10:00:00+16:00', 'has an offset that no time zone has, "+16:00"'],
    ['2026-01/02', 'is not in a known form'],
    ['12 Foo 2026', 'is not in a known form'],
    ['2.1.2026', 'is not in the format dd.MM.yyyy of --date-format', { dateFormat: 'dd.MM.yyyy' }],
    ['13:00', 'is not in the format', { dateFormat: 'dd.MM.yyyy' }],
    [
      '1.6.2026 9:00 PDT',
      "'PDT' in --date-format, and add --time-zone",
      { dateFormat: 'd.M.yyyy H:mm Z' },
    ],
  ])('%s', async (date, message, options) => {
    const [problem = ''] = await datesOf([date], options)

    expect(problem.startsWith(`the date "${date}" `)).toBe(true)
    expect(problem).toContain(message)
  })
})

test('a line without a date is refused where the options name the date', async () => {
  const content = 'from,to,amount,Tag,Zeit\nA,B,1,2026-01-02,14:16\nA,B,1,,\n'
  const problemsWith = async (options: ReadingOptions) =>
    (await readRows(content, options)).rows.map(({ problem }) => problem)

  expect(await problemsWith({ map: { effectiveAt: 'Tag' } })).toEqual([
    undefined,
    'the column of the effectiveAt, "Tag", is empty: leave such lines out with --where "Tag!=", or name a date for them with --set effectiveAt=DATE',
  ])
  expect(await problemsWith({ set: { effectiveAt: '{Tag} {Zeit}' } })).toEqual([
    undefined,
    `the effectiveAt cannot be put together, because "Tag", which --set effectiveAt names, is empty: to name a text for such lines, write {Tag|'TEXT'}`,
  ])
  expect(
    await problemsWith({ map: { effectiveAt: 'Tag' }, set: { effectiveAt: '2026-12-31' } }),
  ).toEqual([undefined, undefined])
})

test('a wrong date of a column that wins over a text says so', async () => {
  const { rows } = await readRows('from,to,amount,Tag,Zeit\nA,B,1,29/03/2026,14:16\n', {
    map: { effectiveAt: 'Tag' },
    set: { effectiveAt: '{Tag} {Zeit}' },
    dateFormat: 'dd/MM/yyyy HH:mm',
  })

  expect(rows[0]?.problem).toMatch(
    /"29\/03\/2026" is not in the format.*; the value is that of "Tag", because --map wins over --set/,
  )
})

test('an empty date is none where the options do not name it, and a column named effectiveAt needs no map', async () => {
  const { rows, timeZone } = await readRows(
    'from,to,amount,effective_at\nA,B,1,\nA,B,1,2026-01-02Z\n',
  )

  expect(rows.map(({ request }) => request?.effectiveAt)).toEqual([
    undefined,
    new Date('2026-01-02T00:00:00Z'),
  ])
  expect(timeZone).toBeUndefined()
})

describe('a date without a zone', () => {
  test('is read in UTC, and that is said', async () => {
    const { timeZone } = await readRows('from,to,amount,effectiveAt\nA,B,1,2026-01-02\n')

    expect(timeZone).toBe('UTC')
  })

  test.each([
    ['Europe/Berlin', '2026-01-02', '2026-01-01T23:00:00.000Z'],
    ['Europe/Berlin', '2026-07-02 12:00', '2026-07-02T10:00:00.000Z'],
    ['+05:30', '2026-01-02', '2026-01-01T18:30:00.000Z'],
    ['America/New_York', '2026-01-02T12:00:00Z', '2026-01-02T12:00:00.000Z'],
    // Clocks are turned forward: this time does not exist, and is as much later.
    ['Europe/Berlin', '2026-03-29 02:30', '2026-03-29T01:30:00.000Z'],
    ['America/New_York', '2026-03-08 02:30', '2026-03-08T07:30:00.000Z'],
    // Clocks are turned back: this time comes twice, and is the first.
    ['Europe/Berlin', '2026-10-25 02:30', '2026-10-25T00:30:00.000Z'],
    ['America/New_York', '2026-11-01 01:30', '2026-11-01T05:30:00.000Z'],
    ['Europe/Berlin', '2026-10-25 03:00', '2026-10-25T02:00:00.000Z'],
    // A day without its midnight begins at one o'clock; one that does not exist is the next.
    ['America/Sao_Paulo', '2018-11-04', '2018-11-04T03:00:00.000Z'],
    ['Pacific/Apia', '2011-12-30', '2011-12-30T10:00:00.000Z'],
    ['Asia/Kathmandu', '1985-12-31', '1985-12-30T18:30:00.000Z'],
  ])('is read in %s: %s', async (timeZone, date, read) => {
    expect(await datesOf([date], { timeZone })).toEqual([read])
  })

  test('is the same time in any zone, whatever the zone has done to its clocks', async () => {
    const zones = [
      'Europe/Berlin',
      'America/New_York',
      'Australia/Lord_Howe',
      'Pacific/Apia',
      'Asia/Tehran',
      'Africa/Casablanca',
    ]
    const times = fc.array(
      fc.date({ min: new Date('1990-01-01'), max: new Date('2035-01-01'), noInvalidDate: true }),
      {
        minLength: 20,
        maxLength: 60,
      },
    )
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...zones), times, async (timeZone, dates) => {
        const format = new Intl.DateTimeFormat('sv', {
          timeZone,
          dateStyle: 'short',
          timeStyle: 'medium',
        })
        const local = dates.map((date) => format.format(date))

        const read = await datesOf(local, { timeZone })

        expect(read.map((date) => format.format(new Date(date)))).toEqual(local)
        for (const [index, date] of dates.entries()) {
          const difference =
            Math.floor(date.getTime() / 1000) * 1000 - Date.parse(read[index] ?? '')
          // Only a local time that comes twice may be another one, the first of the two.
          expect([0, 30, 60]).toContain(difference / 60_000)
        }
      }),
      { numRuns: 20 },
    )
  })
})

test('an object that leaves out the key of the date is refused like a line with an empty date', async () => {
  const content =
    '{"from":"A","to":"B","amount":"1","Tag":"2026-01-02"}\n{"from":"A","to":"B","amount":"1"}\n'
  const { rows } = await readRows(content, { format: 'jsonl', map: { effectiveAt: 'Tag' } })
  expect(
    rows.map(({ request, problem }) => request?.effectiveAt?.toISOString() ?? problem),
  ).toEqual([
    '2026-01-02T00:00:00.000Z',
    expect.stringContaining('the column of the effectiveAt, "Tag", is empty'),
  ])
})
