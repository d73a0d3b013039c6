import { ownFieldsOf } from '../ledger/own-fields.ts'
import type { OpeningRequest } from '../ledger/opening.ts'
import type { TransferRequest } from '../ledger/request.ts'
import type { AccountDocument, AccountModel } from '../models/account-interface.ts'
import type { TransferDocument } from '../models/transfer.ts'
import type { MoneyInput } from '../money/money.ts'
import { exampleValues } from './example-values.ts'

/**
 * Make accounts and transfers with default values, so that a test states only what matters to it. Required fields of the ledger's
 * own have values too, except texts with `match`.
 */
export interface Factories {
  /**
   * Opens an account: `ACCOUNT-1`, `ACCOUNT-2` … with 1,000 USD each, unless `overrides` say otherwise.
   * @throws LedgerError if the account is refused
   */
  readonly openAccount: (overrides?: Partial<OpeningRequest>) => Promise<AccountDocument>

  /** Returns a request for a transfer with the amount 1: `TRANSFER-1`, `TRANSFER-2` … It posts nothing. */
  readonly transferRequest: (
    sides: Pick<TransferRequest, 'from' | 'to'> & Partial<TransferRequest>,
  ) => TransferRequest

  /**
   * Posts a transfer with the amount 1: `TRANSFER-1`, `TRANSFER-2` … If `from` or `to` is missing, opens an account
   * for it, in the transfer's currency: by default that of the other account, or USD.
   * @throws LedgerError if the transfer is refused
   */
  readonly postTransfer: (overrides?: Partial<TransferRequest>) => Promise<TransferDocument>

  /**
   * Opens accounts under the ids that are their keys, each with an opening balance or with any values of a request,
   * then posts transfers in their order, all or nothing. Returns the accounts as they are after that.
   * @throws LedgerError if an account or a transfer is refused
   * @example
   * const { ada } = await ledger({
   *   accounts: { ada: '1000', grace: { openingBalance: '50', currency: 'USD' } },
   *   transfers: [{ from: 'ada', to: 'grace', amount: '25' }],
   * })
   */
  readonly ledger: <AccountId extends string>(situation: {
    readonly accounts: Readonly<Record<AccountId, MoneyInput | Partial<OpeningRequest>>>
    readonly transfers?: readonly Partial<TransferRequest>[] | undefined
  }) => Promise<Record<AccountId, AccountDocument>>
}

/** Where the numbers of the factories stand. */
export interface FactoryNumbers {
  readonly accounts: number
  readonly transfers: number
}

/** Factories for one database. Their numbers can be kept and set back, so that every test gets the same ids. */
export function factoriesOf(
  Account: AccountModel,
): Factories & { numbers: () => FactoryNumbers; setNumbers: (numbers: FactoryNumbers) => void } {
  let accounts = 0
  let transfers = 0

  const openAccount: Factories['openAccount'] = (overrides) => {
    accounts += 1
    return Account.open({
      accountId: `ACCOUNT-${accounts}`,
      holder: `Holder ${accounts}`,
      currency: 'USD',
      openingBalance: '1000',
      ...exampleValues(ownFieldsOf(Account.db).account),
      ...overrides,
    })
  }

  const transferRequest: Factories['transferRequest'] = (sides) => {
    transfers += 1
    const { transfer: fields } = ownFieldsOf(Account.db)
    return {
      transferId: `TRANSFER-${transfers}`,
      amount: '1',
      ...exampleValues(fields),
      ...sides,
    }
  }

  const postTransfer: Factories['postTransfer'] = async ({ from, to, ...overrides } = {}) => {
    const accountId = from ?? to
    const account = accountId === undefined ? null : await Account.findById(accountId)
    const currency = overrides.currency ?? account?.currency ?? 'USD'
    const request = transferRequest({
      ...overrides,
      from: from ?? (await openAccount({ currency }))._id,
      to: to ?? (await openAccount({ currency }))._id,
    })
    return await Account.transfer(request)
  }

  const ledger: Factories['ledger'] = async ({ accounts: described, transfers: wanted = [] }) => {
    const entries = Object.entries<MoneyInput | Partial<OpeningRequest>>(described)
    for (const [accountId, value] of entries) {
      const overrides = isOverrides(value) ? value : { openingBalance: value }
      await openAccount({ accountId, ...overrides })
    }
    const requests = wanted.map((request) => transferRequest(request as TransferRequest))
    const results = await Account.transferMany(requests, { atomic: true })
    const refusals = results.filter((result) => result.status === 'refused')
    const first = refusals.find(({ code }) => code !== 'LINKED_TRANSFER_REFUSED')
    if (first) throw first.error
    const documents = await Promise.all(entries.map(([id]) => Account.findById(id).orFail()))
    return Object.fromEntries(documents.map((document) => [document._id, document])) as never
  }

  return {
    openAccount,
    transferRequest,
    postTransfer,
    ledger,
    numbers: () => ({ accounts, transfers }),
    setNumbers(numbers) {
      ;({ accounts, transfers } = numbers)
    },
  }
}

/** Whether a value is an object of a request, and not an amount of money. */
const isOverrides = (
  value: MoneyInput | Partial<OpeningRequest>,
): value is Partial<OpeningRequest> =>
  typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype
