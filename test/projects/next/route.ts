import { Account, type TransferRequest, isLedgerError } from 'daybook'
import { openLedger } from './ledger'

export async function POST(request: Request) {
  await openLedger()
  try {
    const transfer = await Account.transfer((await request.json()) as TransferRequest)
    return Response.json(transfer, { status: 201 })
  } catch (error) {
    if (!isLedgerError(error)) throw error
    return Response.json(error, { status: 422 })
  }
}
