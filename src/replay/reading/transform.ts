import { createHash } from 'node:crypto'
import type { LedgerRequest } from '../../ledger/ledger-request.ts'
import type { OwnFields } from '../../ledger/own-fields.ts'
import {
  type IdentifiedRequest,
  type MissingAccount,
  type TransferRequest,
  withId,
} from '../../ledger/request.ts'
import { MalformedRequestError } from '../../malformed-request.ts'
import { printable, quote, reasonOf } from '../../messages.ts'
import { ReplayOptionsError } from '../errors.ts'
import { groupProblem } from './group.ts'
import { type RowHoldAction, identifiedAction, isHoldAction } from './returned-actions.ts'
import type { Row } from './row.ts'
import type { ReadFunction } from './text-file.ts'
import { Skipped } from './values/skipped.ts'
import { isMissing } from './values/values.ts'

/** A transfer that a transform asks for. An empty id, currency or reference counts as none. */
export interface RowRequest extends TransferRequest {
  readonly action?: 'transfer' | undefined
  /**
   * The id of the group that the transfer is a leg of. Transfers that follow each other with the same group are posted all
   * or nothing, also those of different records, and only once.
   */
  readonly group?: string | undefined
  /** The accounts to open if they do not exist. Default: as the option `openMissing` says. */
  readonly open?: readonly MissingAccount[] | undefined
}

export interface RecordContext {
  /** The line on which the record starts, from 1. */
  readonly line: number
  /**
   * The request as it is read without a transform, to change it. If the record cannot be read as one, this throws, and
   * the line is refused with that reason. Of a record about a hold it is a {@link RowHoldAction}, to be told by its
   * `action`.
   */
  readonly request: RowRequest
}

/**
 * Turns a record into the transfers and the actions on holds that it asks for: one, several or none. A record of a CSV file is an object with a
 * text for each column, by name; a column whose name is missing or not unique is `#3`, by its number. A record of a JSON
 * file is its object, with each number as the text in the file. What the function throws refuses the line. It must
 * return the same for the same record whenever it is called, because a replay that continues calls it again.
 */
export type TransformFunction<FileRecord extends object = Record<string, string>> = (
  record: FileRecord,
  context: RecordContext,
) => Returned | readonly Returned[] | null | undefined

type Returned = RowRequest | RowHoldAction

/** A function for the records of a file. A module that exports these names is one. */
export interface Transform<FileRecord extends object = Record<string, string>> {
  readonly transform: TransformFunction<FileRecord>
  /** Finds the records of a file that is neither CSV nor JSON. `transform` gets them as JSON would give them back. */
  readonly read?: ReadFunction | undefined
  /** Identifies the function: a batch is continued only with the same version. Default: a digest of its source. */
  readonly version?: string | undefined
}

/** What is known of a record before its transform is called. */
export interface RecordOfRow {
  readonly position: number
  readonly line: number
  readonly item: number
  readonly text: string
  /** The id of the transfer that the record asks for, if it gives none. */
  readonly madeId: string
}

type ReadRequest = () => LedgerRequest | Skipped | { readonly problem: string }

/** What a record has beside its object. */
interface RecordParts {
  /** Reads its request without the transform. */
  readonly read: ReadRequest
  /** The accounts that the options open for a request, if they open any. */
  readonly opened?: (
    request: Pick<IdentifiedRequest, 'from' | 'to'>,
  ) => readonly MissingAccount[] | undefined
}

/** A transform, ready to be called for each record. */
export class RecordTransform {
  /** Identifies it within the options of a batch. */
  readonly version: string
  /** Whether the fields of a CSV file keep the spaces at their ends. */
  readonly isVerbatim: boolean
  readonly #transform: TransformFunction<never>
  readonly #currency: string | undefined
  readonly #ownFields: OwnFields | undefined

  constructor(
    { transform, read, version }: Transform<never>,
    {
      currency,
      ownFields,
      isVerbatim = false,
    }: {
      currency?: string | undefined
      ownFields?: OwnFields | undefined
      isVerbatim?: boolean | undefined
    },
  ) {
    this.isVerbatim = isVerbatim
    this.#transform = transform
    this.#currency = currency
    this.#ownFields = ownFields
    this.version = version ?? digestOf(transform, read)
  }

