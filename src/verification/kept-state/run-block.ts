import type { BatchesBefore } from '../batch-proof.ts'
import type { StoredBatch } from '../batch-reader.ts'
import { BatchTallies } from '../batch-tallies.ts'
import type { NumberedTransfer } from '../account-proof.ts'
import type { Findings } from '../findings.ts'
import { type Violation, type ViolationKind, ViolationLog } from '../violations.ts'

/** The last line of a block sums up its findings. That of the first block, which has the batches, has none. */
interface BlockEnd {
  /** The last id of the range; absent if it has no upper end. */
  readonly upTo?: string
  readonly accounts: number
  readonly transfers: number
  /** Absent if there are none. */
  readonly holds?: number
  readonly openings: Texts
  readonly violations: Readonly<Partial<Record<ViolationKind, number>>>
}

type Texts = Readonly<Record<string, string>>

/** A line of a file, as the object that it has in JSON. */
export type LineObject = Readonly<Record<string, unknown>>

/** The batches as lines of the first block. */
export const batchLines = (batches: BatchesBefore): string =>
  Array.from(batches.values(), ({ amounts, refusedByCode, ...batch }) =>
    jsonLine({
      batch: {
        ...batch,
        ...(amounts && { amounts: textsOf(amounts) }),
        ...(refusedByCode && { refusedByCode: Object.fromEntries(refusedByCode) }),
      },
    }),
  ).join('')

/** Findings as lines of a block, without its end. */
export const findingLines = ({ lines, tallies, log, counterparts }: Findings): string =>
  [
    lines,
    ...Array.from(tallies.names(), (tally) => {
      const { transfers, holds, amounts } = tallies.of(tally)
      return jsonLine({ tally, transfers, ...(holds > 0 && { holds }), amounts: textsOf(amounts) })
    }),
    ...log.first.map((violation) => jsonLine({ violation })),
    ...Array.from(counterparts, ([counterpart, { transferId, sequence }]) =>
      jsonLine({ counterpart, transferId, sequence }),
    ),
  ].join('')

export const endOfRange = (
  upTo: string | undefined,
  { accounts, transfers, holds, openings, log }: Findings,
): BlockEnd => ({
  ...(upTo !== undefined && { upTo }),
  accounts,
  transfers,
  ...(holds > 0 && { holds }),
  openings: textsOf(openings),
  violations: Object.fromEntries(log.counts),
})

/** A block that is read again. Its lines are used only when its checksum has proven them. */
export class RunBlock {
  readonly #lines: { readonly line: LineObject; readonly text: string }[] = []

  add(line: LineObject, text: string): void {
    this.#lines.push({ line, text })
  }

  /** The batches, or the findings of a range, which ends with `upTo`. */
  finish(
    end: Partial<BlockEnd>,
  ): { batches: BatchesBefore } | { findings: Findings; upTo: string | undefined } {
    const { accounts, transfers = 0, holds = 0, openings = {}, violations = {}, upTo } = end
    if (accounts === undefined) return { batches: this.#batches() }
    const log = new ViolationLog(Infinity)
    for (const [kind, count] of Object.entries(violations)) {
      log.counts.set(kind as ViolationKind, count)
    }
    const tallies = new BatchTallies()
    const counterparts = new Map<string, NumberedTransfer>()
    let lines = ''
    for (const { line, text } of this.#lines) {
      if ('tally' in line) {
        const amounts = unitsOfTexts(line['amounts'] as Texts)
        tallies.addTally(line['tally'] as string, {
          transfers: line['transfers'] as number,
          holds: (line['holds'] ?? 0) as number,
          amounts,
        })
      } else if ('violation' in line) {
        log.first.push(line['violation'] as Violation)
      } else if ('counterpart' in line) {
        counterparts.set(line['counterpart'] as string, line as unknown as NumberedTransfer)
      } else lines += `${text}\n`
    }
    const sums = { accounts, transfers, holds, openings: unitsOfTexts(openings) }
    return { findings: { ...sums, log, tallies, lines, counterparts }, upTo }
  }

  #batches(): BatchesBefore {
    const batches = new Map<string, StoredBatch>()
    for (const { line } of this.#lines) {
      const { amounts, refusedByCode, ...batch } = line['batch'] as {
        amounts?: Texts
        refusedByCode?: Record<string, number>
      }
      const stored = {
        ...batch,
        amounts: amounts && unitsOfTexts(amounts),
        refusedByCode: refusedByCode && new Map(Object.entries(refusedByCode)),
      } as StoredBatch
      batches.set(stored.name, stored)
    }
    return batches
  }
}

export const jsonLine = (value: object): string => `${JSON.stringify(value)}\n`

const textsOf = (units: ReadonlyMap<string, bigint>): Texts =>
  Object.fromEntries(Array.from(units, ([currency, sum]) => [currency, String(sum)]))

const unitsOfTexts = (texts: Texts): Map<string, bigint> =>
  new Map(Object.entries(texts).map(([currency, sum]) => [currency, BigInt(sum)]))
