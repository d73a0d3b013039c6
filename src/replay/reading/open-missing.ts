import { quote } from '../../messages.ts'
import { isCurrency } from '../../money/currency.ts'
import { templateProblem } from './values/templates.ts'

export const ACCOUNT_TEXTS = ['holder', 'currency', 'openingBalance', 'overdraftLimit'] as const
const OPENING_ROLES = ['from', 'to', 'account', 'counterparty'] as const

/** How an account is opened that a line names and that does not exist. `{COLUMN}` stands for a column's value. */
export interface AccountTexts {
  /** Default: the account's id. */
  readonly holder?: string | undefined
  /** Default: the currency of the line, or of its other account. */
  readonly currency?: string | undefined
  /** Default: zero. */
  readonly openingBalance?: string | undefined
  /** `unlimited` is the largest that can be stored: just below 10^24. Default: zero. */
  readonly overdraftLimit?: string | undefined
  /** Texts for fields of the ledger's own. */
  readonly fields?: Readonly<Record<string, string>> | undefined
}

/** {@link AccountTexts} for all accounts, and others for those of a role. */
export interface OpenMissing extends AccountTexts {
  readonly from?: AccountTexts | undefined
  readonly to?: AccountTexts | undefined
  readonly account?: AccountTexts | undefined
  readonly counterparty?: AccountTexts | undefined
}

/** What is wrong with the value of the option, as a phrase that follows it. */
export function openMissingProblem(option: unknown): string | undefined {
  if (typeof option === 'boolean') return undefined
  if (!isObject(option)) return 'is not true, false or an object such as { currency: "EUR" }'
  for (const [name, value] of Object.entries(option)) {
    if (value === undefined) continue
    const isRole = (OPENING_ROLES as readonly string[]).includes(name)
    if (isRole && !isObject(value)) return `has no object such as { holder: "{Name}" } for ${name}`
    const texts = isRole ? Object.entries(value as object) : [[name, value] as const]
    for (const [key, text] of texts) {
      const problem = textProblem(key, text)
      if (problem !== undefined) return problem
    }
  }
  return undefined
}

function textProblem(name: string, text: unknown): string | undefined {
  if (name === 'fields') {
    if (!isObject(text)) return 'has no object such as { branch: "{Branch}" } for fields'
    const wrong = Object.entries(text).find(
      ([, each]) => typeof each !== 'string' || templateProblem(each),
    )
    return (
      wrong &&
      `is wrong for fields.${wrong[0]}: ${quote(wrong[1])} is not a text with {COLUMN} for values`
    )
  }
  if (!(ACCOUNT_TEXTS as readonly string[]).includes(name)) {
    return `has the key ${name}: use one of ${[...ACCOUNT_TEXTS, 'fields', ...OPENING_ROLES].join(', ')}`
  }
  if (text === undefined) return undefined
  if (typeof text !== 'string') return `is wrong for ${name}: it is not a text`
  const problem = templateProblem(text)
  if (problem !== undefined) return `is wrong for ${name}: it ${problem}`
  return name === 'currency' && !text.includes('{') && !isCurrency(text)
    ? `is wrong for ${name}: ${text} is not an ISO 4217 code in capitals`
    : undefined
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
