import { printable } from '../messages.ts'
import { isCurrency } from '../money/currency.ts'
import { Decimal, formatMoney } from '../money/money.ts'

/** Which end of a transfer a refusal is about. */
export type Side = 'from' | 'to'

/** The codes of every reason for which a transfer or a change of a hold can be refused, in order of precedence. */
export const REFUSAL_CODES = [
  'INVALID_TRANSFER_ID',
  'INVALID_HOLD_ID',
  'INVALID_ACCOUNT_ID',
  'INVALID_REFERENCE',
  'INVALID_METADATA',
  'INVALID_EFFECTIVE_AT',
  'INVALID_EXPIRES_AT',
  'INVALID_FIELD',
  'INVALID_AMOUNT',
  'SAME_ACCOUNT',
  'TRANSFER_CONFLICT',
  'HOLD_CONFLICT',
  'HOLD_NOT_FOUND',
  'HOLD_NOT_ACTIVE',
  'HOLD_EXCEEDED',
  'ACCOUNT_NOT_FOUND',
  'ACCOUNT_NOT_OPEN',
  'CURRENCY_MISMATCH',
  'INSUFFICIENT_FUNDS',
  'BALANCE_OUT_OF_RANGE',
  'LINKED_TRANSFER_REFUSED',
] as const

export type RefusalCode = (typeof REFUSAL_CODES)[number]

/** A business "no". It changed nothing, and the same id can be used again. */
export abstract class LedgerError extends Error {
  abstract readonly code: string

  /** The name of its class, made from the code: a bundler may have shortened the class's own. */
  override get name(): string {
    // The stack is taken before the code is set.
    const code = this.code as string | undefined
    const words = code
      ?.toLowerCase()
      .replaceAll(/(?:^|_)\w/g, (start) => start.slice(-1).toUpperCase())
    return `${words ?? ''}Error`
  }

  /** Where the code is explained, with its cause and remedy: a path within the package. */
  get docs(): string {
    return `docs/refusals.md#${this.code.toLowerCase()}`
  }

  constructor(message: string, details: object) {
    // Ids that an earlier version let in may have anything in them.
    super(printable(message))
    Object.assign(this, details)
  }

  /** Its name, code, message, docs and details, with money as text in the decimals of its currency. */
  toJSON(): Record<string, unknown> {
    const { name, code, message, docs } = this
    return { name, code, message, docs, ...fieldsInJson(this) }
  }
}

function fieldsInJson(error: LedgerError): Record<string, unknown> {
  const fields = Object.entries(error)
  const currency: unknown = fields.find(([name]) => name === 'currency')?.[1]
  const values = fields.map(([name, value]) => {
    if (!Decimal.isDecimal(value)) return [name, value]
    return [name, isCurrency(currency) ? formatMoney(value, currency) : value.toString()]
  })
  return Object.fromEntries(values)
}

/** A {@link LedgerError} that refuses a transfer or a change of a hold, whether it is posted alone or in a batch. */
export abstract class TransferRefusedError extends LedgerError {
  abstract override readonly code: RefusalCode
  /** The number of the leg that it is about, if a whole group was refused. */
  declare readonly leg?: number

  /** The same error with the leg of a group that it is about, which its message names too. */
  atLeg(leg: number): this {
    this.message = `leg ${leg}: ${this.message}`
    return Object.assign(this, { leg })
  }
}
