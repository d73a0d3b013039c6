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
      const { transferId: id, from, to, amount, currency, reference, metadata } = call.request
      if (metadata !== undefined) return undefined
      return ['transfer', from, to, amount, ...optionsOf({ id, currency, reference })]
    }
    case 'reverse':
      return ['reverse', call.transferId, ...optionsOf({ reference: call.reference })]
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

/** Each option with its value, as two parameters. */
const optionsOf = (values: Readonly<Record<string, unknown>>): unknown[] =>
  Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, value],
  )

/** Whether a shell and yargs take it as the text that it is. */
const isPlain = (parameter: unknown): boolean =>
  typeof parameter === 'string' && /^(--)?[A-Za-z0-9][\w:.-]*$/.test(parameter)
