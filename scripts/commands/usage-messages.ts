import { didYouMean, named } from '../../src/internal.ts'
import { COMMON_OPTIONS } from './yargs-messages.ts'

/** What the command line was when yargs refused it. */
interface RefusedCommandLine {
  readonly parameters: readonly string[]
  /** The command with its positionals, such as `transfer <from> <to> <amount>`. Empty if there is no such command. */
  readonly usage: string
  readonly commands: readonly string[]
  /** The options of the command, without dashes. */
  readonly options: readonly string[]
}

/** A message of yargs as a sentence that says what is wrong and what was probably meant. */
export function explainUsage(message: string, commandLine: RefusedCommandLine): string {
  const [kind, rest = ''] = message.split(/: (.*)/s, 2)
  if (kind === 'too few') {
    const missing = explainMissing(Number.parseInt(rest), commandLine)
    const unknown = unknownOption(commandLine)
    if (unknown === undefined) return missing
    return `${unknown}${unknown.endsWith('?') ? '' : '.'} ${missing}`
  }
  if (kind === 'unknown') return explainUnknown(rest.split(', '), commandLine)
  const [, name = '', given, list = ''] =
    /(\S+) is "(.*?)", expected one of (.*)$/m.exec(message) ?? []
  if (given === undefined) return message
  const choices = list.replaceAll('"', '').split(', ')
  const isArgument = commandLine.usage
    .split(' ')
    .some((each) => /^[<[](.*)[\]>]$/.exec(each)?.[1] === name)
  const subject = isArgument ? `${name} ` : `--${name} `
  return `${subject}${named(given)}: expected one of ${choices.join(', ')}${didYouMean(given, choices)}`
}

function explainMissing(given: number, { usage }: RefusedCommandLine): string {
  const [name = '', ...positionals] = usage.split(' ')
  const missing = positionals.slice(given).filter((each) => each.startsWith('<'))
  return `${name} needs ${positionals.join(' ')}: ${listFormat.format(missing)} ${missing.length === 1 ? 'is' : 'are'} missing`
}

const listFormat = new Intl.ListFormat('en-GB')

/** The name of an option that was typed, without dashes. */
const nameOf = (parameter: string): string | undefined => /^--?([^=]*)/.exec(parameter)?.[1]

const explainOption = (typed: string, options: readonly string[]): string =>
  `unknown option ${named(typed.replace(/=.*/s, ''))}${didYouMean(nameOf(typed) ?? '', options, '--')}`

/** What is wrong with the first option that the command does not have: yargs looks for missing arguments first. */
function unknownOption({ parameters, options }: RefusedCommandLine): string | undefined {
  const typed = parameters.find(
    (parameter) => /^--\w/.test(parameter) && !isOption(nameOf(parameter) ?? '', options),
  )
  return typed === undefined ? undefined : explainOption(typed, options)
}

/** Whether a command has an option, which may be negated or written in camel case. */
function isOption(name: string, options: readonly string[]): boolean {
  const inKebabCase = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  return [...options, ...COMMON_OPTIONS].includes(inKebabCase.replace(/^no-/, ''))
}

function explainUnknown(
  [unknown = '']: readonly string[],
  { parameters, usage, commands, options }: RefusedCommandLine,
): string {
  const typed = parameters.find((parameter) => nameOf(parameter) === unknown)
  if (typed !== undefined) return explainOption(typed, options)
  if (usage === '') {
    return `unknown command ${named(unknown)}${didYouMean(unknown, commands)}`
  }
  const own = options.filter((option) => !COMMON_OPTIONS.includes(option))
  return `${named(unknown)} is one argument too many for ${usage}. Its options are ${own.map((option) => `--${option}`).join(', ')}`
}
