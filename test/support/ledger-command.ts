import type { Call } from './ledger-calls.ts'

/** The parameters of the command that does a call, or undefined if no command line says it. */
export function commandOf(call: Call): string[] | undefined {
  const parameters = parametersOf(call)
  return parameters?.every(isPlain) ? parameters.map(String) : undefined
}

function parametersOf(call: Call): unknown[] | undefined {
  switch (call.verb) {
    case 'open': {
      const { accountId, holder, currency, openingBalance, overdraftLimit } = call.request
      const money = { balance: openingBalance, overdraft: overdraftLimit }
      return ['account', 'open', accountId, ...optionsOf({ holder, currency, ...money })]
    }
    case 'transfer': {
      const { transferId: id, from, to, amount, metadata, ...optional } = call.request
      if (metadata !== undefined) return undefined
      const { currency, reference, effectiveAt } = optional
      const options = { id, currency, reference, 'effective-at': dateOf(effectiveAt) }
      return ['transfer', from, to, amount, ...optionsOf(options)]
    }
    case 'reverse':
      return [
        'reverse',
        call.transferId,
        ...optionsOf({ reference: call.reference, 'effective-at': dateOf(call.effectiveAt) }),
      ]
    case 'hold': {
      const { holdId: id, from, to, amount, metadata, ...optional } = call.request
      if (metadata !== undefined) return undefined
      const { currency, reference, expiresAt } = optional
      const options = { id, currency, reference, 'expires-at': dateOf(expiresAt) }
      return ['hold', from, to, amount, ...optionsOf(options)]
    }
    case 'capture': {
      const { holdId, amount, final, metadata, transferId, reference, effectiveAt } = call.request
      if (metadata !== undefined) return undefined
      return [
        'capture',
        holdId,
        ...(amount === undefined ? [] : [amount]),
        ...(final ? ['--final'] : []),
        ...optionsOf({
          'transfer-id': transferId,
          reference,
          'effective-at': dateOf(effectiveAt),
        }),
      ]
    }
    case 'release':
      return ['release', call.holdId]
    case 'freeze':
    case 'unfreeze':
      return ['account', call.verb, call.accountId]
    case 'close':
      return ['account', 'close', call.accountId, ...optionsOf({ 'pay-out-to': call.payOutTo })]
    case 'setOverdraftLimit':
      return ['account', 'limit', call.accountId, ...optionsOf({ overdraft: call.limit })]
    default:
      return undefined
  }
}

/** A date as the command line has it. Another value is no text that a command could get. */
const dateOf = (value: unknown): unknown =>
  value === undefined || (value instanceof Date && Number.isFinite(value.getTime()))
    ? value?.toISOString()
    : Symbol('no date')

/** Each option with its value, as two parameters. */
const optionsOf = (values: Readonly<Record<string, unknown>>): unknown[] =>
  Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, value],
  )

/** Whether a shell and yargs take it as the text that it is. */
const isPlain = (parameter: unknown): boolean =>
  typeof parameter === 'string' && /^(--)?[A-Za-z0-9][\w:.-]*$/.test(parameter)
