import { printable } from '../../messages.ts'

/** Text that is HTML already. Only {@link html} and what draws charts make it. */
export class Html {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

/** What can stand in HTML: HTML, values, which are escaped, and lists of both. `undefined` and `false` are nothing. */
export type Part = Html | string | number | false | undefined | readonly Part[]

/**
 * HTML from a template. It escapes each value, so that a value is always text, both between tags and in an attribute in
 * double quotes.
 */
export const html = (strings: TemplateStringsArray, ...parts: readonly Part[]): Html =>
  new Html(strings.reduce((text, next, index) => text + textOf(parts[index - 1]) + next))

function textOf(part: Part): string {
  if (part instanceof Html) return part.text
  if (part === undefined || part === false) return ''
  if (typeof part === 'string') return escape(shortened(part))
  return typeof part === 'number' ? String(part) : part.map(textOf).join('')
}

/** In characters. No id, holder or reference is longer. */
const LONGEST = 500

/** A text from data as it is shown: what nobody could see in it as escapes, and cut if it is long. */
export function shortened(text: string, longest = LONGEST): string {
  const shown = printable(text.slice(0, longest + 1))
  if (shown.length <= longest) return shown
  return `${shown.slice(0, longest - 1).replace(/[\uD800-\uDBFF]$/, '')}…`
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

const escape = (text: string): string =>
  text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
