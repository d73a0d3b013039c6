import { Account, type AnyLedgerError, type TransferRequest, isLedgerError } from 'daybook'
import { openLedger } from './ledger'

/** The statuses of a transfer that are neither 400, of each `INVALID_…`, nor 422. docs/refusals.md lists all of them. */
const statuses: { [code in AnyLedgerError['code']]?: number } = {
  ACCOUNT_NOT_FOUND: 404,
  ACCOUNT_NOT_OPEN: 409,
  TRANSFER_CONFLICT: 409,
}

export async function POST(request: Request) {
  await openLedger()
  try {
    const transfer = await Account.transfer((await request.json()) as TransferRequest)
    return Response.json(transfer, { status: 201 })
  } catch (error) {
    return refusal(error)
  }
}

function refusal(error: unknown) {
  if (isLedgerError(error)) {
    const status = statuses[error.code] ?? (error.code.startsWith('INVALID_') ? 400 : 422)
    return Response.json(error, { status })
  }
  // By its name, because each of Next's bundles has classes of its own.
  const { name, message } = error as Error
  if (name === 'OutcomeError') return Response.json(error, { status: 503 })
  // The body is not JSON, or no request.
  if (['SyntaxError', 'MalformedRequestError'].includes(name)) {
    return Response.json({ message }, { status: 400 })
  }
  throw error
}
