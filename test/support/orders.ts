import type { TransformFunction } from '../../src/replay/reading/transform.ts'

/** A file of orders. Some are refused as a whole, some lines cannot be read, and most name accounts that do not exist. */
export function ordersFile(lines: number): string {
  const rows = ['order,buyer,seller,sum,fee']
  for (let index = 0; index < lines; index++) {
    const order = `O${Math.floor(index / 3)}`
    const seller = `S${(index * 13) % 97}`
    const sum = `${((index * 31) % 97) + 1}.${String(index % 100).padStart(2, '0')}`
    const buyer = index % 41 === 7 ? `P${index}` : `B${(index * 7) % 50}`
    if (index % 101 === 50) rows.push(`${order},${buyer}`)
    else rows.push(`${order},${buyer},${seller},${index % 19 === 3 ? '0' : sum},0.05`)
  }
  return `${rows.join('\n')}\n`
}

/** The transfers of an order's line: the sum and the fee. A buyer whose name starts with P has no money. */
export const orderTransfers: TransformFunction = ({ order, buyer = '', seller = '', sum, fee }) => {
  if (sum === '0') return null
  const accounts = { holder: 'Customer', currency: 'USD' }
  const openingBalance = buyer.startsWith('P') ? '0' : '1500'
  const transfer = {
    from: buyer,
    amount: sum as string,
    group: order,
    open: [
      { accountId: buyer, openingBalance, ...accounts },
      { accountId: seller, ...accounts },
      { accountId: 'FEES', ...accounts },
    ],
  }
  return [
    { ...transfer, to: seller },
    { ...transfer, to: 'FEES', amount: fee as string },
  ]
}
