import type { Connection } from 'mongoose'
import type { AccountRecord, RefusalRecord, TransferRecord } from '../../src/index.ts'
import type { StoredBooks, StoredTransfer } from './audit.ts'
import { ordersOf } from './connection.ts'
import { contentOf, legReversalKey, reversalContent } from './requests.ts'

/** Reads what the audit compares. Nothing may be written in the meantime. */
export async function readBooks(connection: Connection): Promise<StoredBooks> {
  const fields = new Map<string, string>()
  for await (const account of connection.collection<AccountRecord>('accounts').find()) {
    fields.set(`${account._id} holder`, account.holder)
    fields.set(`${account._id} status`, account.status)
    fields.set(`${account._id} overdraftLimit`, account.overdraftLimit.toString())
  }
  const orders = await ordersOf(connection).distinct('_id')
  const refusals = new Map<string, Set<string>>()
  for await (const refusal of connection.collection<RefusalRecord>('refusals').find()) {
    const { batch } = refusal._id
    const ids = refusals.get(batch) ?? new Set()
    refusals.set(batch, ids.add(String(refusal.transferId)))
  }
  return { transfers: transfersIn(connection), fields, orders: new Set(orders), refusals }
}

async function* transfersIn(connection: Connection): AsyncGenerator<StoredTransfer> {
  for await (const transfer of connection.collection<TransferRecord>('transfers').find()) {
    const { _id: transferId, reference, reverses, fromAccount, toAccount, currency, leg } = transfer
    const isLegReversal = reverses !== undefined && reference !== undefined && leg !== undefined
    const request = {
      from: fromAccount,
      to: toAccount,
      amount: transfer.amount.toString(),
      currency,
    }
    yield {
      transferId,
      reference: isLegReversal ? legReversalKey(reference, leg) : reference,
      content: reverses === undefined ? contentOf(request) : reversalContent(reverses),
      from: fromAccount,
      batch: transfer.batch,
    }
  }
}
