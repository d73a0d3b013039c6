import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isPrintableText } from '../../src/ledger/printable-text.ts'

const isText = (text: string) => isPrintableText(text, 256)

describe('isPrintableText', () => {
  test.each([
    'Ada Lovelace',
    'Zoë',
    'Zoe\u0308',
    'क्‍ष',
    'می‌خواهم',
    '👩‍👩‍👧',
    '❤️‍🔥 for you',
    '葛\u{E0100}城',
    '⠓⠑⠇⠇⠕⠀⠺⠕⠗⠇⠙',
  ])('accepts %s', (text) => {
    expect(isText(text)).toBe(true)
  })

  test.each([
    ['nothing', ''],
    ['spaces', '   \u00A0\u3000'],
    ['a Hangul filler', '\u3164'],
    ['blank Braille patterns', '\u2800\u2800'],
    ['joiners', '\u200D\u200C'],
    ['a variation selector', '\uFE0F'],
    ['a musical symbol without a form', '\u{1D159}'],
    ['an escape', 'Ada\u001B[2J'],
    ['a C1 control character', 'Ada\u009B2J'],
    ['a right-to-left override', 'Ada\u202E'],
    ['a filler between letters', 'A\u3164da'],
    ['a grapheme joiner', 'A\u034Fda'],
    ['a noncharacter', 'Ada\uFFFF'],
    ['a noncharacter of another plane', 'Ada\u{1FFFE}'],
    ['half a character', 'Ada\uD800'],
    ['a character of private use', 'Ada\uE000'],
    ['a joiner at the start', '\u200DAda'],
    ['a joiner after a space', 'Ada \u200CLovelace'],
    ['two joiners', 'Ada\u200D\u200DLovelace'],
    ['two variation selectors', '❤\uFE0F\uFE0F'],
  ])('refuses %s', (_what, text) => {
    expect(isText(text)).toBe(false)
  })

  test('accepts all printable ASCII that is not blank, up to the length', () => {
    const ascii = fc.string({
      unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCodePoint(code)),
    })
    const property = fc.property(ascii, (text) => {
      expect(isText(text)).toBe(text.trim() !== '')
    })
    fc.assert(property)
    expect(isPrintableText('abc', 3)).toBe(true)
    expect(isPrintableText('abcd', 3)).toBe(false)
  })

  test('refuses what is displayed as nothing at all, however long', () => {
    const nothing = fc.constantFrom(
      ' ',
      '\u00A0',
      '\u200B',
      '\u200D',
      '\uFE0F',
      '\u3164',
      '\u2800',
      '\u00AD',
      '\u{E0001}',
    )
    const property = fc.property(fc.string({ unit: nothing }), (text) => {
      expect(isText(text)).toBe(false)
    })
    fc.assert(property)
  })
})
