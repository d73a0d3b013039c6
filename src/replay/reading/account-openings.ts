import type { IdentifiedRequest, MissingAccount } from '../../ledger/request.ts'
import { quote } from '../../messages.ts'
import { ACCOUNT_TEXTS, type AccountTexts, type OpenMissing } from './open-missing.ts'
import type { ReadingOptions } from './reading-options.ts'
import type { ReaderOfRole } from './role-readers.ts'
import { MarkedAmount, amountReader } from './values/amounts.ts'
import { currencyWords } from './values/currency-marks.ts'
import { Problem } from './values/problem.ts'
import { compileTemplate } from './values/templates.ts'
import type { ValueOf } from './values/values.ts'

/** Reads how the accounts of a request are opened if they do not exist. */
export type OpeningReader = (
  value: ValueOf,
  request: Pick<IdentifiedRequest, 'from' | 'to'>,
) => readonly MissingAccount[] | Problem

type SideReader = (value: ValueOf, accountId: string) => MissingAccount | Problem

/**
 * Makes the function that reads how accounts are opened; undefined if the options open none.
 * @throws ColumnsError
 */
export function openingReader(
  columns: readonly string[],
  options: ReadingOptions,
  { readerOf, areKeys }: { readerOf: ReaderOfRole | undefined; areKeys: boolean },
): OpeningReader | undefined {
  const { openMissing } = options
  if (openMissing === undefined || openMissing === false) return undefined
  const { from, to, account, counterparty, ...all } = openMissing === true ? NOTHING : openMissing
  const sideReader = (...texts: (AccountTexts | undefined)[]) =>
    accountReader(Object.assign({}, all, ...texts) as AccountTexts, columns, {
      ...options,
      areKeys,
    })
  const ownAccount = readerOf?.('account')
  // In a statement each side of a transfer is the account or its counterparty.
  const [ownFrom, otherFrom] = [sideReader(from, account), sideReader(from, counterparty)]
  const [ownTo, otherTo] = [sideReader(to, account), sideReader(to, counterparty)]
  const [plainFrom, plainTo] = [sideReader(from), sideReader(to)]
  return (value, request) => {
    const own = ownAccount?.(value)
    const isOwn = (id: string) => id === own
    const readFrom = ownAccount ? (isOwn(request.from) ? ownFrom : otherFrom) : plainFrom
    const readTo = ownAccount ? (isOwn(request.to) ? ownTo : otherTo) : plainTo
    const sender = readFrom(value, request.from)
    if (sender instanceof Problem) return sender
    const receiver = readTo(value, request.to)
    return receiver instanceof Problem ? receiver : [sender, receiver]
  }
}

const NOTHING: OpenMissing = {}

function accountReader(
  texts: AccountTexts,
  columns: readonly string[],
  {
    areKeys,
    decimal = areKeys ? '.' : undefined,
    thousands,
    currencies,
  }: ReadingOptions & { areKeys: boolean },
): SideReader {
  const readers = ACCOUNT_TEXTS.flatMap((name) => {
    const text = texts[name]
    if (text === undefined) return []
    const option = `--open-missing ${name}`
    return [[name, compileTemplate(text, columns, { areKeys, option })] as const]
  })
  const ownReaders = Object.entries(texts.fields ?? {}).map(([name, text]) => {
    const option = `--open-missing fields.${name}`
    return [name, compileTemplate(text, columns, { areKeys, option })] as const
  })
  const codeOf = currencyWords(currencies)
  const readAmount = amountReader({ decimal, thousands })
  const read = (name: (typeof ACCOUNT_TEXTS)[number], text: string): unknown => {
    if (name === 'holder' || text === 'unlimited') return text
    if (name === 'currency') return codeOf(text) ?? text
    const amount = readAmount(text)
    if (amount instanceof MarkedAmount && amount.direction) {
      return new Problem(
        `the ${name} ${quote(text)} has a word that says which way money went: write it with a sign, or open the account with --transform`,
      )
    }
    return amount instanceof MarkedAmount ? amount.amount : amount
  }
  return (value, accountId) => {
    const account: Record<string, unknown> = { accountId }
    for (const [name, put] of readers) {
      const text = put(value)
      if (text === undefined) continue
      const found = read(name, text)
      if (found instanceof Problem) return found
      account[name] = found
    }
    for (const [name, put] of ownReaders) account[name] = put(value)
    return account as unknown as MissingAccount
  }
}
