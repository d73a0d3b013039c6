import type { OpeningRequest } from '../ledger/opening.ts'
import type { TransferRequest } from '../ledger/request.ts'
import type { AccountDocument, AccountModel } from '../models/account-interface.ts'
import type { TransferDocument } from '../models/transfer.ts'

/** What makes accounts and transfers of which a test says only what matters to it. */
export interface Factories {
  /** Opens `ACCOUNT-1`, `ACCOUNT-2` … with 1,000 USD each. */
  readonly openAccount: (overrides?: Partial<OpeningRequest>) => Promise<AccountDocument>

  /** A request for `TRANSFER-1`, `TRANSFER-2` … of an amount of 1. */
  readonly transferRequest: (
    sides: Pick<TransferRequest, 'from' | 'to'> & Partial<TransferRequest>,
  ) => TransferRequest

  /** Posts `TRANSFER-1`, `TRANSFER-2` … of an amount of 1. A side that is not given is an account opened for it. */
  readonly postTransfer: (overrides?: Partial<TransferRequest>) => Promise<TransferDocument>
}

/** Factories for one database. Their numbers begin anew with each restart, so that a test gets the same every time. */
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
    const given = from ?? to
    const known = given === undefined ? null : await Account.findById(given)
    const currency = overrides.currency ?? known?.currency ?? 'USD'
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
