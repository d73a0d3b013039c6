/** What must compile, and what must not. Only `tsc` checks this file: nothing runs it. */
import mongoose from 'mongoose'
import {
  Account,
  type AccountDocument,
  Decimal,
  type Decimal128,
  type RefusalCode,
  type StatementEntry,
  Transfer,
  type TransferDocument,
  accountModel,
  batchModel,
  defineLedger,
  isLedgerError,
  plain,
  withDecimals,
} from '../../src/index.ts'

export async function accepts(session: mongoose.ClientSession): Promise<void> {
  const account: AccountDocument = await Account.findById('A').orFail()
  const balance: Decimal = account.balance
  const status: 'open' | 'frozen' | 'closed' = account.status
  const [first] = await Account.find()
  const { Account: BankAccount } = defineLedger(mongoose.connection, {
    models: { account: 'BankAccount' },
  })
  const opened: AccountDocument = await BankAccount.open({ holder: 'Ada', currency: 'USD' })
  void opened
  account.holder = 'Ada'
  const object: Decimal128 = account.toObject().balance
  const text: string = account.toJSON().balance
  const found: Decimal | undefined = first?.balance
  const lean = await Account.findById('A').orFail().lean()
  const stored: Decimal128 = lean.balance
  void (plain(lean).balance satisfies string)
  void (plain(lean).createdAt satisfies Date)
  void (plain(lean).status satisfies 'open' | 'frozen' | 'closed')
  void (withDecimals([lean])[0]?.balance satisfies Decimal | undefined)
  const batch = await batchModel(mongoose.connection).findById('b').orFail()
  void (batch.toJSON().amountByCurrency['USD'] satisfies string | undefined)
  void (batch.startedAt satisfies Date)
  await Account.find({ balance: { $gt: '60' }, overdraftLimit: balance })
  await Account.findOne({ balance: { $in: ['60', balance, stored] } })
  await Account.countDocuments({ balance: 60 })
  await Account.exists({ $or: [{ balance: { $lt: balance } }] })
  const [listed] = await Account.find({ balance: { $gt: '60' } }).lean()
  void (listed?.balance satisfies Decimal128 | undefined)
  const [alsoListed] = await Account.find({}, null, { lean: true })
  void (alsoListed?.balance satisfies Decimal128 | undefined)
  await Transfer.find({ amount: { $gte: new Decimal(1), $lt: '5.50' } })
  // @ts-expect-error money is not a date
  await Account.find({ balance: { $gt: new Date() } })
  // @ts-expect-error a status is one of three
  await Account.find({ status: 'shut' })
  const [document] = await Account.find({ balance: { $gt: '60' } })
    .where('balance')
    .gt(7)
  void (document satisfies AccountDocument | undefined)
  void (document?.balance satisfies Decimal | undefined)
  void ((await Account.findOne().select('balance').orFail()).balance satisfies Decimal)
  const transfer: TransferDocument = await Account.transfer({ from: 'A', to: 'B', amount: '1' })
  const amount: Decimal = transfer.amount
  for (const money of ['1.50', 1, 1n, balance, stored]) {
    await Account.transfer({ from: 'A', to: 'B', amount: money }, { session })
  }
  for (const result of await Account.transferMany([], { atomic: true })) {
    if (result.status === 'refused') {
      const code: RefusalCode = result.code
      void code
    } else {
      const posted: Decimal128 = result.transfer.amount
      void posted
    }
  }
  try {
    await Account.transfer({ from: 'A', to: 'B', amount: '1' })
  } catch (error) {
    if (!isLedgerError(error)) throw error
    switch (error.code) {
      case 'INSUFFICIENT_FUNDS':
        void (error.available satisfies Decimal)
        break
      case 'TRANSFER_CONFLICT':
        void (error.fields satisfies readonly string[])
        break
      // @ts-expect-error there is no such code
      case 'NO_SUCH_CODE':
        break
      default:
    }
  }
  const page: StatementEntry[] = await account.statement({ limit: 10, from: new Date() })
  const [month] = await account.balances({ every: 'month', timeZone: 'Europe/Berlin' })
  const closing: Decimal | undefined = month?.closing
  const then: Decimal = await account.balanceAt(new Date(), { by: 'effectiveAt', session })
  for await (const entry of account.statementEntries()) page.push(entry)
  const reversal: TransferDocument = await Transfer.reverse('T', { reference: 'r' })
  const effectiveAt: Date | undefined = reversal.effectiveAt
  await Account.transfer({ from: 'A', to: 'B', amount: '1', effectiveAt })
  await Transfer.reverse('T', { effectiveAt: new Date() })
  const exchange = { exchangeId: 'X', from: 'A', to: 'B', amount: '1', through: { USD: 'FX' } }
  await Account.exchange({ ...exchange, toAmount: '2' }, { session })
  await Account.exchange({ ...exchange, rate: '2', rounding: 'half-even', toAmount: undefined })
  const other: AccountDocument = await accountModel(mongoose.connection).open({
    holder: 'Ada',
    currency: 'USD',
  })
  await Transfer.find().populate<{ fromAccount: AccountDocument }>('fromAccount')
  void [effectiveAt, closing, then, status, found, amount, reversal, other, object, text]
}

