import type { FoundRecord, TextFile, TransformFunction } from 'daybook'

/** One booking of a statement: the line `:61:` with the account and the currency of its statement. */
interface Booking extends Record<string, string> {
  account: string
  currency: string
  booking: string
  details: string
}

/** Finds the bookings of MT940, SWIFT's account statement. What stands before the first tag is left out. */
export async function* read(file: TextFile): AsyncGenerator<FoundRecord> {
  let [account, currency] = ['', '']
  let found: { line: number; record: Booking } | undefined
  let tag = ''
  for await (const { line, text } of file.lines()) {
    const [, newTag, value = ''] = /^:(\d\d[A-Z]?):(.*)$/.exec(text) ?? []
    tag = newTag ?? (text.startsWith('-') ? '' : tag)
    // A line without a tag continues the one before it.
    const content = newTag === undefined ? text : value
    if (newTag !== undefined && newTag !== '86' && found) {
      yield found
      found = undefined
    }
    if (tag === '25' && newTag) account = content
    if (tag === '60F' && newTag) currency = content.slice(7, 10)
    if (tag === '61' && newTag) {
      found = { line, record: { account, currency, booking: content, details: '' } }
    }
    if (tag === '86' && found) found.record.details += content
  }
  if (found) yield found
}

/** Value date, an entry date, debit or credit, an amount with a comma, a type, then the customer's and the bank's reference. */
const BOOKING = /^(\d{6})(?:\d{4})?(R?[DC])[A-Z]?(\d+,\d*)(?:[A-Z]\w{3})(.*?)(?:\/\/(.*))?$/

export const transform: TransformFunction<Booking> = ({ account, currency, booking, details }) => {
  const [, date, mark, amount = '', , bankReference] = BOOKING.exec(booking) ?? []
  if (date === undefined) throw new Error(`":61:${booking}" is not a booking`)
  const [year, month, day] = date.match(/../g) ?? []
  // RD reverses a debit, so the money comes in.
  const isOutgoing = mark === 'D' || mark === 'RC'
  return {
    transferId: bankReference,
    from: isOutgoing ? account : 'WORLD',
    to: isOutgoing ? 'WORLD' : account,
    amount: amount.replace(',', '.').replace(/\.$/, ''),
    currency,
    reference: purposeOf(details),
    effectiveAt: new Date(`20${year}-${month}-${day}`),
  }
}

/** The purpose in the subfields ?20 to ?29 of `:86:`, or all of it if it has none. */
function purposeOf(details: string): string {
  const parts = [...details.matchAll(/\?2\d([^?]*)/g)].map(([, part = '']) => part.trim())
  return parts.length === 0 ? details.trim() : parts.join(' ')
}
