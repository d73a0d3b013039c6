import fc from 'fast-check'
import { Decimal, Decimal128 } from '../../src/index.ts'
import { type Call, DEPENDENT_AMOUNTS, LATEST } from './ledger-calls.ts'
import type { Line } from './reference-batch.ts'
import type {
  ReferenceHoldRequest,
  ReferenceOpening,
  ReferenceRequest,
} from './reference-ledger.ts'

/** The accounts that every history starts with: one rich, some in other currencies, one at the limit of balances. */
export const OPENINGS: readonly ReferenceOpening[] = [
  { accountId: 'ADA', holder: 'Ada', currency: 'USD', openingBalance: '100' },
  { accountId: 'BEA', holder: 'Bea', currency: 'USD', overdraftLimit: '50' },
  { accountId: 'CYD', holder: 'Cyd', currency: 'USD', openingBalance: '12.34' },
  { accountId: 'DOT', holder: 'Dot', currency: 'USD', openingBalance: 1000 },
  { accountId: 'YEN', holder: 'Yoko', currency: 'JPY', openingBalance: '500' },
  { accountId: 'SEN', holder: 'Sen', currency: 'JPY' },
  { accountId: 'DINAR', holder: 'Dina', currency: 'KWD', openingBalance: '7.125' },
  { accountId: 'VAULT', holder: 'Vera', currency: 'USD', openingBalance: `${'9'.repeat(24)}.00` },
]

const weighted = <Value>(...choices: [weight: number, ...values: Value[]][]): fc.Arbitrary<Value> =>
  fc.oneof(
    ...choices.map(([weight, ...values]) => ({ weight, arbitrary: fc.constantFrom(...values) })),
  )

const MAIN_ACCOUNTS = ['ADA', 'BEA', 'CYD', 'DOT']

/** Each id is used a few times in a history, so that requests repeat and conflict. */
const usualId = fc.nat({ max: 70 }).map((number): unknown => `T${number}`)

/** A request that only the state of the books can refuse. */
const soundRequest: fc.Arbitrary<ReferenceRequest> = fc
  .record({
    transferId: usualId,
    sides: fc.shuffledSubarray([...MAIN_ACCOUNTS, 'VAULT'], { minLength: 2, maxLength: 2 }),
    amount: weighted<unknown>(
      [6, '1', '2.50', '7', '0.01', '20', '5.00', '1.500'],
      [2, 3, 5n, new Decimal('1.5'), Decimal128.fromString('2.50')],
      [2, ...DEPENDENT_AMOUNTS],
    ),
    currency: weighted<unknown>([3, undefined], [1, 'USD', null]),
    reference: weighted<unknown>([3, undefined], [1, 'rent', 'fee', null]),
    effectiveAt: weighted<unknown>(
      [5, undefined],
      [1, new Date('2025-01-31'), new Date('2025-02-28T22:00:00.001Z'), null],
    ),
    metadata: weighted<unknown>(
      [3, undefined],
      [1, { order: 7 }, { order: 7, paid: true }, { paid: true, order: 7 }, {}, null],
    ),
  })
  .map(({ sides: [from, to], ...request }) => ({ ...request, from, to }))

const accountId = weighted<unknown>(
  [6, ...MAIN_ACCOUNTS],
  [4, 'YEN', 'SEN', 'DINAR', 'VAULT', 'NEW-1', 'NEW-2'],
  [1, 'NOBODY'],
  [1, '', ' ADA', 'A\nDA', 7, undefined, null, 'x'.repeat(129)],
)

const LONGEST_ID = 'L'.repeat(128)

