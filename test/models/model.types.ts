/** What the compiler must take, and what it must refuse: checked by tsc, run by nothing. */
import mongoose from 'mongoose'
import {
  Account,
  type AccountDocument,
  type Decimal,
  type Decimal128,
  type RefusalCode,
  type StatementEntry,
  Transfer,
  type TransferDocument,
  accountModel,
} from '../../src/index.ts'

export async function accepts(session: mongoose.ClientSession): Promise<void> {
  const account: AccountDocument = await Account.findById('A').orFail()
  const balance: Decimal = account.balance
  const status: 'open' | 'frozen' | 'closed' = account.status
  const [first] = await Account.find()
  account.holder = 'Ada'
  const plain: Decimal128 = account.toObject().balance
  const text: string = account.toJSON().balance
  const found: Decimal | undefined = first?.balance
  const lean = await Account.findById('A').orFail().lean()
  const stored: Decimal128 = lean.balance
  const transfer: TransferDocument = await Account.transfer({ from: 'A', to: 'B', amount: '1' })
  const amount: Decimal = transfer.amount
  for (const given of ['1.50', 1, 1n, balance, stored]) {
    await Account.transfer({ from: 'A', to: 'B', amount: given }, { session })
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
  const page: StatementEntry[] = await account.statement({ limit: 10, from: new Date() })
  for await (const entry of account.statementEntries()) page.push(entry)
  const reversal: TransferDocument = await Transfer.reverse('T', { reference: 'r' })
  const other: AccountDocument = await accountModel(mongoose.connection).open({
    holder: 'Ada',
    currency: 'USD',
  })
  await Transfer.find().populate<{ fromAccount: AccountDocument }>('fromAccount')
  void [status, found, amount, reversal, other, plain, text]
}

export async function refuses(account: AccountDocument): Promise<void> {
  // @ts-expect-error a transfer has an amount
  await Account.transfer({ from: 'A', to: 'B' })
  // @ts-expect-error an account number is a text
  await Account.transfer({ from: { $ne: null }, to: 'B', amount: '1' })
  // @ts-expect-error metadata are flat
  await Account.transfer({ from: 'A', to: 'B', amount: '1', metadata: { a: { b: 1 } } })
  // @ts-expect-error there is no such field
  await Account.transfer({ from: 'A', to: 'B', amount: '1', note: 'x' })
  // @ts-expect-error a session is no option's name to misspell
  await Account.transfer({ from: 'A', to: 'B', amount: '1' }, { sesion: undefined })
  // @ts-expect-error an account has a currency
  await Account.open({ holder: 'Ada' })
  // @ts-expect-error a balance is a decimal, not a number to add to
  const sum: number = account.balance + 1
  // @ts-expect-error a page begins before a sequence, not before a date
  await account.statement({ before: new Date() })
  // @ts-expect-error a status is changed by freeze, unfreeze and close
  account.status = 'closed'
  // @ts-expect-error a balance is changed by transfers
  account.balance = account.openingBalance
  // @ts-expect-error a plain object has the balance as it is stored
  account.toObject().balance.plus(1)
  // @ts-expect-error JSON has it as text
  account.toJSON().balance.plus(1)
  // @ts-expect-error a transfer stays as it is
  ;(await Transfer.findById('T').orFail()).reference = 'x'
  void sum
}
