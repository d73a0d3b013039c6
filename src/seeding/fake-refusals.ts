import type { RefusalCode } from '../errors.ts'
import type { Brim, FakeBook, Outsider, Pool } from './fake-book.ts'
import { textOfMinor } from './minor-units.ts'
import type { Random } from './random.ts'

/** A line of a batch, all as text. */
export interface TransferFields {
  readonly transferId: string
  readonly from: string
  readonly to: string
  readonly amount: string
  readonly currency: string
  readonly reference: string
}

/** What a line can be spoiled with: it is posted as it stands. */
interface Scene {
  readonly fields: TransferFields
  /** The decimals of its currency. */
  readonly scale: number
  /** What its sender has to send, in the smallest unit. */
  readonly available: number
  readonly book: FakeBook
  readonly random: Random
  /** A transfer that is posted before it, if there is one. */
  readonly earlier: TransferFields | undefined
}

/** Changes a line so that it must be refused; undefined where the accounts cannot give that reason. */
type Way = (scene: Scene) => Partial<TransferFields> | undefined

const amounts = (...texts: string[]): Way[] => texts.map((amount) => () => ({ amount }))

/** The reasons for which a line is refused, and the ways to get there, taken in turn. */
export const REASONS: readonly (readonly [RefusalCode | 'MALFORMED_LINE', readonly Way[]])[] = [
  [
    'INVALID_TRANSFER_ID',
    [
      () => ({ transferId: '' }),
      ({ fields }) => ({ transferId: fields.transferId.padEnd(129, '-') }),
    ],
  ],
  [
    'INVALID_ACCOUNT_ID',
    [() => ({ from: '' }), ({ fields: { to } }) => ({ to: to.padEnd(129, '0') })],
  ],
  [
    'INVALID_REFERENCE',
    [
      () => ({ reference: 'thank you '.repeat(26) }),
      // A right-to-left override: it makes a text look like another.
      () => ({ reference: 'invoice \u202E4711' }),
    ],
  ],
  [
    'INVALID_AMOUNT',
    [
      ...amounts('0', '-5', 'NaN', '1e3', 'abc'),
      ({ scale }) => ({ amount: textOfMinor(1, scale + 1) }),
    ],
  ],
  ['SAME_ACCOUNT', [({ fields: { from } }) => ({ to: from })]],
  [
    'TRANSFER_CONFLICT',
    [
      ({ earlier }) => earlier && { ...earlier, amount: `1${earlier.amount}` },
      ({ earlier }) => earlier && { ...earlier, from: earlier.to, to: earlier.from },
    ],
  ],
  [
    'ACCOUNT_NOT_FOUND',
    [({ random }) => ({ from: stranger(random) }), ({ random }) => ({ to: stranger(random) })],
  ],
  ['ACCOUNT_NOT_OPEN', [(scene) => withShut(scene, 'from'), (scene) => withShut(scene, 'to')]],
  [
    'CURRENCY_MISMATCH',
    [
      ({ fields, book, random }) => {
        const pool = random.pick<Pool | undefined>(
          book.pools.filter(({ currency }) => currency !== fields.currency),
        )
        return pool && { to: book.id(random.pick(pool.members)) }
      },
      ({ fields }) => ({ currency: fields.currency === 'XDR' ? 'USD' : 'XDR', amount: '1' }),
    ],
  ],
  [
    'INSUFFICIENT_FUNDS',
    [
      ({ available, scale, random }) => ({
        amount: textOfMinor(available + random.whole({ least: 1, most: 1_000_000 }), scale),
      }),
    ],
  ],
  [
    'BALANCE_OUT_OF_RANGE',
    [
      ({ book, random, fields: { reference } }) => {
        const brim = random.pick<Brim | undefined>(book.brims)
        const payer = brim && book.payer(brim)
        if (!brim || payer === undefined) return undefined
        const { accountId: to, currency, minor } = brim
        const { scale } = book.poolOf(payer)
        return { from: book.id(payer), to, currency, amount: textOfMinor(minor, scale), reference }
      },
    ],
  ],
  ['MALFORMED_LINE', [() => ({})]],
]

/** No account has this number: it is not in the form of one. */
const stranger = (random: Random): string =>
  `NONE${String(random.whole({ least: 1, most: 999_999_999 })).padStart(9, '0')}`

function withShut(
  { book, random, fields }: Scene,
  side: 'from' | 'to',
): Partial<TransferFields> | undefined {
  const ofCurrency = book.shut.filter(({ currency }) => currency === fields.currency)
  const account = random.pick<Outsider | undefined>(ofCurrency)
  return account && { [side]: account.accountId }
}
