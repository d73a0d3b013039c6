import stringWidth from 'string-width'
import { printable } from '../../src/internal.ts'
import { changeUnpainted, unpainted } from './paint.ts'

/** How many columns of a terminal a text takes. Its marks take none. */
export function widthOf(marked: string): number {
  const text = unpainted(marked)
  // The library takes long for each text, and most are as simple as this.
  return ASCII.test(text) ? text.length : stringWidth(text)
}

const ASCII = /^[\u0020-\u007E]*$/

/**
 * Wraps the lines of a text between words, to the width of a terminal if there is one. A longer word, such as a path, stays
 * whole, so that it can be copied.
 */
export function wrapText(text: string, columns: number | undefined): string {
  if (columns === undefined) return text
  return text
    .split('\n')
    .flatMap((line) => wrapLine(changeUnpainted(line, printable), columns, (word) => [word]))
    .join('\n')
}

/** The lines of a cell, which is not painted. Words that are wider, such as ids, are broken. */
export const wrapCell = (text: string, columns: number): string[] =>
  wrapLine(text, columns, (word) => breakWord(word, columns))

function wrapLine(text: string, columns: number, broken: (word: string) => string[]): string[] {
  if (widthOf(text) <= columns) return [text]
  const lines: string[] = []
  let line = ''
  let width = 0
  let gap = ''
  for (const [index, piece] of text.split(/( +)/).entries()) {
    if (index % 2 === 1) {
      gap = piece
      continue
    }
    const [first = '', ...others] = widthOf(piece) > columns ? broken(piece) : [piece]
    if (width > 0 && width + gap.length + widthOf(first) > columns) {
      lines.push(line)
      line = first
    } else line += gap + first
    for (const other of others) {
      lines.push(line)
      line = other
    }
    gap = ''
    width = widthOf(line)
  }
  return [...lines, line]
}

const segmenter = new Intl.Segmenter('en')

/** Breaks a word after a hyphen or the like where it has one, and else where the column ends. */
function breakWord(word: string, columns: number): string[] {
  const lines: string[] = []
  let line = ''
  let joint = 0
  for (const { segment } of segmenter.segment(word)) {
    if (line !== '' && stringWidth(line + segment) > columns) {
      const end = joint === 0 ? line.length : joint
      lines.push(line.slice(0, end))
      line = line.slice(end)
      joint = 0
    }
    line += segment
    if (JOINT.test(segment)) joint = line.length
  }
  return [...lines, line]
}

/** What a long id is broken after. */
const JOINT = /[-_/.:,;|]/
