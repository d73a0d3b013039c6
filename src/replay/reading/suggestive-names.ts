import { isCurrency } from '../../money/currency.ts'
import type { Role } from './roles.ts'

/**
 * Words in the names of columns that suggest a role, in some languages of Europe. They are good enough for a proposal
 * that a person checks, and too vague to be recognized without one.
 */
export const SUGGESTIVE_NAMES: readonly (readonly [Role, RegExp])[] = [
  ['counterparty', /\biban\b/i],
  [
    'counterparty',
    /gegenkonto|tegenrekening|counterpart|beneficiary|payee|empf.nger|(?:creditor|debtor).*iban/i,
  ],
  ['account', /^(?:konto|rekening|account|compte|cuenta|conto|auftragskonto|iban)/i],
  ['debit', /^(?:d.bit(?!or)|soll|belastung|withdrawal|paid.?out|money.?out)/i],
  ['credit', /^(?:cr.dit(?!or)|haben|gutschrift|deposit|paid.?in|money.?in)/i],
  ['direction', /af.?bij|soll.?haben|debit.?credit|credit.?debit|^d\/?c$|^(?:cr\W?dr|dr\W?cr)$/i],
  ['amount', /amount|betrag|bedrag|montant|importe|importo|kwota|bel(?:o|ø)pp?|beløb|umsatz$/i],
  ['amount', /^nett?o?\b/i],
  ['currency', /currency|w.hrung|waehrung|devise|munt|divisa|moneda/i],
  [
    'reference',
    /verwendungszweck|omschrijving|mededeling|libell|descri|concepto|causale|text|details/i,
  ],
]

/** A column with such a name is about the money before it was exchanged, and not about what the account got. */
export const OF_OTHER_MONEY = /original|exchange|foreign|local|fremd|ursprung/i

/** The currency in the name of a column, such as `Amount (EUR)`. */
export const currencyIn = (name: string): string[] =>
  (name.match(/(?<=\()[A-Z]{3}(?=\))/g) ?? []).filter((code) => isCurrency(code))
