/** yargs drops a lone `-` from a list of files, so it goes past it under a name that no file has. */
const STDIN = 'stdin\u0000'

/** Options without a value, or with none to follow: a `-` after one of them is a file. */
const FLAG = /^--(?:no-)?(?:json|atomic|dry-?[rR]un|quiet|keep)$/

/** A parameter of the command line as yargs keeps it. What is an option's value stays as it is. */
export function withStdinNamed(
  parameter: string,
  index: number,
  parameters: readonly string[],
): string {
  const before = parameters[index - 1] ?? ''
  const isValue = /^--\w[^=]*$/.test(before) && !FLAG.test(before)
  return parameter === '-' && !isValue ? STDIN : parameter
}

/** The file that a person named: `-` for standard input. */
export const fileNamed = (file: string): string => (file === STDIN ? '-' : file)
