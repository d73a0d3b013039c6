export const ROLES = [
  'transferId',
  'from',
  'to',
  'account',
  'counterparty',
  'amount',
  'debit',
  'credit',
  'direction',
  'currency',
  'reference',
  'effectiveAt',
  'group',
  'action',
  'holdId',
  'expiresAt',
  'final',
] as const

/** What a value of a record is. */
export type Role = (typeof ROLES)[number]

export const isRole = (name: string): name is Role => (ROLES as readonly string[]).includes(name)

/** The roles of a statement: a file whose records move money between one account and its counterparties. */
export const STATEMENT_ROLES = ['account', 'counterparty', 'debit', 'credit', 'direction'] as const

/** The roles of a file whose records may place, capture and release holds. Others have none of them. */
export const HOLD_ROLES = ['action', 'holdId', 'expiresAt', 'final'] as const

/**
 * The names by which a role's column is recognized. Case does not matter, nor do spaces and ` _-.` in a name.
 * Each row is tried only if no column matches a row above it. The roles of a statement are recognized only in
 * a file in which at least one of them is named by the options.
 */
export const KNOWN_NAMES: Readonly<Record<Role, readonly (readonly string[])[]>> = {
  transferId: [
    ['transferId', 'transactionId', 'paymentId', 'txId', 'txnId', 'transId', 'orderId'],
    ['transferNumber', 'transactionNumber', 'paymentNumber', 'endToEndId'],
    ['id'],
    ['_id'],
  ],
  from: [
    ['fromAccount', 'fromAccountId', 'fromAccountNumber', 'accountFrom', 'fromIban'],
    ['senderAccount', 'senderAccountId', 'sourceAccount', 'sourceAccountId', 'senderIban'],
    ['debitAccount', 'debitAccountId', 'debtorAccount', 'debtorIban', 'debitedAccount'],
    ['payerAccount', 'originatorAccount', 'originAccount', 'nameOrig'],
    ['from', 'sender', 'source', 'debtor', 'payer', 'originator', 'origin'],
  ],
  to: [
    ['toAccount', 'toAccountId', 'toAccountNumber', 'accountTo', 'toIban'],
    ['receiverAccount', 'receiverAccountId', 'recipientAccount', 'receiverIban'],
    ['destinationAccount', 'destinationAccountId', 'targetAccount', 'targetAccountId'],
    ['creditAccount', 'creditAccountId', 'creditorAccount', 'creditorIban', 'creditedAccount'],
    ['payeeAccount', 'beneficiaryAccount', 'beneficiaryIban', 'nameDest'],
    ['to', 'receiver', 'recipient', 'destination', 'target', 'creditor', 'payee'],
    ['beneficiary', 'dest'],
  ],
  account: [['account', 'accountId', 'accountNumber', 'accountIban', 'ownAccount'], ['iban']],
  counterparty: [
    ['counterpartyAccount', 'counterpartyAccountNumber', 'counterpartyIban', 'counterAccount'],
    ['contraAccount', 'offsetAccount', 'otherAccount'],
    ['counterparty'],
  ],
  amount: [
    ['amount', 'transferAmount', 'transactionAmount', 'paymentAmount', 'amountPaid'],
    ['value', 'sum'],
  ],
  debit: [
    ['debit', 'debitAmount', 'amountDebit', 'withdrawal', 'withdrawals', 'moneyOut', 'paidOut'],
  ],
  credit: [['credit', 'creditAmount', 'amountCredit', 'deposit', 'deposits', 'moneyIn', 'paidIn']],
  direction: [
    ['direction', 'creditDebitIndicator', 'debitCreditIndicator', 'debitCredit', 'creditDebit'],
    ['debit/credit', 'credit/debit', 'dr/cr', 'cr/dr', 'drCr', 'crDr', 'd/c', 'c/d'],
    ['afBij', 'bijAf', 'af/bij', 'soll/haben', 'sollHaben', 's/h'],
  ],
  currency: [
    ['currency', 'currencyCode', 'transferCurrency', 'transactionCurrency', 'paymentCurrency'],
    ['ccy'],
  ],
  reference: [
    ['reference', 'paymentReference', 'transferReference', 'remittanceInformation'],
    ['purpose', 'description', 'memo', 'narrative', 'narration'],
  ],
  effectiveAt: [['effectiveAt', 'effectiveDate']],
  // These two only in this spelling (see columnsByKnownName), because banks have columns such as Group and Action of their own.
  group: [['group']],
  action: [['action']],
  holdId: [['holdId']],
  expiresAt: [['expiresAt']],
  final: [['final']],
}
