import type { OpeningRequest } from '../ledger/opening.ts'
import type { TransferRequest } from '../ledger/request.ts'
import type { AccountDocument, AccountModel } from '../models/account-interface.ts'
import type { TransferDocument } from '../models/transfer.ts'

/** Make accounts and transfers with default values, so that a test states only what matters to it. */
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
}

/** Factories for one database. `restart` sets their numbers back to 1, so that every test gets the same ids. */
export function factoriesOf(Account: AccountModel): Factories & { restart: () => void } {
  let accounts = 0
  let transfers = 0

  const openAccount: Factories['openAccount'] = (overrides) => {
    accounts += 1
    return Account.open({
      accountId: `ACCOUNT-${accounts}`,
      holder: `Holder ${accounts}`,
      currency: 'USD',
      openingBalance: '1000',
      ...overrides,
    })
  }

  const transferRequest: Factories['transferRequest'] = (sides) => {
    transfers += 1
    return { transferId: `TRANSFER-${transfers}`, amount: '1', ...sides }
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

  const restart = () => {
    accounts = 0
    transfers = 0
  }

  return { openAccount, transferRequest, postTransfer, restart }
}
