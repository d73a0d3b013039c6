/** yargs drops a lone `-` from a list of files, so it goes past it under a name that no file has. */
const STDIN = 'stdin\u0000'

/** A parameter of the command line as yargs keeps it. */
export const withStdinNamed = (parameter: string): string => (parameter === '-' ? STDIN : parameter)

/** The file that a person named: `-` for standard input. */
export const fileNamed = (file: string): string => (file === STDIN ? '-' : file)
