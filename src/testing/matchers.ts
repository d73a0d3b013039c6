import { Decimal as DecimalJs } from 'decimal.js'
import mongoose from 'mongoose'
import { type AnyLedgerError, isLedgerError } from '../errors.ts'
import { quote, reasonOf } from '../messages.ts'
import type { AccountDocument, AccountModel } from '../models/account-interface.ts'
import { accountModel } from '../models/account.ts'
import { transferModel } from '../models/transfer.ts'
import { type MoneyInput, readDecimal } from '../money/money.ts'

/** What a matcher of vitest or jest returns. */
interface MatcherResult {
  readonly pass: boolean
  readonly message: () => string
}

/**
 * Assertions about accounts and refusals, for `expect.extend()` of vitest or jest. All of them read the database, or
 * wait for a promise: await them.
 */
export interface DaybookMatchers {
  /**
   * Asserts that an account has this balance in the database now. The account is a document or, on mongoose's default
   * connection, an id.
   */
  toHaveBalance: (balance: MoneyInput) => Promise<void>
  /** Asserts that an account, a document or an id as above, has sent or received the transfer with this id. */
  toHavePosted: (transferId: string) => Promise<void>
  /** Asserts that a call is refused with this code: the promise that it returned, or a result of `transferMany()`. */
  toBeRefusedWith: (code: AnyLedgerError['code']) => Promise<void>
}

/** The assertions of {@link DaybookMatchers}: `expect.extend(matchers)`. */
export const matchers: {
  [name in keyof DaybookMatchers]: (
    received: unknown,
    ...expected: Parameters<DaybookMatchers[name]>
  ) => Promise<MatcherResult>
} = {
  async toHaveBalance(received, expected) {
    const { id, model } = accountOf(received, 'toHaveBalance')
    const balance = readDecimal(expected)
    if ('problem' in balance) {
      throw new TypeError(`toHaveBalance(${quote(expected)}): the balance ${balance.problem}`)
    }
    const account = await model.findById(id)
    if (!account) throw new Error(`toHaveBalance: account ${quote(id)} does not exist`)
    const found = `its balance is ${account.balance.toString()} ${account.currency}`
    return {
      pass: account.balance.eq(balance),
      message: () => `account ${quote(id)} was checked for a balance of ${balance}: ${found}`,
    }
  },

  async toHavePosted(received, transferId) {
    const { id, model } = accountOf(received, 'toHavePosted')
    const transfer = await transferModel(model.db).findById(transferId)
    const sides = transfer && [transfer.fromAccount, transfer.toAccount]
    const found = sides
      ? `it moved money from ${sides.map((side) => quote(side)).join(' to ')}`
      : 'it is not posted'
    return {
      pass: sides?.includes(id) ?? false,
      message: () => `transfer ${quote(transferId)} was checked for account ${quote(id)}: ${found}`,
    }
  },

  async toBeRefusedWith(received, code) {
    const { refusal, found } = await outcomeOf(received)
    return {
      pass: refusal === code,
      message: () => `the call was checked for a refusal with ${code}: ${found}`,
    }
  },
}

function accountOf(received: unknown, matcher: string): { id: string; model: AccountModel } {
  if (typeof received === 'string') {
    return { id: received, model: accountModel(mongoose.connection) }
  }
  if (isDocument(received)) {
    const model = accountModel(received.db)
    if (received instanceof model) return { id: received._id, model }
  }
  throw new TypeError(`${matcher}: expected an account or its id, but received ${quote(received)}`)
}

/** Whether a value is a document of Mongoose, of whichever copy. */
const isDocument = (value: unknown): value is AccountDocument =>
  typeof value === 'object' && value !== null && '$isMongooseModelPrototype' in value

/** The code of a refusal, if there is one, and what happened as a phrase. */
async function outcomeOf(received: unknown): Promise<{ refusal?: string; found: string }> {
  try {
    const result = await (received as Promise<unknown>)
    if (isLedgerError(result)) return refusedWith(result)
    const { status, code, message } = Object(result) as Record<string, unknown>
    if (status === 'refused') return refusedWith({ code: String(code), message: String(message) })
    return { found: 'it was not refused' }
  } catch (error) {
    return isLedgerError(error)
      ? refusedWith(error)
      : { found: `it failed, which is not a refusal: ${reasonOf(error)}` }
  }
}

const refusedWith = ({ code, message }: { code: string; message: string }) => ({
  refusal: code,
  found: `it was refused with ${code}: ${message}`,
})

/**
 * Makes `toEqual` and its kind compare Decimals by value, so that `expect(account.balance).toEqual(new Decimal(900))`
 * holds with every copy of decimal.js: `expect.addEqualityTesters(equalityTesters)`.
 */
export const equalityTesters: ((one: unknown, other: unknown) => boolean | undefined)[] = [
  (one, other) =>
    DecimalJs.isDecimal(one) && DecimalJs.isDecimal(other)
      ? one.eq(other) || (one.isNaN() && other.isNaN())
      : undefined,
]
