import type { Connection } from 'mongoose'
import type { ArgumentsCamelCase, Argv } from 'yargs'
import { named } from '../../src/internal.ts'

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

/** The folder of the local database, unless `--folder` names another. */
export const DEFAULT_FOLDER = '.daybook'

export interface CommonOptions {
  uri?: string | undefined
  folder: string
  ledger?: string | undefined
  quiet: boolean
}

/** Input and output of a command. `cli.ts` passes the process's streams, a test its own. With `--quiet`, `log` and `progress` are silent. */
export interface Context {
  /** Writes a result to stdout, for the caller to capture. */
  readonly print: (text: string) => void
  /** Writes a message for a person to stderr; does nothing with `--quiet`. */
  readonly log: (text: string) => void
  /** The stream that progress is drawn on; undefined with `--quiet`. */
  readonly progress: NodeJS.WriteStream | undefined
  readonly stdin: NodeJS.ReadStream
  /** The terminal's width in columns; undefined if stdout is not a terminal. */
  readonly columns: number | undefined
  /** Aborted by SIGINT and SIGTERM: finish what is in flight, then exit. */
  readonly signal: AbortSignal
}

/** What the streams of a process are. A test that passes none has no terminal. */
export interface Terminal {
  /** The width of the terminal that messages go to, in columns; undefined if stderr is not one. */
  readonly logColumns?: number | undefined
  /** Whether results are to have colours. */
  readonly printsColours?: boolean
  /** Whether messages are to have colours. */
  readonly logsColours?: boolean
}

export interface Database {
  readonly connection: Connection
  /** Its connection string without the password, for messages. */
  readonly name: string
  /** Whether it is the local database that Daybook itself runs. Commands that destroy want `--force` for any other. */
  readonly isLocal: boolean
  /** Whether its address is on this machine. It may lead through a tunnel to another one. */
  readonly isNear: boolean
}

/** The command line is wrong: exit 64. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The command failed, and the message says what to do about it: exit 1, without a stack. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure'
}

/** A yargs option that takes a text. */
export const textOption = (describe: string) =>
  ({ describe, type: 'string', requiresArg: true }) as const

/** A text that a command needs, at its place after the command's name. */
export const textPosition = (describe: string) =>
  ({ describe, type: 'string', demandOption: true }) as const

/** A yargs option that takes the path of a file or a folder, which a shell completes. */
export const fileOption = (describe: string) => ({ ...textOption(describe), isPath: true }) as const

/** A yargs option that takes no value. */
export const flagOption = (describe: string) =>
  ({ describe, type: 'boolean', default: false }) as const

/** The option `--json` of every command that prints a result. */
export const jsonOption = flagOption('print JSON')

/** The option `--dry-run` of every command that writes. */
export const dryRunOption = flagOption('show what would happen and write nothing')

/** A yargs option that takes a whole number within bounds; anything else is a usage error. */
export const wholeNumber = <Default extends number | undefined = undefined>(
  name: string,
  {
    least,
    most = Number.MAX_SAFE_INTEGER,
    ...option
  }: { least: number; most?: number; describe: string; default?: Default },
) => ({
  ...(option as { describe: string; default: Default }),
  type: 'string' as const,
  requiresArg: true,
  coerce(text: string): number {
    const value = Number(text)
    if (!/^-?\d+$/.test(text) || value < least || value > most) {
      const range =
        most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`
      throw new UsageError(`--${name} ${named(text)}: expected a whole number ${range}`)
    }
    return value
  },
})

/** A command: what yargs parses and shows, and the function that runs it. The list of commands has its usage. */
export interface Command<Options extends object> {
  /** Gets also what was typed, because the help of one action leaves out the options of the others. */
  readonly builder: (
    yargs: Argv<CommonOptions>,
    parameters: readonly string[],
  ) => Argv<CommonOptions & Options>
  /** At least two, each with what it does. */
  readonly examples: readonly (readonly [example: string, what: string])[]
  /** The options that do nothing without one of others. */
  readonly dependent?: Readonly<Record<string, readonly string[]>>
  /** The options of every command that this one has no use for. */
  readonly unused?: readonly ('uri' | 'folder' | 'ledger')[]
  readonly run: (
    options: ArgumentsCamelCase<CommonOptions & Options>,
    context: Context,
  ) => Promise<ExitCode>
}

/** Whether this is the compiled package, not the sources in the repository. */
export const isInstalled = import.meta.url.endsWith('.js')