/** Parts that may refuse a request. */
const anyPart = {
  transferId: fc.constantFrom<unknown>('', 'T1 ', 'T1:reversal', 7, 'x'.repeat(129), LONGEST_ID),
  from: accountId,
  to: accountId,
  amount: weighted<unknown>(
    [2, '0', '-1', '1e3', '0.001', '1.0005', 0.5, 'NaN', '', '1,5', null, undefined],
    [1, '9'.repeat(24), `1${'0'.repeat(24)}`, '007', '.5', '5.', '+5', ' 5', '-0'],
  ),
  currency: fc.constantFrom<unknown>('EUR', 'JPY', 'KWD', 'usd', 7),
  reference: fc.constantFrom<unknown>('', 'a\nb', ' ', 7, 'x'.repeat(257)),
  effectiveAt: fc.constantFrom<unknown>(
    '2025-01-31',
    new Date(Number.NaN),
    new Date('0000-12-31'),
    new Date('+010000-01-01'),
    0,
  ),
  metadata: fc.constantFrom<unknown>(
    { 'a.b': 1 },
    { $a: 1 },
    { a: { b: 1 } },
    [],
    { a: NaN },
    { a: 'x'.repeat(513) },
  ),
}

const PARTS = [...(Object.keys(anyPart) as (keyof typeof anyPart)[]), 'sides' as const]

/** A request in which at most two parts may be wrong; `sides` stands for a receiver that is the sender. */
const request: fc.Arbitrary<ReferenceRequest> = fc
  .tuple(
    soundRequest,
    fc.record(anyPart),
    fc.oneof(
      { weight: 3, arbitrary: fc.constant([]) },
      { weight: 2, arbitrary: fc.subarray(PARTS, { minLength: 1, maxLength: 2 }) },
    ),
  )
  .map(([sound, wrong, parts]) => ({
    ...sound,
    ...Object.fromEntries(
      parts.map((part) => (part === 'sides' ? ['to', sound.from] : [part, wrong[part]])),
    ),
  }))

/** Requests of a batch, some of them twice. */
const requests = fc
  .tuple(fc.array(request, { minLength: 1, maxLength: 6 }), fc.nat({ max: 2 }))
  .map(([batch, repeated]) => [...batch, ...batch.slice(0, repeated)])

const groupId = fc.nat({ max: 25 }).map((number): unknown => `G${number}`)

/** A leg of a group: most have no id of their own. */
const leg: fc.Arbitrary<ReferenceRequest> = fc
  .tuple(soundRequest, request, fc.nat({ max: 9 }))
  .map(([sound, any, kind]) => (kind === 0 ? any : { ...sound, transferId: undefined }))

const holdId = weighted<unknown>(
  [16, ...Array.from({ length: 30 }, (_, number) => `H${number}`)],
  [1, '', 'H ', 7, LONGEST_ID],
)

/** A request for a hold, by the rules of one for a transfer. */
const hold: fc.Arbitrary<ReferenceHoldRequest> = fc
  .tuple(
    request,
    holdId,
    weighted<unknown>(
      [6, undefined],
      [2, new Date('2999-01-31'), null],
      [2, new Date('2020-01-01'), '2999-01-31'],
    ),
  )
  .map(([{ transferId: _transferId, effectiveAt: _effectiveAt, ...parts }, id, expiresAt]) => ({
    ...parts,
    holdId: id,
    expiresAt,
  }))

/** A capture: mostly of the latest hold, of all that is left, of a part, or of too much. */
const capture: fc.Arbitrary<ReferenceHoldRequest> = fc
  .record({
    holdId: fc.oneof({ weight: 6, arbitrary: fc.constant(LATEST) }, holdId),
    transferId: fc.oneof(
      { weight: 8, arbitrary: fc.nat({ max: 70 }).map((number): unknown => `C${number}`) },
      usualId,
      fc.constantFrom('T1:reversal', ''),
    ),
    amount: weighted<unknown>(
      [3, undefined],
      [4, '1', '0.50', '5'],
      [6, '1000'],
      [1, '0', '0.001'],
    ),
    final: fc.constantFrom(undefined, true, false),
    reference: weighted<unknown>([4, undefined], [1, 'fee', '']),
    metadata: weighted<unknown>([6, undefined], [1, { order: 8 }, []]),
    effectiveAt: weighted<unknown>([6, undefined], [1, new Date('2025-01-31'), 'yesterday']),
    isNamed: fc.boolean(),
  })
  .map(({ isNamed, transferId, ...parts }) => {
    // A part that is not final must have an id.
    const mustHaveId = parts.amount !== undefined && parts.final !== true
    return isNamed || mustHaveId ? { ...parts, transferId } : parts
  })

