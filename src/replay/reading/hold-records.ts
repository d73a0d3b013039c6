import { captureId, type HoldAction } from '../../ledger/holds/hold-request.ts'
import type { LedgerRequest } from '../../ledger/ledger-request.ts'
import type { Metadata } from '../../ledger/records.ts'
import type { IdentifiedRequest } from '../../ledger/request.ts'
import { quote } from '../../messages.ts'
import { type ColumnOptions, type FoundColumns, missingColumn } from './columns.ts'
import { transferMovement } from './movements.ts'
import type { OwnFieldReader } from './own-field-reader.ts'
import type { ReadingOptions } from './reading-options.ts'
import { type ReaderOfRole, expiresAtReader, idReader } from './role-readers.ts'
import type { Role } from './roles.ts'
import { type Action, readAction, readFinal } from './values/actions.ts'
import { Problem } from './values/problem.ts'
import { Skipped } from './values/skipped.ts'
import { type ValueOf, isMissing } from './values/values.ts'

type HoldActionName = Exclude<Action, 'transfer'>

interface HoldRecordOptions {
  readonly columns: readonly string[]
  readonly columnOptions: ColumnOptions
  readonly found: FoundColumns
  readonly readerOf: ReaderOfRole
  readonly options: ReadingOptions
  readonly fields: OwnFieldReader | undefined
  readonly onZoneUsed: () => void
  /** Reads the parts that an action has in common with a transfer. */
  readonly currency: (value: ValueOf) => unknown
  readonly reference: ((value: ValueOf) => unknown) | undefined
  readonly metadata: (value: ValueOf) => Metadata | undefined
  readonly effectiveAt: ((value: ValueOf) => IdentifiedRequest['effectiveAt'] | Problem) | undefined
  /** Reads a transfer, if all columns that one needs are there. */
  readonly transfer: (value: ValueOf) => IdentifiedRequest | Skipped | Problem
}

/** What an action cannot have, and why. A value there is refused, because it would have no effect. */
const EXCLUDED: Readonly<Record<Action, Readonly<Partial<Record<Role, string>>>>> = {
  transfer: {
    holdId: 'it is not about a hold',
    expiresAt: 'only a hold expires',
    final: 'only a capture can be final',
  },
  hold: {
    final: 'only a capture can be final',
    effectiveAt: 'it moves no money',
    group: 'a group has only transfers',
  },
  capture: {
    from: 'its hold says who pays whom',
    to: 'its hold says who pays whom',
    expiresAt: 'only a hold expires',
    group: 'a group has only transfers',
  },
  release: {
    from: 'its hold says who pays whom',
    to: 'its hold says who pays whom',
    amount: 'it gives back all that is left',
    currency: 'it gives back all that is left',
    reference: 'it moves no money',
    effectiveAt: 'it moves no money',
    expiresAt: 'only a hold expires',
    final: 'only a capture can be final',
    group: 'a group has only transfers',
  },
}

/** Columns without which a file cannot be read are not to be left out. */
const NEEDED: ReadonlySet<Role> = new Set<Role>(['from', 'to', 'amount', 'currency'])

