import { isEffectiveTime } from '../../ledger/effective-at.ts'
import { IDENTIFIER_RULE, isIdentifier } from '../../ledger/identifier.ts'
import type { HoldAction } from '../../ledger/holds/hold-request.ts'
import type { LedgerRequest } from '../../ledger/ledger-request.ts'
import type { OwnFields } from '../../ledger/own-fields.ts'
import type { Metadata } from '../../ledger/records.ts'
import type { IdentifiedRequest } from '../../ledger/request.ts'
import { REVERSAL_SUFFIX, reversalId } from '../../ledger/transfer-id.ts'
import { quote } from '../../messages.ts'
import type { Row } from './row.ts'
import { RecordTransform, type RecordOfRow } from './transform.ts'
import { readFinal } from './values/actions.ts'
import { Problem } from './values/problem.ts'

/**
 * Reads the records of a file that `exportText()` has written, so that each transfer is taken over as it was posted:
 * with the time of its posting, what it reverses and its metadata. What happened to holds is taken over too.
 */
export class RestoringTransform extends RecordTransform {
  readonly #fields: OwnFields | undefined

  constructor(fields: OwnFields | undefined) {
    super({ transform: () => undefined, version: 'restore' }, { isVerbatim: true })
    this.#fields = fields
  }

  override row({ position, line, item, text }: RecordOfRow, record: object): Row {
    const parts = { position, line, item, text }
    try {
      return { ...parts, request: exportedRequest(record as Fields, text, this.#fields) }
    } catch (error) {
      if (!(error instanceof NotExported)) throw error
      return { ...parts, problem: error.message }
    }
  }
}

type Fields = Readonly<Record<string, unknown>>

/** A record is not one that an export has written. */
class NotExported extends Error {}

function exportedRequest(fields: Fields, text: string, own: OwnFields | undefined): LedgerRequest {
  const action = optional(fields, 'action') ?? 'transfer'
  if (action !== 'transfer') return exportedAction(action, fields, text)
  const transferId = required(fields, 'transferId')
  const reverses = optional(fields, 'reverses')
  const reversalIds = [reversalId(reverses ?? ''), `${reverses}${REVERSAL_SUFFIX}`]
  if (reverses !== undefined && !reversalIds.includes(transferId)) {
    throw new NotExported(
      `transferId ${quote(transferId)} is not the id of the reversal of ${quote(reverses)}`,
    )
  }
  return {
    transferId,
    from: required(fields, 'from'),
    to: required(fields, 'to'),
    amount: required(fields, 'amount'),
    currency: required(fields, 'currency'),
    reference: optional(fields, 'reference'),
    effectiveAt: dateOf(optional(fields, 'effectiveAt'), 'effectiveAt'),
    metadata: metadataOf(fields.metadata, text),
    ...legOf(fields),
    reverses,
    postedElsewhereAt: postedAtOf(fields),
    ...(own && { fieldValues: own.fromTexts(fields), keepsFields: true }),
  }
}

/** What happened to a hold. */
function exportedAction(action: string, fields: Fields, text: string): HoldAction {
  if (action !== 'hold' && action !== 'capture' && action !== 'release' && action !== 'expire') {
    throw new NotExported(
      `action ${quote(action)} is not "hold", "capture", "release" or "expire", as daybook export writes it`,
    )
  }
  const holdId = required(fields, 'holdId')
  const postedElsewhereAt = postedAtOf(fields)
  if (action === 'release' || action === 'expire') {
    return { kind: action, holdId, postedElsewhereAt }
  }
  const content = {
    holdId,
    amount: required(fields, 'amount'),
    currency: required(fields, 'currency'),
    reference: optional(fields, 'reference'),
    metadata: metadataOf(fields.metadata, text),
    postedElsewhereAt,
  }
  if (action === 'hold') {
    return {
      kind: action,
      ...content,
      from: required(fields, 'from'),
      to: required(fields, 'to'),
      expiresAt: expiresAtOf(fields, postedElsewhereAt),
    }
  }
  const final = readFinal(fields.final)
  if (final instanceof Problem) throw new NotExported(final.text)
  return {
    kind: action,
    ...content,
    transferId: required(fields, 'transferId'),
    parties: { from: required(fields, 'from'), to: required(fields, 'to') },
    final,
    effectiveAt: dateOf(optional(fields, 'effectiveAt'), 'effectiveAt'),
  }
}

/** The place of a transfer in its group, if it has one. */
function legOf(fields: Fields): Pick<IdentifiedRequest, 'group' | 'leg' | 'legs'> {
  const group = optional(fields, 'group')
  if (group === undefined) return {}
  if (!isIdentifier(group)) throw new NotExported(`group ${quote(group)} is not ${IDENTIFIER_RULE}`)
  const [leg, legs] = [countOf(fields, 'leg'), countOf(fields, 'legs')]
  if (leg <= legs) return { group, leg, legs }
  throw new NotExported(`leg ${leg} is more than legs ${legs}`)
}

function countOf(fields: Fields, name: string): number {
  const text = required(fields, name)
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text)
  throw new NotExported(`${name} ${quote(text)} is not a whole number above zero`)
}

function required(fields: Fields, name: string): string {
  const value = optional(fields, name)
  if (value !== undefined) return value
  throw new NotExported(`${name} is missing: expected a record as daybook export writes it`)
}

function optional(fields: Fields, name: string): string | undefined {
  const value = fields[name]
  if (value === undefined || value === '' || value === null) return undefined
  if (typeof value === 'string') return value
  throw new NotExported(`${name} ${quote(value)} is not a text`)
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

function dateOf(text: string | undefined, name: string): Date | undefined {
  if (text === undefined) return undefined
  const date = new Date(text)
  if (TIME.test(text) && isEffectiveTime(date.getTime()) && date.toISOString() === text) return date
  throw new NotExported(
    `${name} ${quote(text)} is not a time such as 2026-01-31T09:30:00.000Z, as daybook export writes it`,
  )
}

/** How far another machine's clock may be ahead of this one's. */
const CLOCK_DIFFERENCE_MS = 24 * 60 * 60 * 1000

/** When a record was posted. Nothing was posted in the future. */
function postedAtOf(fields: Fields): Date {
  const text = required(fields, 'postedAt')
  const postedAt = dateOf(text, 'postedAt') as Date
  if (postedAt.getTime() <= Date.now() + CLOCK_DIFFERENCE_MS) return postedAt
  throw new NotExported(`postedAt ${quote(text)} is in the future: nothing was posted then`)
}

/** A hold expires after it was placed. */
function expiresAtOf(fields: Fields, postedAt: Date): Date | undefined {
  const text = optional(fields, 'expiresAt')
  const expiresAt = dateOf(text, 'expiresAt')
  if (!expiresAt || expiresAt > postedAt) return expiresAt
  throw new NotExported(
    `expiresAt ${quote(text)} is not after postedAt ${quote(postedAt.toISOString())}: a hold expires after it was placed`,
  )
}

/** Metadata, which are JSON in a CSV file. Where they are an object, its numbers are text, so they are read again. */
function metadataOf(value: unknown, text: string): Metadata | undefined {
  if (value === undefined || value === null || value === '') return undefined
  try {
    return typeof value === 'string'
      ? (JSON.parse(value) as Metadata)
      : (JSON.parse(text) as { metadata: Metadata }).metadata
  } catch {
    throw new NotExported(`metadata ${quote(value)} is not JSON`)
  }
}
