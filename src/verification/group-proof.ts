import { countOf, named } from '../messages.ts'
import type { Books, Moment } from './books.ts'
import { DocumentReader } from '../ledger/documents/document-reader.ts'
import { RecordCheck } from './record-check.ts'
import { isStoredId } from './stored-text.ts'
import type { ViolationKind, ViolationLog } from './violations.ts'

/** How many groups are proven at once. */
const GROUPS_AT_ONCE = 1_000

/** Groups that are next to each other by their ids. */
interface GroupRange {
  /** How many legs each group has; undefined if its record does not say so. */
  readonly legs: ReadonlyMap<string, number | undefined>
  /** Which legs to read. */
  readonly filter: object
}

/**
 * Proves each group whole: it has a record, and each of its legs once. Groups are read in the order of their ids, and then
 * their legs, which were posted with them, along the index by group.
 */
export class GroupProof {
  readonly #books: Books
  readonly #log: ViolationLog
  readonly #since: Date | undefined
  #groups = 0

  /** @param options.since proves only groups that were posted from this moment on */
  constructor(books: Books, { log, since }: { log: ViolationLog; since?: Date | undefined }) {
    this.#books = books
    this.#log = log
    this.#since = since
  }

  /** Returns how many groups there are. */
  async run(): Promise<number> {
    let after: string | undefined
    do {
      const { range, moment, last } = await this.#readGroups(after)
      if (range.legs.size > 0 || !this.#since) await this.#checkLegs(range, moment)
      after = last
    } while (after !== undefined)
    return this.#groups
  }

  /** Reads the next groups. `last` is the id of the last of them, if there may be more. */
  async #readGroups(after: string | undefined) {
    const reader = new DocumentReader(['_id', 'legs', 'postedAt'])
    const legs = new Map<string, number | undefined>()
    let read = 0
    const filter = {
      ...(after !== undefined && { _id: { $gt: after } }),
      ...(this.#since && { postedAt: { $gte: this.#since } }),
    } as object
    const reading = { filter, sort: { _id: 1 }, limit: GROUPS_AT_ONCE } as const
    const moment = await this.#books.inSession([], async (session): Promise<Moment> => {
      await this.#books.each('transfer_groups', reading, session, (bytes) => {
        reader.read(bytes)
        this.#check(reader)
        read += 1
        const id = reader.text('_id')
        if (id !== undefined) legs.set(id, reader.whole('legs'))
      })
      return session
    })
    this.#groups += read
    const last = read < GROUPS_AT_ONCE ? undefined : [...legs.keys()].at(-1)
    return { range: { legs, filter: this.#legFilter(legs, { after, last }) }, moment, last }
  }

  #legFilter(
    legs: ReadonlyMap<string, unknown>,
    { after, last }: { after: string | undefined; last: string | undefined },
  ): object {
    if (this.#since) return { group: { $in: [...legs.keys()] } }
    const bounds = {
      ...(after !== undefined && { $gt: after }),
      ...(last !== undefined && { $lte: last }),
    }
    return { group: Object.keys(bounds).length === 0 ? { $exists: true } : bounds }
  }

  /** Logs what is wrong with the record of a group, whatever its legs are. */
  #check(reader: DocumentReader<'_id' | 'legs' | 'postedAt'>): void {
    const options = { what: 'group', collection: 'transfer_groups', log: this.#log } as const
    const check = new RecordCheck(reader, options)
    if (!isStoredId(reader.text('_id'))) check.add('id', 'has an _id that is not the id of a group')
    check.strangers()
    check.whole('legs', 1)
    check.date('postedAt')
  }

  /** Reads the legs of groups after `moment`, when the groups were read. */
  async #checkLegs({ legs, filter }: GroupRange, moment: Moment): Promise<void> {
    const whole = new Set<string>()
    /** The ids of groups that were not read: they are new, or they do not exist. Each with the id of a leg. */
    const unknown = new Map<string, string>()
    const run = new LegRun()
    const end = () => {
      const { group, numbers } = run
      if (group === undefined) return
      const count = legs.get(group)
      if (count !== undefined && numbers === count) whole.add(group)
    }
    const reader = new DocumentReader(['_id', 'group', 'leg', 'legs'])
    const reading = {
      filter,
      sort: { group: 1, leg: 1 },
      projection: { group: 1, leg: 1, legs: 1 },
    } as const
    const later = await this.#books.inSession([moment], async (session): Promise<Moment> => {
      await this.#books.each('transfers', reading, session, (bytes) => {
        reader.read(bytes)
        const group = reader.text('group')
        const id = reader.text('_id') ?? reader.show('_id')
        if (group === undefined) return
        if (group !== run.group) {
          end()
          run.start(group)
        }
        run.add(reader.whole('leg'))
        if (!legs.has(group)) unknown.set(group, id)
        else if (legs.get(group) !== reader.whole('legs')) {
          const found = `has the legs ${reader.show('legs')}, but its group ${named(group)} has ${legs.get(group)}`
          this.#log.add({
            kind: 'group',
            collection: 'transfers',
            id,
            message: `transfer ${named(id)} ${found}`,
          })
        }
      })
      return session
    })
    end()
    for (const [group, count] of legs) {
      if (whole.has(group) || count === undefined) continue
      this.#add('group', group, `has ${countOf(count, 'leg')}, but not each of them is posted once`)
    }
    await this.#checkUnknown(unknown, later)
  }

  async #checkUnknown(unknown: ReadonlyMap<string, string>, moment: Moment): Promise<void> {
    if (unknown.size === 0) return
    const existing = await this.#books.existing('transfer_groups', [...unknown.keys()], [moment])
    for (const [group, id] of unknown) {
      if (existing.has(group)) continue
      const message = `transfer ${named(id)} is a leg of group ${named(group)}, which does not exist`
      this.#log.add({ kind: 'group', collection: 'transfers', id, message })
    }
  }

  #add(kind: ViolationKind, id: string, problem: string): void {
    const message = `group ${named(id)} ${problem}`
    this.#log.add({ kind, collection: 'transfer_groups', id, message })
  }
}

/** Counts the legs of one group after another, which come in the order of their numbers. */
class LegRun {
  group: string | undefined
  /** How many legs there were; NaN if their numbers are not 1, 2, 3 … */
  numbers = 0

  start(group: string): void {
    this.group = group
    this.numbers = 0
  }

  add(leg: number | undefined): void {
    this.numbers = leg === this.numbers + 1 ? leg : NaN
  }
}
