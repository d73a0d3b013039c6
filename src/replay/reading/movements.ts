import { quote } from '../../messages.ts'
import type { ReadingOptions } from './reading-options.ts'
import type { ReaderOfRole } from './role-readers.ts'
import type { Role } from './roles.ts'
import { MarkedAmount, amountReader, isDash } from './values/amounts.ts'
import { currencyBeside } from './values/currency-marks.ts'
import { directionReader, signsAreReversed } from './values/directions.ts'
import { Problem } from './values/problem.ts'
import { Skipped } from './values/skipped.ts'
import { type ValueOf, isMissing } from './values/values.ts'

/** Who pays whom, and how much. The posting checks each part. */
interface Movement {
  readonly from: unknown
  readonly to: unknown
  readonly amount: unknown
  readonly currency: unknown
}

/** Reads who pays whom how much. `currency` is the one that the line names. */
export type MovementReader = (value: ValueOf, currency: unknown) => Movement | Skipped | Problem

/** Makes the function for files in which each record names its sender and its receiver. */
export function transferMovement(readerOf: ReaderOfRole, options: ReadingOptions): MovementReader {
  const from = sideReader('from', readerOf, options)
  const to = sideReader('to', readerOf, options)
  const amountText = readerOf('amount') as (value: ValueOf) => unknown
  const readAmount = amountReader(options)
  const currencyOf = currencyBeside(options.currencies)
  const { skipZero = false } = options
  return (value, lineCurrency) => {
    const read = readAmount(amountText(value), lineCurrency)
    if (read instanceof Problem) return read
    let [amount, currency] = [read, lineCurrency]
    if (read instanceof MarkedAmount) {
      if (read.direction) {
        return new Problem(
          `${directionBeside(read)}, but its line has a sender and a receiver: for a statement, map account and counterparty instead; if the word changes nothing, remove it, or read the file with --transform`,
        )
      }
      amount = read.amount
      currency = currencyOf(read, lineCurrency)
      if (currency instanceof Problem) return currency
    }
    if (skipZero && isZero(amount)) return new Skipped(ZERO_AMOUNT)
    const [sender, receiver] = [from(value), to(value)]
    if (sender instanceof Problem) return sender
    if (receiver instanceof Problem) return receiver
    return { from: sender, to: receiver, amount, currency }
  }
}

/** Makes the function for a statement: records that move money between one account and its counterparties. */
export function statementMovement(readerOf: ReaderOfRole, options: ReadingOptions): MovementReader {
  const account = sideReader('account', readerOf, options)
  const counterparty = sideReader('counterparty', readerOf, options)
  const readSigned = readerOf('amount')
    ? signedAmount(readerOf, options)
    : debitOrCredit(readerOf, options)
  const currencyOf = currencyBeside(options.currencies)
  const { skipZero = false } = options
  return (value, lineCurrency) => {
    const read = readSigned(value, lineCurrency)
    if (read instanceof Problem) return read
    const { isOutgoing, mark } = read
    const marked = mark === undefined ? lineCurrency : currencyOf(mark, lineCurrency)
    if (marked instanceof Problem) return marked
    if (skipZero && isZero(read.amount)) return new Skipped(ZERO_AMOUNT)
    const [own, other] = [account(value), counterparty(value)]
    if (own instanceof Problem) return own
    if (other instanceof Problem) return other
    const [from, to] = isOutgoing ? [own, other] : [other, own]
    return { from, to, amount: read.amount, currency: marked }
  }
}

/** An amount without its sign, and which way it went. */
interface DirectedAmount {
  readonly amount: unknown
  /** Whether the money left the account. */
  readonly isOutgoing: boolean
  /** The amount as read, if a currency stands beside it. */
  readonly mark?: MarkedAmount | undefined
}

type DirectedAmountReader = (value: ValueOf, currency: unknown) => DirectedAmount | Problem

/** Makes the function for a column of amounts. A direction says which way they went, or else their sign. */
function signedAmount(readerOf: ReaderOfRole, options: ReadingOptions): DirectedAmountReader {
  const readText = readerOf('amount') as (value: ValueOf) => unknown
  const readAmount = amountReader(options)
  const directionText = readerOf('direction')
  const readDirection = directionText && directionReader(options.directions)
  const isReversed = signsAreReversed(options.directions)
  return (value, currency) => {
    const read = readAmount(readText(value), currency)
    if (read instanceof Problem) return read
    if (!readDirection && typeof read === 'string') {
      const isNegative = isSigned(read)
      const amount = isNegative ? read.slice(1) : read
      return { amount, isOutgoing: isNegative !== isReversed, mark: undefined }
    }
    const { amount, isNegative, mark } = withoutSign(read)
    if (!readDirection) {
      if (!mark?.direction) return { amount, isOutgoing: isNegative !== isReversed, mark }
      const isOutgoing = directionOf(mark)
      return isOutgoing instanceof Problem ? isOutgoing : { amount, isOutgoing, mark }
    }
    if (mark?.direction) {
      return new Problem(
        `${directionBeside(mark)}, and its line has a direction, ${quote(directionText(value))}: if the word beside the amount says it all, add --map direction=`,
      )
    }
    const isOutgoing = readDirection(directionText(value))
    if (isOutgoing instanceof Problem) return isOutgoing
    if (isNegative && !isZero(amount)) {
      return new Problem(
        `the amount ${quote(readText(value))} has a sign and its line has a direction, ${quote(directionText(value))}: if the sign says it all, add --map direction=`,
      )
    }
    return { amount, isOutgoing, mark }
  }
}

