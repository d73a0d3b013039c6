import type { Argv } from 'yargs'
import type { Command, CommonOptions } from '../../context/command.ts'

/** What a command tells yargs of an option or an argument. */
export interface Described {
  readonly describe: string
  readonly type?: string
  readonly default?: string | number | boolean | readonly string[]
  readonly choices?: readonly string[]
  /** Whether it is the path of a file or a folder. */
  readonly isPath?: boolean
  /** Whether it may be given several times. */
  readonly isRepeatable?: boolean
}

interface DescribedCommand {
  readonly positionals: readonly (readonly [name: string, Described])[]
  readonly options: readonly (readonly [name: string, Described])[]
}

/** The arguments and options of a command, without those that belong only to other actions than a typed one. */
export function describeCommand<Options extends object>(
  { builder }: Pick<Command<Options>, 'builder'>,
  typed: readonly string[] = [],
): DescribedCommand {
  const positionals: [string, Described][] = []
  const options: [string, Described][] = []
  const hidden = new Set<string>()
  const recorder: Argv<CommonOptions> = new Proxy({} as Argv<CommonOptions>, {
    get: (_, method) => (name: string | Record<string, Described>, description: Described) => {
      if (typeof name === 'object') options.push(...Object.entries(name))
      else if (method === 'option') options.push([name, description])
      else if (method === 'positional') positionals.push([name, description])
      else if (method === 'hide') hidden.add(name)
      return recorder
    },
  })
  builder(recorder, typed)
  return { positionals, options: options.filter(([name]) => !hidden.has(name)) }
}
