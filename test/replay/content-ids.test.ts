import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { type ReplayOptions, replay } from '../../src/replay/replay.ts'
import { verify } from '../../src/verification/verify.ts'
import { makeFile, replayingOn } from '../support/batch.ts'
import { useDatabase } from '../support/database.ts'

const database = useDatabase()
const { connection, Account, Transfer } = database
const replayed = replayingOn(database)

const options: Partial<ReplayOptions> = {
  map: { effectiveAt: 'Date', amount: 'Amount', reference: 'Text' },
  set: { account: 'A0', counterparty: 'A1' },
  idFrom: ['account', 'effectiveAt', 'amount', 'reference'],
}

const csv = (...lines: string[]) => `Date,Amount,Text\n${lines.join('\n')}\n`
const json = (...lines: string[]) =>
  JSON.stringify(
    lines.map((line) => {
      const [Date, Amount, Text] = line.split(',')
      return { Date, Amount, Text }
    }),
  )

const PEN = '2026-01-31,-8.88,Pen'
const UNREADABLE_PEN = '31.01.2026,-8.88,Pen'

/** Replays a file, corrects the dates in its rejects with `correct`, and returns a function that replays those. */
async function rejectsOf(
  content: string,
  {
    file = 'batch.csv',
    correct = (text: string) => text,
    ...more
  }: {
    file?: string
    correct?: (text: string) => string
  } & Partial<ReplayOptions> = {},
) {
  const path = await makeFile('rejects', '')
  await replayed(content, { ...options, file, rejects: path, ...more })
  return correct((await readFile(path, 'utf8')).replaceAll('31.01.2026', '2026-01-31'))
}

/** Replays rejects as `name`. Returns the summary and the rejects of that. */
async function replayRejects(
  text: string,
  { name = 'r.csv', ...more }: { name?: string } & Partial<ReplayOptions> = {},
) {
  const path = await makeFile('second', '')
  const file = await makeFile(name, text)
  const summary = await replay(connection, { ...options, file, rejects: path, ...more })
  return { summary, rejects: await readFile(path, 'utf8') }
}