/** Makes the function for two columns of amounts. Exactly one of them has an amount other than zero. */
function debitOrCredit(readerOf: ReaderOfRole, options: ReadingOptions): DirectedAmountReader {
  const [debitText, creditText] = [readerOf('debit'), readerOf('credit')]
  const readAmount = amountReader(options)
  const { signedDebit = false } = options
  const readSide = (text: unknown, currency: unknown, side: 'debit' | 'credit') => {
    if (isMissing(text) || isDash(text)) return undefined
    const read = readAmount(text, currency)
    if (read instanceof Problem) return read
    const { amount, isNegative, mark } = withoutSign(read)
    if (mark?.direction) {
      return new Problem(
        `${directionBeside(mark)}, and so does its column, the ${side}: remove the word, or read the file with --transform`,
      )
    }
    const isOutgoing = side === 'debit'
    const isExpected = isNegative === (signedDebit && isOutgoing)
    if (isExpected || isZero(amount)) return { amount, isOutgoing, mark }
    const hint = isOutgoing
      ? signedDebit
        ? ', but --signed-debit says that they are negative'
        : ': add --signed-debit if they all are; if it takes an earlier debit back, turn it round with --transform'
      : ': if it takes an earlier credit back, turn it round with --transform'
    const found = isNegative ? 'is negative' : 'is not negative'
    return new Problem(`the ${side} ${quote(text)} ${found}${hint}`)
  }
  return (value, currency) => {
    const debit = readSide(debitText?.(value), currency, 'debit')
    if (debit instanceof Problem) return debit
    const credit = readSide(creditText?.(value), currency, 'credit')
    if (credit instanceof Problem) return credit
    const moved = [debit, credit].filter((side) => side && !isZero(side.amount))
    if (moved.length > 1) {
      return new Problem(
        `the line has a debit, ${quote(debitText?.(value))}, and a credit, ${quote(creditText?.(value))}: expected one of them`,
      )
    }
    return moved[0] ?? debit ?? credit ?? new Problem('the line has neither a debit nor a credit')
  }
}

/** Whether the money left the account, by the word beside its amount. */
function directionOf({ amount, direction, hasSign }: MarkedAmount): boolean | Problem {
  const { word = '', isOutgoing } = direction ?? {}
  if (isOutgoing === undefined) {
    return new Problem(
      `${quote(word)} beside the amount ${amount} may say which way the money went: name its words with --directions out=WORD,in=WORD`,
    )
  }
  if (!hasSign) return isOutgoing
  return new Problem(
    `the amount ${amount} has a sign and a word that says which way the money went, ${quote(word)}: remove one of them, or read the file with --transform`,
  )
}

const directionBeside = ({ amount, direction }: MarkedAmount): string =>
  `${quote(direction?.word)} beside the amount ${amount} says which way the money went`

/** An amount as read, in two parts. What is not a number stays as it is. */
function withoutSign(
  read: unknown,
): Pick<DirectedAmount, 'amount' | 'mark'> & { readonly isNegative: boolean } {
  const mark = read instanceof MarkedAmount ? read : undefined
  const amount = mark ? mark.amount : read
  return typeof amount === 'string' && isSigned(amount)
    ? { amount: amount.slice(1), isNegative: true, mark }
    : { amount, isNegative: false, mark }
}

/** Whether an amount as read is negative. What is not a number has no sign. */
const isSigned = (amount: string): boolean => amount.charCodeAt(0) === MINUS && /^-\d/.test(amount)

const MINUS = 45

/** Makes the function that reads an account. One that the options put together or need must not be empty. */
function sideReader(
  role: 'from' | 'to' | 'account' | 'counterparty',
  readerOf: ReaderOfRole,
  { set = {} }: ReadingOptions,
): (value: ValueOf) => unknown {
  const read = readerOf(role) as (value: ValueOf) => unknown
  const isPutTogether = set[role] !== undefined
  if (!isPutTogether && (role === 'from' || role === 'to')) return read
  const reason = isPutTogether ? emptyText(role) : emptyColumn(role)
  return (value) => {
    const account = read(value)
    return isMissing(account) ? new Problem(reason) : account
  }
}

const emptyText = (role: Role): string =>
  `the ${role} cannot be put together, because a column that --set ${role} names is empty`

const emptyColumn = (role: Role): string =>
  `the column of the ${role} is empty: name an account for such lines with --set ${role}=ACCOUNT`

const ZERO_AMOUNT = 'the amount is zero'

const isZero = (amount: unknown): boolean =>
  typeof amount === 'string' && /^-?0+(?:\.0+)?$/.test(amount)