/** Makes the function that reads the records of a file in which they may place, capture and release holds. */
export function holdRecordReader({
  columns,
  columnOptions,
  found: { indexes },
  readerOf,
  options,
  fields,
  onZoneUsed,
  ...parts
}: HoldRecordOptions): (value: ValueOf) => LedgerRequest | Skipped | Problem {
  const actionText = readerOf('action')
  const transferId = idReader('transferId', readerOf, options)
  const holdId = idReader('holdId', readerOf, options)
  const finalText = readerOf('final')
  const expiresAt = expiresAtReader(readerOf, options, onZoneUsed)
  const movement = transferMovement(orMissing(readerOf), options)
  const amountText = orMissing(readerOf)('amount')
  const amountOfCapture = transferMovement(onlyAmount(readerOf), { ...options, set: {} })
  const lacking = (['from', 'to', 'amount'] as const).find((role) => !readerOf(role))

  /** Why an action cannot have a value that a column of the record has. */
  const excluded = {
    transfer: excludedReader('transfer'),
    hold: excludedReader('hold'),
    capture: excludedReader('capture'),
    release: excludedReader('release'),
  }

  function excludedReader(action: Action): (value: ValueOf) => Problem | undefined {
    const roles = Object.entries(EXCLUDED[action]).flatMap(([name, why]) => {
      const role = name as Role
      const index = indexes[role]
      return index === undefined ? [] : [{ role, why, index }]
    })
    const own = action === 'transfer' ? [] : (fields?.indexes ?? [])
    return (value) => {
      for (const { role, why, index } of roles) {
        const found = value(index)
        if (isMissing(found) || (role === 'final' && readFinal(found) === false)) continue
        const isForgotten = action === 'transfer' && role === 'holdId'
        const name = isForgotten ? 'name an action (hold, capture or release), or ' : ''
        const hint = NEEDED.has(role) ? '' : `, or add --map ${role}= if no line needs it`
        return new Problem(
          `a ${action} has no ${role}, because ${why}: ${name}leave ${quote(found)} out${hint}`,
        )
      }
      for (const index of own) {
        if (isMissing(value(index))) continue
        return new Problem(
          `a ${action} has no ${quote(columns[index])}, because only transfers have fields of the ledger’s own: leave ${quote(value(index))} out`,
        )
      }
      return undefined
    }
  }

  function lackingFor(action: Action): Problem | undefined {
    if (lacking === undefined) return undefined
    return new Problem(`a ${action} needs it: ${missingColumn(columns, lacking, columnOptions)}`)
  }

  function read(action: HoldActionName, value: ValueOf): HoldAction | Skipped | Problem {
    switch (action) {
      case 'hold':
        return readHold(value)
      case 'capture':
        return readCapture(value)
      default: {
        const id = requiredHoldId('release', value)
        return id instanceof Problem ? id : { kind: 'release', holdId: id as string }
      }
    }
  }

  function requiredHoldId(action: HoldActionName, value: ValueOf): unknown {
    const id = holdId?.(value)
    if (id instanceof Problem || !isMissing(id)) return id
    return new Problem(
      holdId
        ? `a ${action} needs the id of its hold, and the holdId is empty`
        : `a ${action} needs the id of its hold: ${missingColumn(columns, 'holdId', columnOptions)}`,
    )
  }

  /** The id of a hold to place. It may be in either column of ids; a file with neither gets made ones. */
  function idOfNewHold(value: ValueOf): unknown {
    const own = holdId?.(value)
    if (own instanceof Problem || !isMissing(own)) return own
    const other = options.idFrom ? undefined : transferId?.(value)
    if (!isMissing(other) || !holdId || options.idFrom) return other
    return new Problem('a hold needs an id, and its holdId is empty')
  }

  function readHold(value: ValueOf): HoldAction | Skipped | Problem {
    const problem = lackingFor('hold')
    if (problem) return problem
    const id = idOfNewHold(value)
    if (id instanceof Problem) return id
    const currency = parts.currency(value)
    if (currency instanceof Problem) return currency
    const moved = movement(value, currency)
    if (moved instanceof Problem || moved instanceof Skipped) return moved
    const expiry = expiresAt?.(value)
    if (expiry instanceof Problem) return expiry
    return {
      kind: 'hold',
      holdId: id,
      from: moved.from,
      to: moved.to,
      amount: moved.amount,
      currency: moved.currency,
      expiresAt: expiry,
      reference: parts.reference?.(value),
      metadata: parts.metadata(value),
    } as HoldAction
  }

  function readCapture(value: ValueOf): HoldAction | Skipped | Problem {
    const id = requiredHoldId('capture', value)
    if (id instanceof Problem) return id
    const lineCurrency = parts.currency(value)
    if (lineCurrency instanceof Problem) return lineCurrency
    const hasAmount = !isMissing(amountText?.(value))
    const moved = hasAmount
      ? amountOfCapture(value, lineCurrency)
      : { amount: undefined, currency: lineCurrency }
    if (moved instanceof Problem || moved instanceof Skipped) return moved
    const final = readFinal(finalText?.(value))
    if (final instanceof Problem) return final
    const date = parts.effectiveAt?.(value)
    if (date instanceof Problem) return date
    const ownId = options.idFrom ? undefined : transferId?.(value)
    if (ownId instanceof Problem) return ownId
    const isWhole = final || !hasAmount
    return {
      kind: 'capture',
      holdId: id,
      transferId: isMissing(ownId) && isWhole ? captureId(id as string) : ownId,
      amount: moved.amount,
      currency: moved.currency,
      final: final || undefined,
      reference: parts.reference?.(value),
      metadata: parts.metadata(value),
      effectiveAt: date,
    } as HoldAction
  }

  return (value) => {
    const action = readAction(actionText?.(value))
    if (action instanceof Problem) return action
    const problem = excluded[action](value)
    if (problem) return problem
    return action === 'transfer'
      ? (lackingFor(action) ?? parts.transfer(value))
      : read(action, value)
  }
}

/** A file may do without the columns that only some actions need. */
const orMissing =
  (readerOf: ReaderOfRole): ReaderOfRole =>
  (role, options) =>
    readerOf(role, options) ?? (() => undefined)

/** The amount of a capture, whose hold says who pays whom. */
const onlyAmount =
  (readerOf: ReaderOfRole): ReaderOfRole =>
  (role, options) =>
    role === 'amount' ? (readerOf(role, options) ?? (() => undefined)) : () => undefined
