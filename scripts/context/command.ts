import type { Connection } from 'mongoose'
import type { ArgumentsCamelCase, Argv } from 'yargs'

/** The exit codes, the same in every command. */
export const Exit = {
  done: 0,
  failure: 1,
  pending: 2,
  locked: 3,
  badInput: 4,
  refusals: 5,
  usage: 64,
  interrupted: 130,
} as const
export type ExitCode = (typeof Exit)[keyof typeof Exit]

/** Options that every command has. */
export interface CommonOptions {
  uri?: string | undefined
  folder: string
  quiet: boolean
}

/** The world around a command line: `cli.ts` gives the process's, a test gives its own. A command sees it as `--quiet` lets it. */
export interface Context {
  /** Writes what a caller captures: stdout. */
  readonly print: (text: string) => void
  /** Tells a person what goes on: stderr, nothing under `--quiet`. */
  readonly log: (text: string) => void
  /** Where progress is drawn; undefined under `--quiet`. */
  readonly progress: NodeJS.WriteStream | undefined
  readonly stdin: NodeJS.ReadStream
  /** How many columns of a terminal stdout has, where a table is for eyes; undefined where it is none. */
  readonly columns: number | undefined
  /** Aborted by SIGINT and SIGTERM: finish what is in flight, then end. */
  readonly signal: AbortSignal
}

/** A database that a command works on. */
export interface Database {
  readonly connection: Connection
  /** Without its password, for people. */
  readonly name: string
  /** Whether it is on this machine. */
  readonly isLocal: boolean
}

/** The command line cannot be understood: exit 64. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The command failed, and the message says what can be done about it: exit 1, without a stack. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure'
}

/** The yargs option `--json`, of every command that prints a result. */
export const jsonOption = { describe: 'print JSON', type: 'boolean', default: false } as const

/** A yargs option that takes a whole number within bounds; anything else is a usage error. */
export const wholeNumber = (
  name: string,
  {
    least,
    most = Number.MAX_SAFE_INTEGER,
    ...option
  }: { least: number; most?: number; describe: string },
) => ({
  ...option,
  type: 'string' as const,
  requiresArg: true,
  coerce(text: string): number {
    const value = Number(text)
    if (!/^-?\d+$/.test(text) || value < least || value > most) {
      const range =
        most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`
      throw new UsageError(`--${name} ${text}: expected a whole number ${range}`)
    }
    return value
  },
})

/** A subcommand: what yargs shows and reads, and the function that does it. */
export interface Command<Options extends object> {
  readonly command: string | readonly string[]
  readonly describe: string
  readonly builder: (yargs: Argv<CommonOptions>) => Argv<CommonOptions & Options>
  readonly run: (
    options: ArgumentsCamelCase<CommonOptions & Options>,
    context: Context,
  ) => Promise<ExitCode>
}

/** Whether this runs compiled, as in the package that others install, and not from its sources. */
export const isInstalled = import.meta.url.endsWith('.js')
