import type { TransformFunction } from 'daybook'

/**
 * PaySim's simulated payments. A CASH_IN runs the other way: the customer brings cash to the merchant and gets money.
 * The file has the balances before each payment, so accounts are opened with them; merchants stand for the world outside.
 */
export const transform: TransformFunction = (record, { line }) => {
  const { type, amount = '', nameOrig: customer = '', nameDest: other = '' } = record
  if (Number(amount) === 0) return null
  const isIncoming = type === 'CASH_IN'
  return {
    transferId: `paysim-${line}`,
    from: isIncoming ? other : customer,
    to: isIncoming ? customer : other,
    amount,
    metadata: { type: type ?? '', step: Number(record.step) },
    open: [
      { accountId: customer, currency: 'USD', openingBalance: record.oldbalanceOrg },
      {
        accountId: other,
        currency: 'USD',
        openingBalance: record.oldbalanceDest,
        overdraftLimit: 'unlimited',
      },
    ],
  }
}
