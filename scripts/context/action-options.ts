import type { Argv } from 'yargs'
import { UsageError } from './command.ts'

/** The options of one action of a command, besides those that every action has. */
export interface ActionOptions {
  readonly required?: readonly string[]
  readonly optional?: readonly string[]
}

/** Leaves the options that belong only to other actions than the one that was typed out of the help. */
export function hideOtherActions<Options>(
  yargs: Argv<Options>,
  actions: Readonly<Record<string, ActionOptions>>,
  parameters: readonly string[],
): Argv<Options> {
  const action = parameters.find((parameter) => parameter in actions)
  if (action === undefined) return yargs
  const own = optionsOf(actions[action])
  for (const option of Object.values(actions).flatMap(optionsOf)) {
    if (!own.includes(option)) yargs.hide(option)
  }
  return yargs
}

const optionsOf = ({ required = [], optional = [] }: ActionOptions = {}): string[] => [
  ...required,
  ...optional,
]

/** @throws UsageError for an option that belongs to another action, or a required one that is missing */
export function checkActionOptions(
  command: string,
  action: string,
  actions: Readonly<Record<string, ActionOptions>>,
  options: Readonly<Record<string, unknown>>,
): void {
  const { required = [], optional = [] } = actions[action] ?? {}
  const isSet = (option: string) => options[option] !== undefined && options[option] !== false
  const foreign = Object.values(actions)
    .flatMap(optionsOf)
    .find((option) => isSet(option) && !optional.includes(option) && !required.includes(option))
  if (foreign) throw new UsageError(`--${foreign} cannot be used with ${command} ${action}`)
  const missing = required.find((option) => !isSet(option))
  if (missing) throw new UsageError(`${command} ${action} needs --${missing}`)
}
