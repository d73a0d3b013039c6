import { types } from 'node:util'

/** The rule of {@link isEffectiveAt}, as a phrase for messages. */
export const EFFECTIVE_AT_RULE = 'a valid Date in the years 1 to 9999'

const EARLIEST = Date.parse('0001-01-01T00:00:00.000Z')
const LATEST = Date.parse('9999-12-31T23:59:59.999Z')

/** Whether a time in milliseconds can be that of a transfer: its date in ISO 8601 has a year of four digits. */
export const isEffectiveTime = (time: number): boolean => time >= EARLIEST && time <= LATEST

/** Whether a value can be the effective date of a transfer. A text cannot: it may lack its time zone. */
export const isEffectiveAt = (value: unknown): value is Date =>
  types.isDate(value) && isEffectiveTime(Date.prototype.getTime.call(value))

/** A copy of a date, because the caller may change it while the request waits. Null counts as absent. */
export const copyOfDate = (date: Date | null | undefined): Date | undefined =>
  types.isDate(date) ? new Date(Date.prototype.getTime.call(date)) : (date ?? undefined)
