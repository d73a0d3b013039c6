const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

const OFFSET = /^([+-])(\d\d):?(\d\d)$/

/** The milliseconds by which local time is ahead of UTC, from a text such as `+02:00`. */
export function offsetOf(text: string): number | undefined {
  const [, sign, hours, minutes] = OFFSET.exec(text) ?? []
  if (sign === undefined || Number(hours) > 15 || Number(minutes) > 59) return undefined
  const offset = (Number(hours) * 60 + Number(minutes)) * MINUTE
  return sign === '-' ? -offset : offset
}

/** Whether a text names a time zone: as `Europe/Berlin` does, or as an offset such as `+02:00`. */
export function isTimeZone(name: string): boolean {
  if (offsetOf(name) !== undefined) return true
  try {
    return /^[A-Za-z]/.test(name) && formatOf(name) !== undefined
  } catch {
    return false
  }
}

const formatOf = (timeZone: string) =>
  new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    era: 'short',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })

/** From the local time of a zone to the time in UTC, both in milliseconds as `Date.UTC` counts them. */
export type LocalTime = (local: number) => number

/**
 * Makes the function that finds the time in UTC of a zone's local times. If clocks are turned back, a local
 * time that comes twice is the first of the two. If they are turned forward, one that does not exist is as
 * much later as they are turned: 02:30 is 03:30.
 */
export function localTimeOf(timeZone: string): LocalTime {
  const offset = timeZone === 'UTC' ? 0 : offsetOf(timeZone)
  if (offset !== undefined) return (local) => local - offset
  const offsetAt = offsetFinder(timeZone)
  const days = new Map<number, LocalDay>()
  return (local) => {
    const day = Math.floor(local / DAY)
    let found = days.get(day)
    if (!found) {
      found = localDay(day, offsetAt)
      if (days.size >= MAX_DAYS) days.clear()
      days.set(day, found)
    }
    const { before, change, after } = found
    const time = local - before
    return time < change || local - after < change ? time : local - after
  }
}

/** Makes the function that finds what the clocks of a zone show at a time in UTC. It is the reverse of {@link localTimeOf}. */
export function clockOf(timeZone: string): (time: number) => number {
  const offset = timeZone === 'UTC' ? 0 : offsetOf(timeZone)
  if (offset !== undefined) return (time) => time + offset
  const offsetAt = offsetFinder(timeZone)
  return (time) => time + offsetAt(time)
}

/** The offsets of a zone on one of its days. */
interface LocalDay {
  readonly before: number
  /** When the offset changes; never on most days. */
  readonly change: number
  readonly after: number
}

/** Finds the offsets of a local day, which can begin 14 hours before the same day in UTC, and end 12 hours after it. */
function localDay(day: number, offsetAt: (time: number) => number): LocalDay {
  let start = (day - 1) * DAY
  let end = (day + 2) * DAY
  const [before, after] = [offsetAt(start), offsetAt(end)]
  if (before === after) return { before, change: Infinity, after }
  while (end - start > 1_000) {
    const middle = Math.floor((start + end) / 2_000) * 1_000
    if (offsetAt(middle) === before) start = middle
    else end = middle
  }
  return { before, change: end, after }
}

/** How many days are remembered. */
const MAX_DAYS = 10_000

/** Makes the function that finds by how many milliseconds a zone is ahead of UTC at a time. */
function offsetFinder(timeZone: string): (time: number) => number {
  const format = formatOf(timeZone)
  return (time) => {
    const parts: Record<string, string> = {}
    for (const { type, value } of format.formatToParts(time)) parts[type] = value
    const year = parts.era === 'BC' ? 1 - Number(parts.year) : Number(parts.year)
    const local = new Date(0)
    local.setUTCFullYear(year, Number(parts.month) - 1, Number(parts.day))
    local.setUTCHours(Number(parts.hour), Number(parts.minute), Number(parts.second))
    const second = Math.floor(time / 1_000) * 1_000
    return local.getTime() - second
  }
}
