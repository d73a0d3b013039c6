/** yargs drops `-` from a list of files, so yargs sees this instead: no file can have this name. */
const STDIN = 'stdin\u0000'

/** Options without a value: a `-` after one of them is a file. */
const FLAG =
  /^--(?:no-)?(?:json|atomic|retry|dry-?[rR]un|spreadsheet|signed-debit|skip-zero|cut-reference|quiet|keep)$/

/** Replaces a parameter `-` by a name that yargs keeps. The value of an option stays as it is. */
export function withStdinNamed(
  parameter: string,
  index: number,
  parameters: readonly string[],
): string {
  const before = parameters[index - 1] ?? ''
  const isValue = /^--\w[^=]*$/.test(before) && !FLAG.test(before)
  return parameter === '-' && !isValue ? STDIN : parameter
}

/** Undoes {@link withStdinNamed}: the file as the user named it, `-` for standard input. */
export const fileNamed = (file: string): string => (file === STDIN ? '-' : file)
