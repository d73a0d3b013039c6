import { type Html, type Part, html } from './html.ts'

/** The exact text of an amount, with commas between thousands for people, and without them for programs. */
export const amount = (text: string): Html =>
  html`<data value="${text}">${withCommas(text.replace(/^-/, '−'))}</data>`

export const count = (value: number): Html =>
  html`<data value="${value}">${withCommas(String(value))}</data>`

const withCommas = (text: string): string =>
  text.replace(/\d+/, (digits) => digits.replaceAll(/\B(?=(?:\d{3})+$)/g, ','))

/** A date in UTC to the second, or without the time if it is midnight. */
export function moment(value: Date | string): Html {
  const date = new Date(value)
  const iso = date.toISOString()
  return html`<time datetime="${iso}"
    >${iso
      .slice(0, 19)
      .replace('T', ' ')
      .replace(/ 00:00:00$/, '')}</time
  >`
}

export const number = (value: number): string => withCommas(String(value))

export const plural = (value: number, noun: string): string =>
  `${number(value)} ${noun}${value === 1 ? '' : 's'}`

/** A column of a table. Numbers stand at the right. */
export interface Column {
  readonly head: string
  readonly right?: boolean
  readonly wide?: boolean
}

/** In characters. A longer id is broken at the end of a line. */
const LONGEST_WORD = 24

/** A table that scrolls by itself if it is wider than the page. */
export function table(
  caption: string,
  columns: readonly Column[],
  rows: readonly (readonly Part[])[],
  size = 'full',
): Html {
  const classOf = ({ right, wide }: Column = { head: '' }, cell?: Part) =>
    right
      ? 'right'
      : wide
        ? 'wide'
        : typeof cell === 'string' && cell.length > LONGEST_WORD
          ? 'long'
          : 'left'
  return html`<div class="table ${size}" role="region" aria-label="${caption}" tabindex="0">
    <table>
      <caption>
        ${caption}
      </caption>
      <thead>
        <tr>
          ${columns.map(
            (column) => html`<th scope="col" class="${classOf(column)}">${column.head}</th>`,
          )}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${row.map((cell, index) => html`<td class="${classOf(columns[index], cell)}">${cell}</td>`)}
            </tr> `,
        )}
      </tbody>
    </table>
  </div>`
}

export const section = (title: string, ...content: readonly Part[]): Html =>
  html`<section>
    <h2>${title}</h2>
    ${content}
  </section> `

export const note = (...content: readonly Part[]): Html => html`<p class="note">${content}</p>`

/** The few numbers that matter most. */
export const figures = (
  list: readonly { label: string; value: Part; tone?: 'good' | 'bad' | undefined }[],
): Html =>
  html`<dl class="figures">
    ${list.map(
      ({ label, value, tone }) =>
        html`<div class="${tone ?? 'plain'}">
          <dt>${label}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl> `

/** Names and what they stand for. */
export const facts = (list: readonly (readonly [name: string, value: Part])[]): Html =>
  html`<dl class="facts">
    ${list.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl> `

/** A text with `code` between backticks. */
export const withCode = (text: string): Part[] =>
  text.split('`').map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part))
