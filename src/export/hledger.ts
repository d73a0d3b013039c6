import type { ExportedAccount } from './export-accounts.ts'
import type { ExportedTransfer } from './exported-transfer.ts'

/** The first line of a journal: without it hledger would have to guess what the point in `1.000` is. */
export const JOURNAL_HEAD = 'decimal-mark .\n'

/** The account of hledger that opening balances come from. */
const OPENING_ACCOUNT = 'equity:opening balances'

/** The opening balance of an account as a transaction of hledger's journal format. Nothing if it is zero. */
export function openingEntry(account: ExportedAccount): string {
  const { accountId, currency, openingBalance, createdAt } = account
  if (!/[1-9]/.test(openingBalance)) return ''
  return entry({
    date: createdAt,
    description: 'opening balance',
    postings: [
      [accountName(accountId), `${openingBalance} ${currency}`],
      [OPENING_ACCOUNT, `${negated(openingBalance)} ${currency}`],
    ],
  })
}

/** A transfer as a transaction of hledger's journal format, of the date that is chosen. */
export function transferEntry(transfer: ExportedTransfer, by: 'postedAt' | 'effectiveAt'): string {
  const { from, to, amount, currency } = transfer
  return entry({
    date: (by === 'effectiveAt' ? transfer.effectiveAt : undefined) ?? transfer.postedAt,
    description: description(transfer),
    postings: [
      [accountName(from), `${negated(amount)} ${currency}`],
      [accountName(to), `${amount} ${currency}`],
    ],
  })
}

interface Entry {
  readonly date: Date
  readonly description: string
  readonly postings: readonly (readonly [account: string, amount: string])[]
}

const entry = ({ date, description: text, postings }: Entry): string =>
  [
    `\n${date.toISOString().slice(0, 10)} ${text}\n`,
    ...postings.map(([account, amount]) => `    ${account}  ${amount}\n`),
  ].join('')

const negated = (amount: string): string =>
  amount.startsWith('-') ? amount.slice(1) : `-${amount}`

/** The id as the transaction's code, where it cannot end before its end, the reference, and the group as a tag. */
function description({ transferId, reference = '', group }: ExportedTransfer): string {
  const text = reference
    .replaceAll(';', ',')
    .replaceAll(/\p{Cc}/gu, ' ')
    .trim()
  const isCode = !transferId.includes(')') && !transferId.includes(';')
  const comments = [
    ...(isCode ? [] : [`transfer ${transferId}`]),
    ...(group === undefined ? [] : [`group:${group}`]),
  ]
  const start = `(${isCode ? transferId : ''}) ${text}`
  return comments.length === 0 ? start.trimEnd() : `${start}  ; ${comments.join(', ')}`
}

/** Two spaces end a name in a journal, and these characters at its start mean something else. */
const NOT_IN_NAMES = /^[;([*!]|\s(?=\s)|(?<=\s)\s|[^\S ]|\p{Cc}/gu

/** An account's id as hledger's account name. What cannot stand there is percent-encoded, so that no two ids get one name. */
function accountName(accountId: string): string {
  if (accountId.search(NOT_IN_NAMES) < 0 && !/%[\dA-F]{2}/.test(accountId)) return accountId
  return accountId.replaceAll('%', '%25').replaceAll(NOT_IN_NAMES, percentEncoded)
}

const percentEncoded = (character: string): string =>
  Buffer.from(character).toString('hex').toUpperCase().replaceAll(/../g, '%$&')
