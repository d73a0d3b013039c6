import type { Connection } from 'mongoose'
import type { AccountRecord, HoldRecord, RefusalRecord, TransferRecord } from '../../src/index.ts'
import type { StoredBooks, StoredTransfer } from './audit.ts'
import type { StoredHold } from './audit-holds.ts'
import { ordersOf } from './connection.ts'
import { captureContentOf, holdContentOf, holdKey, releaseKey } from './hold-requests.ts'
import { contentOf, legReversalKey, reversalContent } from './requests.ts'

/** Reads what the audit compares. Nothing may be written in the meantime. */
export async function readBooks(connection: Connection): Promise<StoredBooks> {
  const fields = new Map<string, string>()
  const held = new Map<string, string>()
  for await (const account of connection.collection<AccountRecord>('accounts').find()) {
    fields.set(`${account._id} holder`, account.holder)
    fields.set(`${account._id} status`, account.status)
    fields.set(`${account._id} overdraftLimit`, account.overdraftLimit.toString())
    if (account.held) held.set(account._id, account.held.toString())
  }
  const orders = await ordersOf(connection).distinct('_id')
  const refusals = new Map<string, Set<string>>()
  for await (const refusal of connection.collection<RefusalRecord>('refusals').find()) {
    const { batch } = refusal._id
    const keys = refusals.get(batch) ?? new Set()
    refusals.set(batch, keys.add(keyOf(refusal)))
  }
  return {
    transfers: transfersIn(connection),
    holds: await holdsIn(connection),
    held,
    fields,
    orders: new Set(orders),
    refusals,
  }
}

/** The key of what a refused line asked for. */
function keyOf({ transferId, holdId, row }: RefusalRecord): string {
  if (holdId === undefined || transferId !== undefined) return String(transferId)
  return row.startsWith('release,') ? releaseKey(holdId) : holdKey(holdId)
}

async function* transfersIn(connection: Connection): AsyncGenerator<StoredTransfer> {
  for await (const transfer of connection.collection<TransferRecord>('transfers').find()) {
    const { _id: transferId, reference, reverses, fromAccount, leg } = transfer
    const isLegReversal = reverses !== undefined && reference !== undefined && leg !== undefined
    yield {
      transferId,
      reference: isLegReversal ? legReversalKey(reference, leg) : reference,
      content: transferContent(transfer),
      from: fromAccount,
      amount: transfer.amount.toString(),
      hold: transfer.hold,
      batch: transfer.batch,
    }
  }
}

function transferContent(transfer: TransferRecord): string {
  const { _id: transferId, reverses, hold: holdId } = transfer
  if (reverses !== undefined) return reversalContent(reverses)
  const request = requestOf(transfer)
  if (holdId === undefined) return contentOf(request)
  const part = transferId.slice(holdId.length + 1)
  return captureContentOf(
    { holdId, expiresAt: undefined, ...request },
    { holdId, part, amount: request.amount },
  )
}

async function holdsIn(connection: Connection): Promise<StoredHold[]> {
  const records = await connection.collection<HoldRecord>('holds').find().toArray()
  return records.map((record) => {
    const { _id: holdId, status, expiresAt, endedAt, finalCapture, batch } = record
    const request = requestOf(record)
    return {
      holdId,
      content: holdContentOf({ holdId, expiresAt, ...request }),
      from: request.from,
      amount: request.amount,
      captured: record.captured.toString(),
      status,
      expiresAt,
      endedAt,
      finalCapture,
      batch,
    }
  })
}

const requestOf = ({
  fromAccount: from,
  toAccount: to,
  amount,
  currency,
}: TransferRecord | HoldRecord) => ({ from, to, amount: amount.toString(), currency })