export async function refuses(account: AccountDocument): Promise<void> {
  // @ts-expect-error a transfer has an amount
  await Account.transfer({ from: 'A', to: 'B' })
  // @ts-expect-error an account id is a string
  await Account.transfer({ from: { $ne: null }, to: 'B', amount: '1' })
  // @ts-expect-error metadata is flat
  await Account.transfer({ from: 'A', to: 'B', amount: '1', metadata: { a: { b: 1 } } })
  // @ts-expect-error a date is a Date, not a text
  await Account.transfer({ from: 'A', to: 'B', amount: '1', effectiveAt: '2026-01-15' })
  // @ts-expect-error this field does not exist
  await Account.transfer({ from: 'A', to: 'B', amount: '1', note: 'x' })
  // @ts-expect-error a misspelled option is not ignored
  await Account.transfer({ from: 'A', to: 'B', amount: '1' }, { sesion: undefined })
  const exchange = { exchangeId: 'X', from: 'A', to: 'B', amount: '1', through: {} }
  // @ts-expect-error an exchange has an amount that is received, or a rate
  await Account.exchange(exchange)
  // @ts-expect-error a rate has a rounding
  await Account.exchange({ ...exchange, rate: '2' })
  // @ts-expect-error an exchange does not have both
  await Account.exchange({ ...exchange, toAmount: '2', rate: '2', rounding: 'down' })
  // @ts-expect-error no rounding has this name
  await Account.exchange({ ...exchange, rate: '2', rounding: 'half_even' })
  // @ts-expect-error no model has this name
  defineLedger(mongoose.connection, { models: { acount: 'BankAccount' } })
  defineLedger(mongoose.connection, { fields: { account: { branch: 'string', size: 'Int32' } } })
  // @ts-expect-error a type that fields of one's own do not have
  defineLedger(mongoose.connection, { fields: { account: { branch: { type: 'Text' } } } })
  // @ts-expect-error the same by itself
  defineLedger(mongoose.connection, { fields: { account: { branch: 'Text' } } })
  // @ts-expect-error a name is a text
  defineLedger(mongoose.connection, { collections: { accounts: 5 } })
  // @ts-expect-error an account has a currency
  await Account.open({ holder: 'Ada' })
  // @ts-expect-error a balance is a decimal, not a number to add to
  const sum: number = account.balance + 1
  // @ts-expect-error a page starts before a sequence, not before a date
  await account.statement({ before: new Date() })
  // @ts-expect-error a quarter is not a period
  await account.balances({ every: 'quarter' })
  // @ts-expect-error only freeze, unfreeze and close change a status
  account.status = 'closed'
  // @ts-expect-error only transfers change a balance
  account.balance = account.openingBalance
  // @ts-expect-error a plain object has the balance as a Decimal128
  account.toObject().balance.plus(1)
  // @ts-expect-error JSON has it as a string
  account.toJSON().balance.plus(1)
  // @ts-expect-error a transfer never changes
  ;(await Transfer.findById('T').orFail()).reference = 'x'
  void sum
}
