import type { RecordCollection } from '../definition.ts'

/** What a violation is about. docs/verify.md explains each kind. */
export const VIOLATION_KINDS = [
  'collection',
  'index',
  'validator',
  'unknown-field',
  'field',
  'id',
  'money',
  'currency',
  'status',
  'time',
  'sequence',
  'balance',
  'limit',
  'latest-ids',
  'missing-account',
  'self-transfer',
  'reversal',
  'group',
  'hold',
  'batch',
  'refusal',
  'changed',
] as const
export type ViolationKind = (typeof VIOLATION_KINDS)[number]

/** A collection of the books, by its default name. */
export type CollectionName = RecordCollection

/** One thing that is wrong in the books. */
export interface Violation {
  readonly kind: ViolationKind
  readonly collection: CollectionName
  /** The `_id` of the wrong record; with its type if it is not a text. Absent if the whole collection is wrong. */
  readonly id?: string
  /** What was found and what was expected, on one line. */
  readonly message: string
}

/** Violations in the order in which they were found: the first of them, and the number of each kind. */
export class ViolationLog {
  readonly #limit: number
  readonly first: Violation[] = []
  readonly counts = new Map<ViolationKind, number>()

  /** @param limit how many violations to keep; the others are only counted */
  constructor(limit: number) {
    this.#limit = limit
  }

  get count(): number {
    return [...this.counts.values()].reduce((sum, count) => sum + count, 0)
  }

  add(violation: Violation): void {
    this.#count(violation.kind, 1)
    if (this.first.length < this.#limit) this.first.push(violation)
  }

  /** Adds the violations of another log after its own. */
  append(other: ViolationLog): void {
    for (const [kind, count] of other.counts) this.#count(kind, count)
    this.first.push(...other.first.slice(0, this.#limit - this.first.length))
  }

  #count(kind: ViolationKind, more: number): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + more)
  }
}
