import { Random } from '../../src/internal.ts'
import {
  type SoakCapture,
  type SoakHold,
  RELEASED,
  askedCapture,
  askedHold,
  captureId,
  endBy,
  holdFor,
  releaseKey,
  rest,
  shareOf,
} from './hold-requests.ts'
import type { Call } from './journal.ts'
import { type SoakRequest, asked, drawLines, drawRequest } from './requests.ts'

/** A file to replay, and the name of its batch. */
export interface SoakBatch {
  readonly name: string
  readonly lines: readonly SoakLine[]
}

type SoakLine =
  | { readonly action: 'transfer'; readonly request: SoakRequest; readonly group: string }
  | { readonly action: 'hold' | 'release'; readonly hold: SoakHold }
  | { readonly action: 'capture'; readonly hold: SoakHold; readonly capture: SoakCapture }

/** How long the name of a shared batch lasts, in milliseconds. */
const BATCH_SLOT = 10_000

/** How long after its file a hold of it expires, in milliseconds: some have expired when their lines are posted. */
const LIFE = 5_000

/** A small file that other processes replay too. */
export function sharedBatch(seed: number): SoakBatch {
  const slot = Math.floor(Date.now() / BATCH_SLOT)
  const options = { name: `batch-${slot}`, transfers: 200, writtenAt: slot * BATCH_SLOT }
  return drawBatch(new Random(seed, slot), options)
}

/**
 * Draws the lines of a file. The first two of five transfers are a group. After every fifth transfer, a hold may be
 * placed and ended, in one of the ways that there are.
 */
export function drawBatch(
  random: Random,
  { name, transfers, writtenAt }: { name: string; transfers: number; writtenAt: number },
): SoakBatch {
  const lines = drawLines(random, name, transfers).flatMap((request, index): SoakLine[] => {
    const group = index % 5 < 2 ? `${name}-group-${Math.floor(index / 5)}` : ''
    const line: SoakLine = { action: 'transfer', request, group }
    if (index % 5 < 4 || random.isLikely(0.5)) return [line]
    const holdId = `${name}-hold-${index}`
    const expiresAt = random.isLikely(0.3) ? new Date(writtenAt + LIFE) : undefined
    const hold = holdFor(drawRequest(random, holdId), { holdId, expiresAt })
    return [line, { action: 'hold', hold }, ...drawEnd(random, hold)]
  })
  return { name, lines }
}

function drawEnd(random: Random, hold: SoakHold): SoakLine[] {
  const capture = (taken: SoakCapture): SoakLine => ({ action: 'capture', hold, capture: taken })
  const part = capture(shareOf(hold, 0.4, 'part-1'))
  const release: SoakLine = { action: 'release', hold }
  return random.pick([
    [],
    [part],
    [capture(rest(hold))],
    [part, capture(rest(hold))],
    [part, capture(shareOf(hold, 0.1))],
    [part, release],
    [release],
  ])
}

/** What the replay of a batch asks for. */
export function askedOf({ name, lines }: SoakBatch): Omit<Call, 'call'> {
  const transfers = lines.flatMap((line) =>
    line.action === 'transfer'
      ? [asked(line.request)]
      : line.action === 'capture'
        ? [askedCapture(line.hold, line.capture)]
        : [],
  )
  const holds = lines.flatMap((line) =>
    line.action === 'hold'
      ? [askedHold(line.hold)]
      : line.action === 'release'
        ? [{ key: releaseKey(line.hold.holdId), content: RELEASED }]
        : [],
  )
  return { verb: 'replay', batch: name, transfers, holds }
}

const COLUMNS =
  'action,transferId,holdId,from,to,amount,currency,expiresAt,final,reference,group'.split(',')

/** A batch as a CSV file. */
export const csvOf = ({ lines }: SoakBatch): string =>
  [COLUMNS, ...lines.map(valuesOf)].map((values) => `${values.join(',')}\n`).join('')

function valuesOf(line: SoakLine): string[] {
  const record = recordOf(line)
  return COLUMNS.map((column) => (column === 'action' ? line.action : (record[column] ?? '')))
}

function recordOf(line: SoakLine): Readonly<Record<string, string | undefined>> {
  switch (line.action) {
    case 'transfer':
      return { ...line.request, group: line.group }
    case 'hold':
      return { ...line.hold, expiresAt: line.hold.expiresAt?.toISOString() }
    case 'capture': {
      const { holdId, amount } = line.capture
      const reference = captureId(line.capture)
      // Without an amount it takes all that is left, and has an id of Daybook's.
      const transferId = amount === undefined ? undefined : reference
      const final = endBy(reference) === 'final' ? 'true' : undefined
      return { transferId, holdId, amount, final, reference }
    }
    case 'release':
      return { holdId: line.hold.holdId }
  }
}