describe('a line of rejects without an id', () => {
  test.each([
    ['CSV', 'csv', csv(PEN, UNREADABLE_PEN)],
    ['JSON', 'json', json(PEN, UNREADABLE_PEN)],
  ])(
    'is refused if its content is posted, and posted with an id of its own, in %s',
    async (_, extension, content) => {
      const text = await rejectsOf(content, { file: `batch.${extension}` })
      const name = `r.${extension}`

      const rehearsed = await replayRejects(text, { name, dryRun: true })
      const refused = await replayRejects(text, { name })
      const [twin] = await Transfer.find()
      // Neither the same file nor its rejects take the line for the posted one.
      const again = await replayRejects(text, { name })
      const next = await replayRejects(refused.rejects, { name: `r2.${extension}` })
      const withId =
        extension === 'csv'
          ? refused.rejects.replace(/,2,,/, ',2,second-pen,')
          : refused.rejects.replace('"line":2', '"line":2,"madeId":"second-pen"')
      const posted = await replayRejects(withId, { name: `r3.${extension}` })

      for (const { summary } of [rehearsed, refused, again, next]) {
        expect(summary).toMatchObject({
          posted: 0,
          existing: 0,
          refusedByCode: { TRANSFER_CONFLICT: 1 },
        })
      }
      expect(refused.rejects).toContain(
        `transfer ${twin?._id} is already posted with the same content: this line of rejects has no id of its own`,
      )
      expect(refused.rejects).toContain('write an id of its own as its madeId')
      expect(posted.summary).toMatchObject({ posted: 1, existing: 0, refused: 0 })
      expect((await Transfer.find().sort({ fromSequence: 1 })).map(({ _id }) => _id)).toEqual([
        twin?._id,
        'second-pen',
      ])
      expect(await verify(connection)).toMatchObject({ violations: [] })
    },
  )

  test('does not take the id of a line with one that follows', async () => {
    const other = { set: { account: 'A0', counterparty: 'A9' } }
    const text = await rejectsOf(csv(UNREADABLE_PEN, PEN), other)
    await Account.open({ accountId: 'A9', holder: 'Ada', currency: 'USD' })

    const first = await replayRejects(text, other)
    const second = await replayRejects(first.rejects.replace(/,3,,/, ',3,second-pen,'), {
      ...other,
      name: 'r2.csv',
    })

    expect(first.summary).toMatchObject({ posted: 1, existing: 0, refused: 1 })
    expect(second.summary).toMatchObject({ posted: 1, existing: 0, refused: 0 })
  })

  test('refuses the atomic batch that it is in', async () => {
    const text = await rejectsOf(csv(PEN, UNREADABLE_PEN, '31.01.2026,-1,Ink'))

    const { summary } = await replayRejects(text, { atomic: true })

    expect(summary).toMatchObject({
      status: 'refused',
      refusedByCode: { TRANSFER_CONFLICT: 1, LINKED_TRANSFER_REFUSED: 1 },
    })
  })

  test('is posted under the id of its content if that is free, and a second run changes nothing', async () => {
    const text = await rejectsOf(csv('2026-01-30,-1,Ink', UNREADABLE_PEN))

    const first = await replayRejects(text)
    const second = await replayRejects(text)
    const overlapping = await replayRejects(csv(PEN), { name: 'february.csv' })

    expect(first.summary).toMatchObject({ posted: 1, refused: 0 })
    expect(second.summary).toMatchObject({ alreadyFinished: true, posted: 1, refused: 0 })
    expect(overlapping.summary).toMatchObject({ existing: 1, refused: 0 })
  })

  test('is still refused in a retry', async () => {
    const text = await rejectsOf(csv(PEN, UNREADABLE_PEN))
    await replayRejects(text)

    const { summary } = await replayRejects(text, { retry: true })

    expect(summary).toMatchObject({ existing: 0, refused: 1 })
  })
})

test('a conflict of ids of the content says what the id is and how to tell the lines apart', async () => {
  const { refusals } = await replayed(csv(PEN), { ...options, idFrom: ['effectiveAt'] })
  const other = await makeFile('february.csv', csv('2026-01-31,-1,Ink'))
  expect(refusals).toEqual([])

  const rejects = await makeFile('rejects', '')
  const summary = await replay(connection, {
    ...options,
    idFrom: ['effectiveAt'],
    file: other,
    rejects,
  })

  expect(summary).toMatchObject({ refusedByCode: { TRANSFER_CONFLICT: 1 } })
  expect(await readFile(rejects, 'utf8')).toContain(
    'is already posted with a different amount, reference: --id-from made this id of the content of the line. If they are two payments, add account or another column in which they differ to --id-from',
  )
})

test.each<[string, string, Partial<ReplayOptions>, boolean]>([
  ['a statement has no ids', csv(PEN), { idFrom: undefined }, true],
  ['a statement in JSON has no ids', json(PEN), { idFrom: undefined, file: 'batch.json' }, true],
  ['its ids are made of the content', csv(PEN), {}, false],
  [
    'a column has its ids',
    csv(PEN),
    { idFrom: undefined, map: { ...options.map, transferId: 'Text', reference: null } },
    false,
  ],
  [
    'it is a file of transfers',
    'from,to,amount\nA0,A1,5\n',
    { idFrom: undefined, map: {}, set: {} },
    false,
  ],
])(
  'a replay warns that lines would be posted again by a file that overlaps, if %s',
  async (_, content, more, isWarned) => {
    const { summary } = await replayed(content, { ...options, dryRun: true, ...more })

    expect(summary.warnings).toEqual(
      isWarned
        ? [expect.stringMatching(/^the lines have no ids, .*: --id-from makes ids/)]
        : undefined,
    )
  },
)
