/** Printable ASCII with at least one character that is not a space: nearly every text, and the quickest to see. */
const ASCII_TEXT = /^[ -~]*[!-~][ -~]*$/

/**
 * Control characters, characters that turn the order of others round, halves of characters, private ones,
 * those that Unicode never assigns, and those that are displayed as nothing. The joiners and the variation
 * selectors are displayed as nothing too, but they change the letter or emoji before them.
 */
const UNPRINTABLE =
  /[\p{Cc}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}]|(?![\u200C\u200D\p{Variation_Selector}])[\p{Cf}\p{Default_Ignorable_Code_Point}]/u

/** A variation selector or a joiner with nothing before it that it could change. */
const STRAY =
  /(?<![^\s\p{Default_Ignorable_Code_Point}])\p{Variation_Selector}|(?<![^\s\p{Default_Ignorable_Code_Point}]\p{Variation_Selector}?)[\u200C\u200D]/u

/** Anything but spaces, what is displayed as nothing, and the symbols that are drawn as a blank. */
const VISIBLE = /[^\s\p{Default_Ignorable_Code_Point}\u2800\u{16FE4}\u{1D159}]/u

/** Whether a value is a text of 1 to `longest` printable characters, at least one of which can be seen. */
export const isPrintableText = (value: unknown, longest: number): value is string =>
  typeof value === 'string' &&
  value.length <= longest &&
  (ASCII_TEXT.test(value) ||
    (VISIBLE.test(value) && !UNPRINTABLE.test(value) && !STRAY.test(value)))

/** A text without the characters that {@link isPrintableText} refuses wherever they stand. */
export const withoutUnprintable = (text: string): string =>
  text.replaceAll(new RegExp(UNPRINTABLE, 'gu'), '')