const opening: fc.Arbitrary<ReferenceOpening> = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom(...OPENINGS) },
  {
    weight: 2,
    arbitrary: fc.record({
      accountId: weighted<unknown>([3, 'NEW-1', 'NEW-2'], [2, 'ADA', 'DOT'], [1, '', 'x ']),
      holder: weighted<unknown>([4, 'Ada', 'Nia'], [1, '', ' ', 'a\nb']),
      currency: weighted<unknown>([4, 'USD', 'KWD'], [1, 'usd', 'XAU', undefined]),
      openingBalance: weighted<unknown>([6, undefined, '100', 5], [1, '-1', '0.0001', '1e3']),
      overdraftLimit: weighted<unknown>([6, undefined, '5', '1.5'], [1, '-1', '0.0001']),
    }),
  },
)

/** Accounts that may close: not those that most transfers need. */
const closing = weighted<unknown>([2, 'NEW-1', 'NEW-2', 'SEN'], [3, 'BEA', 'YEN', 'NOBODY', ''])

const verb = <Verb extends Call['verb']>(name: Verb) => fc.constant(name)

/** A random call of any verb. Most of them move money. */
export const anyCall: fc.Arbitrary<Call> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ verb: verb('transfer'), request }) },
  {
    weight: 8,
    arbitrary: fc.record({ verb: verb('transferMany'), requests, atomic: fc.boolean() }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      verb: verb('reverse'),
      transferId: fc.oneof(
        { weight: 6, arbitrary: fc.constant(LATEST) },
        usualId,
        fc.constantFrom('', 7, LONGEST_ID),
      ),
      reference: weighted<unknown>([4, undefined], [2, 'rent', 'fee'], [1, '', 7]),
      effectiveAt: weighted<unknown>([5, undefined], [1, new Date('2025-01-31'), 'yesterday']),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      verb: verb('transferGroup'),
      groupId: fc.oneof({ weight: 9, arbitrary: groupId }, fc.constantFrom<unknown>('', 7)),
      legs: fc.array(leg, { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      verb: verb('exchange'),
      request: fc.record({
        exchangeId: groupId,
        from: accountId,
        to: fc.oneof(fc.constantFrom<unknown>('YEN', 'SEN', 'DINAR'), accountId),
        amount: fc.constantFrom('1', '2.50', '0.001'),
        toAmount: fc.constantFrom('1', '3', '0'),
        through: fc.constantFrom<Record<string, string>>(
          { USD: 'CYD', JPY: 'SEN', KWD: 'DINAR' },
          { USD: 'DOT', JPY: 'YEN' },
        ),
      }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      verb: verb('reverseGroup'),
      groupId: fc.oneof({ weight: 4, arbitrary: fc.constant(LATEST) }, groupId),
      reference: weighted<unknown>([4, undefined], [1, 'rent', '']),
      effectiveAt: weighted<unknown>([5, undefined], [1, new Date('2025-01-31')]),
    }),
  },
  { weight: 6, arbitrary: fc.record({ verb: verb('hold'), request: hold }) },
  { weight: 8, arbitrary: fc.record({ verb: verb('capture'), request: capture }) },
  {
    weight: 2,
    arbitrary: fc.record({
      verb: verb('release'),
      holdId: fc.oneof({ weight: 2, arbitrary: fc.constant(LATEST) }, holdId),
    }),
  },
  { weight: 5, arbitrary: fc.record({ verb: verb('open'), request: opening }) },
  { weight: 1, arbitrary: fc.record({ verb: verb('freeze'), accountId }) },
  { weight: 3, arbitrary: fc.record({ verb: verb('unfreeze'), accountId }) },
  {
    weight: 3,
    arbitrary: fc.record({
      verb: verb('close'),
      accountId: closing,
      payOutTo: fc.oneof(fc.constant(undefined), accountId),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      verb: verb('setOverdraftLimit'),
      accountId,
      limit: weighted<unknown>([6, '0', '10', '50.5'], [1, '-1', '0.0001', 0.5, null]),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      verb: verb('write'),
      to: fc.constantFrom('account', 'transfer', 'hold'),
    }),
  },
)

/** What a file can hold of a value: text on one line, with no spaces at its ends. */
const asField = (value: unknown): string => [value].join('').replaceAll('\n', ' ').trim()

/** An amount as a file has it: there `+5` is read as 5 and `.5` as 0.5, and `1,5` and `1.500` are malformed lines because they are unclear. */
const asAmount = (value: unknown): string =>
  asField(value)
    .replace(/^\+/, '')
    .replace(/^\./, '0.')
    .replace(',', 'x')
    .replace(/^(\d+\.\d\d)0$/, '$1')

/** The ids of the holds of files. They are few, so that a line often finds the hold of another one. */
const fileHoldId = weighted(
  [14, 'H0', 'H1', 'H2', 'H3', 'H4', 'H5'],
  [1, LONGEST_ID, 'x'.repeat(129)],
)

/** A line of a file about a hold, in which an empty value counts as absent. */
const holdLine: fc.Arbitrary<Line> = fc
  .tuple(
    fc.constantFrom('hold' as const, 'capture' as const, 'capture' as const, 'release' as const),
    fileHoldId,
    request,
    capture,
    weighted([4, undefined], [2, new Date('2999-01-31')], [1, new Date('2020-01-01')]),
    weighted<string | undefined>([4, undefined], [2, 'USD'], [1, 'EUR']),
  )
  .map(([action, id, asked, part, expiresAt, currency]) => {
    const amount = (value: unknown) =>
      DEPENDENT_AMOUNTS.includes(value) ? '60' : asAmount(value) || undefined
    const about = { holdId: asField(id), reference: asField(part.reference) || undefined }
    if (action === 'release') return { action, about: { holdId: about.holdId } }
    if (action === 'hold') {
      const sides = { from: asField(asked.from), to: asField(asked.to) }
      return {
        action,
        about: { ...about, ...sides, amount: amount(asked.amount) ?? '', expiresAt, currency },
      }
    }
    const { transferId, final } = part
    const ownId = asField(transferId) || undefined
    const isPart = part.amount !== undefined && final !== true
    return {
      action,
      about: {
        ...about,
        amount: amount(part.amount),
        final,
        currency,
        transferId: isPart ? (ownId ?? '') : ownId,
      },
    }
  })

/** A line of a file: mostly a request, in which an empty currency or reference counts as absent. */
export const anyLine: fc.Arbitrary<Line> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.tuple(request, fc.nat({ max: 250 })).map(([line, number]) => ({
      request: {
        // Most lines of a file are new transfers.
        transferId: asField(line.transferId).replace(/^T\d+$/, `T${number}`),
        from: asField(line.from),
        to: asField(line.to),
        amount: DEPENDENT_AMOUNTS.includes(line.amount) ? '60' : asAmount(line.amount),
        // A file may have a code in small letters.
        currency: asField(line.currency).replace('usd', 'USD') || undefined,
        reference: asField(line.reference) || undefined,
      },
    })),
  },
  { weight: 5, arbitrary: holdLine },
  {
    // What the requests above hold seldom.
    weight: 1,
    arbitrary: fc.record({
      request: fc.constantFrom<ReferenceRequest>(
        { transferId: 'R1', from: '', to: 'ADA', amount: '1' },
        { transferId: 'R2', from: 'SEN', to: 'YEN', amount: '1' },
        { transferId: 'R3', from: 'ADA', to: 'DOT', amount: '1', reference: 'x'.repeat(257) },
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      malformed: fc.constantFrom(
        'T1,ADA,BEA',
        'T1,ADA,BEA,1,USD,rent,G,more',
        'T1,"ADA"x,BEA,1,USD,rent,',
        'T1,ADA,BEA,1,USD,\xff,',
        'T1,ADA,BEA,1,USD,,,pay,,,',
        'T1,ADA,BEA,1,USD,,,,H1,,',
        ',ADA,,,,,,release,H1,,',
        ',,,,,,,release,,,',
        ',,,1,,,,capture,H1,,maybe',
        ',ADA,BEA,1,,,,hold,,,',
        ',ADA,BEA,1,,,G1,hold,H1,,',
        ',ADA,BEA,1,,,,hold,H1,soon,',
      ),
    }),
  },
)
