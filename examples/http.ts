import { once } from 'node:events'
import { type IncomingMessage, createServer } from 'node:http'
import { json } from 'node:stream/consumers'
import {
  Account,
  type AnyLedgerError,
  MalformedRequestError,
  OutcomeError,
  type TransferRequest,
  createCollections,
  isLedgerError,
  openDatabase,
} from 'daybook'
import mongoose from 'mongoose'

/** The statuses that are neither 400, of each `INVALID_…`, nor 422. docs/refusals.md lists all of them. */
const statuses: { [code in AnyLedgerError['code']]?: number } = {
  ACCOUNT_NOT_FOUND: 404,
  GROUP_NOT_FOUND: 404,
  HOLD_NOT_FOUND: 404,
  TRANSFER_NOT_FOUND: 404,
  ACCOUNT_CONFLICT: 409,
  ACCOUNT_HAS_HOLDS: 409,
  ACCOUNT_NOT_EMPTY: 409,
  ACCOUNT_NOT_OPEN: 409,
  HOLD_CONFLICT: 409,
  HOLD_NOT_ACTIVE: 409,
  TRANSFER_CONFLICT: 409,
  TRANSFER_IS_REVERSAL: 409,
  INVALID_EXCHANGE: 422,
  HOLD_PROTECTED: 500,
  PROTECTED_FIELD: 500,
  TRANSFER_IMMUTABLE: 500,
}

interface Answer {
  readonly status: number
  readonly body: unknown
}

function refusal(error: unknown): Answer {
  if (isLedgerError(error)) {
    const status = statuses[error.code] ?? (error.code.startsWith('INVALID_') ? 400 : 422)
    if (status !== 500) return { status, body: error }
  }
  if (error instanceof OutcomeError) return { status: 503, body: error }
  // The body is not JSON, or no request. Another TypeError is a mistake in this program.
  if (error instanceof SyntaxError || error instanceof MalformedRequestError) {
    return { status: 400, body: { message: error.message } }
  }
  // What nobody expected is for the log.
  console.error(error)
  return { status: 500, body: { message: 'something went wrong' } }
}

async function post(request: IncomingMessage): Promise<Answer> {
  try {
    const transfer = await Account.transfer((await json(request)) as TransferRequest)
    return { status: 201, body: transfer }
  } catch (error) {
    return refusal(error)
  }
}

const server = createServer((request, response) => {
  void post(request).then(({ status, body }) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
  )
})

const database = await openDatabase()
await mongoose.connect(database.uri)
await createCollections(mongoose.connection)
await Account.open({ accountId: 'ADA', holder: 'Ada', currency: 'USD', openingBalance: '100' })
await Account.open({ accountId: 'GRACE', holder: 'Grace', currency: 'USD' })
await once(server.listen(0, '127.0.0.1'), 'listening')

// A client: the same request twice, then one that Ada cannot pay, and one that is malformed.
const { port } = server.address() as { port: number }
for (const body of [
  { transferId: 'RENT-1', from: 'ADA', to: 'GRACE', amount: '60' },
  { transferId: 'RENT-1', from: 'ADA', to: 'GRACE', amount: '60' },
  { transferId: 'RENT-2', from: 'ADA', to: 'GRACE', amount: '60' },
  { transferId: 'RENT-3', from: 'ADA', to: 'GRACE', ammount: '1' },
]) {
  const response = await fetch(`http://127.0.0.1:${port}`, {
    method: 'POST',
    body: JSON.stringify(body),
  })
  const { code = '' } = (await response.json()) as { code?: string }
  console.log(`${body.transferId}: ${response.status} ${code}`.trim())
}

server.close()
await mongoose.disconnect()
await database.close()
