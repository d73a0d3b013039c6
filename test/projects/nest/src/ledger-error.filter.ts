import { type ArgumentsHost, Catch, HttpException } from '@nestjs/common'
import { BaseExceptionFilter } from '@nestjs/core'
import { type AnyLedgerError, LedgerError, MalformedRequestError, OutcomeError } from 'daybook'

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

type Caught = AnyLedgerError | MalformedRequestError | OutcomeError

@Catch(LedgerError, MalformedRequestError, OutcomeError)
export class LedgerErrorFilter extends BaseExceptionFilter {
  catch(error: Caught, host: ArgumentsHost) {
    const statusCode = statusOf(error)
    const { message } = error
    const body = { statusCode, message, ...('code' in error && { code: error.code }) }
    super.catch(new HttpException(body, statusCode, { cause: error }), host)
  }
}

function statusOf(error: Caught) {
  if (error instanceof OutcomeError) return 503
  if (error instanceof MalformedRequestError) return 400
  return statuses[error.code] ?? (error.code.startsWith('INVALID_') ? 400 : 422)
}