  /** The row of a record. */
  row({ madeId, ...parts }: RecordOfRow, record: object, { read, opened }: RecordParts): Row {
    try {
      const outcome = this.#transform(record as never, new LazyContext(parts.line, read)) ?? []
      const returned = (Array.isArray(outcome) ? outcome : [outcome]) as readonly Returned[]
      const identified = returned.map((each, index) =>
        this.#identified(each, index === 0 ? madeId : `${madeId}#${index + 1}`, opened),
      )
      const [request, ...moreRequests] = identified.map((each) => each.request)
      if (!request) return { ...parts, skipped: NO_REQUEST }
      return {
        ...parts,
        request,
        ...(moreRequests.length > 0 && { moreRequests }),
        ...(identified.some(({ isIdMade }) => isIdMade) && { madeId }),
      }
    } catch (error) {
      if (error instanceof SkippedError) return { ...parts, skipped: error.message }
      if (error instanceof ReplayOptionsError) throw error
      return { ...parts, madeId, problem: problemOf(error) }
    }
  }

  /** A request that was returned, with `madeId` if it has no id of its own. It throws if it cannot be one. */
  #identified(
    returned: Returned,
    madeId: string,
    opened: RecordParts['opened'],
  ): { readonly request: LedgerRequest; readonly isIdMade: boolean } {
    if (typeof returned !== 'object' || returned === null || Array.isArray(returned)) {
      const expected = 'expected an object with from, to and amount, a list of them, or nothing'
      throw new Error(`it returned ${quote(returned)}: ${expected}`)
    }
    requirePlain(returned)
    if (isHoldAction(returned)) {
      const identified = identifiedAction(returned, { madeId, currency: this.#currency })
      const { request: action } = identified
      if (action.kind !== 'hold') return identified
      const accounts = opened?.(action)
      return accounts ? { ...identified, request: { ...action, open: accounts } } : identified
    }
    const { group, open, action: _, ...parts } = returned
    if (!isMissing(open)) requireAccounts(open)
    const { transferId, currency, reference } = parts
    const problem = isMissing(group) ? undefined : groupProblem(group)
    if (problem !== undefined) throw new Error(problem)
    const request = {
      ...withId(
        {
          ...parts,
          transferId: isMissing(transferId) ? madeId : transferId,
          currency: isMissing(currency) ? this.#currency : currency,
          reference: isMissing(reference) ? undefined : reference,
        },
        this.#ownFields,
        'the returned transfer',
      ),
      ...(!isMissing(group) && { group }),
      ...(isMissing(transferId) && { isIdMade: true }),
    }
    const accounts = open ?? opened?.(request)
    return {
      request: accounts ? { ...request, open: accounts } : request,
      isIdMade: isMissing(transferId),
    }
  }
}

const isAccount = (each: unknown): boolean =>
  typeof each === 'object' && each !== null && typeof Reflect.get(each, 'accountId') === 'string'

function requireAccounts(open: unknown): void {
  if (Array.isArray(open) && open.every(isAccount)) return
  throw new Error(`open is ${quote(open)}, not a list of objects with accountId`)
}

const NO_REQUEST = 'the transform returned no transfer'

function requirePlain(request: object): void {
  if (!('then' in request)) return
  throw new ReplayOptionsError(
    "'transform' returned a promise: it must return its transfers at once, so read what it needs before the replay",
  )
}

const MAX_REASON = 500

function problemOf(error: unknown): string {
  const isNamed = error instanceof Error && error.name !== 'Error'
  const isClear = !isNamed || error instanceof MalformedRequestError
  const reason = printable(isClear ? reasonOf(error) : `${error.name}: ${error.message}`)
  return `transform: ${reason.length > MAX_REASON ? `${reason.slice(0, MAX_REASON)}…` : reason}`
}

/** The options skip the record whose request a transform asked for. */
class SkippedError extends Error {}

/** Reads the request of a record only if the transform asks for it. */
class LazyContext implements RecordContext {
  readonly line: number
  readonly #read: ReadRequest

  constructor(line: number, read: ReadRequest) {
    this.line = line
    this.#read = read
  }

  get request(): RowRequest {
    const request = this.#read()
    if (request instanceof Skipped) throw new SkippedError(request.reason)
    if ('problem' in request) throw new Error(request.problem)
    if (request.kind !== undefined) {
      const { kind: action, ...parts } = request
      return { action, ...parts } as object as RowRequest
    }
    const { fieldValues, ...parts } = request
    return { ...parts, ...fieldValues }
  }
}

/** The transform of an option, which may be only its function. */
export function transformOf(
  option: TransformFunction<never> | Transform<never> | undefined,
): Transform<never> | undefined {
  return typeof option === 'function' ? { transform: option } : option
}

/** A digest that changes with the source of functions, but not with what they use from elsewhere. */
const digestOf = (...functions: (TransformFunction<never> | ReadFunction | undefined)[]) =>
  createHash('sha256').update(functions.join('\n')).digest('hex').slice(0, 32)
