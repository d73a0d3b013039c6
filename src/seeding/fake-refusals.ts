import type { BatchRefusalCode } from '../models/batch.ts'
import { formatMinorUnits } from './minor-units.ts'
import type { Random } from './random.ts'
import type {
  CurrencyPool,
  FullAccount,
  InactiveAccount,
  SimulatedAccounts,
} from './simulated-accounts.ts'

export interface TransferFields {
  readonly transferId: string
  readonly from: string
  readonly to: string
  readonly amount: string
  readonly currency: string
  readonly reference: string
  /** In ISO 8601; only in a history. */
  readonly effectiveAt?: string
}

/** The fields of a line: of a transfer, or of an action on a hold, which leaves empty what it does not need. */
export interface LineFields extends TransferFields {
  readonly action?: 'hold' | 'capture' | 'release'
  readonly holdId?: string
  readonly final?: 'true'
}

/** What a change starts from: a transfer that could be posted, and its surroundings. */
interface RefusalContext {
  readonly fields: TransferFields
  /** The decimals of the transfer's currency. */
  readonly scale: number
  /** What the sender can send, in minor units. */
  readonly available: number
  readonly accounts: SimulatedAccounts
  readonly random: Random
  /** An earlier transfer that is posted, if there is one. */
  readonly earlier: TransferFields | undefined
}

/** The fields to change so that a transfer is refused; undefined if these accounts do not allow it. */
type Change = (context: RefusalContext) => Partial<TransferFields> | undefined

const amounts = (...texts: string[]): Change[] => texts.map((amount) => () => ({ amount }))

/** The reasons for which a transfer is refused, each with the changes that lead to it. Both are used in turn. */
const CHANGES: Partial<Record<BatchRefusalCode, readonly Change[]>> = {
  INVALID_TRANSFER_ID: [
    () => ({ transferId: '' }),
    ({ fields }) => ({ transferId: fields.transferId.padEnd(129, '-') }),
  ],
  INVALID_ACCOUNT_ID: [() => ({ from: '' }), ({ fields: { to } }) => ({ to: to.padEnd(129, '0') })],
  INVALID_AMOUNT: [
    ...amounts('0', '-5', 'NaN', '1e3', 'abc'),
    ({ scale }) => ({ amount: formatMinorUnits(1, scale + 1) }),
  ],
  SAME_ACCOUNT: [({ fields: { from } }) => ({ to: from })],
  TRANSFER_CONFLICT: [
    ({ earlier }) => earlier && { ...earlier, amount: `1${earlier.amount}` },
    ({ earlier }) => earlier && { ...earlier, from: earlier.to, to: earlier.from },
  ],
  ACCOUNT_NOT_FOUND: [
    ({ random }) => ({ from: unknownAccountId(random) }),
    ({ random }) => ({ to: unknownAccountId(random) }),
  ],
  ACCOUNT_NOT_OPEN: [
    (context) => withInactiveAccount(context, 'from'),
    (context) => withInactiveAccount(context, 'to'),
  ],
  CURRENCY_MISMATCH: [
    ({ fields, accounts, random }) => {
      const pool = random.pick<CurrencyPool | undefined>(
        accounts.pools.filter(({ currency }) => currency !== fields.currency),
      )
      return pool && { to: accounts.idOf(random.pick(pool.members)) }
    },
    ({ fields }) => ({ currency: fields.currency === 'XDR' ? 'USD' : 'XDR', amount: '1' }),
  ],
  INSUFFICIENT_FUNDS: [
    ({ available, scale, random }) => ({
      amount: formatMinorUnits(available + random.whole({ least: 1, most: 1_000_000 }), scale),
    }),
  ],
  BALANCE_OUT_OF_RANGE: [
    ({ accounts, random, fields: { reference } }) => {
      const full = random.pick<FullAccount | undefined>(accounts.full)
      const sender = full && accounts.findSender(full)
      if (!full || sender === undefined) return undefined
      const { accountId: to, currency, minorUnits } = full
      const amount = formatMinorUnits(minorUnits, accounts.poolOf(sender).scale)
      return { from: accounts.idOf(sender), to, currency, amount, reference }
    },
  ],
  MALFORMED_LINE: [() => ({})],
}

export const REFUSAL_REASONS = Object.entries(CHANGES) as [BatchRefusalCode, readonly Change[]][]

/** An id that no account has, because it does not have the form of an account id. */
const unknownAccountId = (random: Random): string =>
  `NONE${String(random.whole({ least: 1, most: 999_999_999 })).padStart(9, '0')}`

function withInactiveAccount(
  { accounts, random, fields }: RefusalContext,
  side: 'from' | 'to',
): Partial<TransferFields> | undefined {
  const candidates = accounts.inactive.filter(({ currency }) => currency === fields.currency)
  const account = random.pick<InactiveAccount | undefined>(candidates)
  return account && { [side]: account.accountId }
}
