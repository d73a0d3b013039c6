import { UsageError } from './command.ts'

/** What an action of a command takes besides the options that all of them have, and what it cannot do without. */
export interface Action {
  readonly takes?: readonly string[]
  readonly needs?: readonly string[]
}

/** Refuses options that say nothing with an action, and misses those that it needs. */
export function checkAction(
  command: string,
  action: string,
  actions: Readonly<Record<string, Action>>,
  options: Readonly<Record<string, unknown>>,
): void {
  const { takes = [], needs = [] } = actions[action] ?? {}
  const isGiven = (option: string) => options[option] !== undefined && options[option] !== false
  const senseless = Object.values(actions)
    .flatMap((other) => [...(other.takes ?? []), ...(other.needs ?? [])])
    .find((option) => isGiven(option) && !takes.includes(option) && !needs.includes(option))
  if (senseless) throw new UsageError(`--${senseless} says nothing with ${command} ${action}`)
  const missing = needs.find((option) => !isGiven(option))
  if (missing) throw new UsageError(`${command} ${action} needs --${missing}`)
}
