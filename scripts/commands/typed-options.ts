import { didYouMean, named } from '../../src/internal.ts'
import { type Command, UsageError } from '../context/command.ts'
import { type Described, describeCommand } from './completion/described-command.ts'

/** The options of every command: those that take a value, and those that take none. */
const COMMON_VALUES = new Set(['uri', 'folder', 'ledger'])
const COMMON_FLAGS = new Set(['quiet', 'help', 'version'])

/** An option as it was typed. */
interface TypedOption {
  /** Without a value, such as `--no-spreadsheet`. */
  readonly text: string
  /** In kebab case and without `no-`. */
  readonly name: string
  readonly isNegated: boolean
  /** What comes after `=`. */
  readonly value: string | undefined
  /** The parameter after it, which may be its value. */
  readonly next: string | undefined
}

/**
 * Refuses what yargs would take and the command ignore. Options that the command does not have are left to yargs.
 * @throws UsageError
 */
export function checkTypedOptions<Options extends object>(
  parameters: readonly string[],
  { usage, command }: { usage: string; command: Command<Options> },
): void {
  const described = describeCommand(command, parameters)
  const options = new Map(described.options)
  const isFlag = (name: string) => options.get(name)?.type === 'boolean' || COMMON_FLAGS.has(name)
  const [commandName = ''] = usage.split(' ')
  const typed = typedOptions(parameters)
  const isTyped = (name: string) => typed.some((option) => option.name === name)
  refuseRepeated(typed, options)
  for (const { text, name, isNegated, value, next } of typed) {
    const isPositional = described.positionals.some(([positional]) => positional === name)
    if (isPositional && !options.has(name)) {
      throw new UsageError(`${text} is not an option: give its value at its place in ${usage}`)
    }
    if (!options.has(name) && !isFlag(name) && !COMMON_VALUES.has(name)) continue
    if (isFlag(name) && value !== undefined && value !== 'true' && value !== 'false') {
      throw new UsageError(`${text} takes no value, but it has ${named(value)}`)
    }
    if (isNegated && !isFlag(name)) {
      throw new UsageError(`${text} means nothing: --${name} takes a value, so leave it out`)
    }
    if ((value ?? next) === '' && isNeverEmpty(name, options.get(name))) {
      throw new UsageError(`${text} is empty: give it a value, or leave it out`)
    }
    if (command.unused?.some((unused) => unused === name)) {
      throw new UsageError(`${text} has no effect on ${commandName}: leave it out`)
    }
    const needed = command.dependent?.[name]
    if (needed && !isNegated && !needed.some(isTyped)) {
      const others = needed.map((other) => `--${other}`).join(' or ')
      throw new UsageError(`${text} has no effect without ${others}`)
    }
  }
  if (isTyped('folder') && !command.unused?.includes('uri')) refuseTwoDatabases(isTyped('uri'))
}

/** Checks the words of a usage that are neither its name nor an argument, such as `try` in `formats try <file>`: yargs takes any for them. */
export function requireWords(usage: string, options: object): void {
  for (const word of usage
    .split(' ')
    .slice(1)
    .filter((each) => /^\w/.test(each))) {
    const typed = String(Reflect.get(options, word))
    if (typed !== word) {
      throw new UsageError(`expected ${usage}, not ${named(typed)}${didYouMean(typed, [word])}`)
    }
  }
}

const isNeverEmpty = (name: string, option: Described | undefined): boolean =>
  option?.isPath ?? COMMON_VALUES.has(name)

/** Otherwise a command could write to a database that its user does not mean. */
function refuseTwoDatabases(isUriTyped: boolean): void {
  if (isUriTyped) {
    throw new UsageError(
      '--folder cannot be combined with --uri: the folder is that of the local database',
    )
  }
  if (process.env['MONGODB_URI']) {
    throw new UsageError(
      '--folder has no effect, because MONGODB_URI names another database than the local one: unset it, or leave out --folder',
    )
  }
}

/** yargs passes an option that appears twice to its command as an array. */
function refuseRepeated(
  typed: readonly TypedOption[],
  options: ReadonlyMap<string, Described>,
): void {
  const names = typed.map(({ name }) => name)
  const repeated = typed.find(
    ({ name }, index) => names.indexOf(name) !== index && !options.get(name)?.isRepeatable,
  )
  if (repeated) throw new UsageError(`--${named(repeated.name)} appears more than once`)
}

function typedOptions(parameters: readonly string[]): TypedOption[] {
  const end = parameters.indexOf('--')
  return parameters.slice(0, end === -1 ? undefined : end).flatMap((parameter, index) => {
    const [, text, value] = /^(--\w[^=]*)(?:=(.*))?$/s.exec(parameter) ?? []
    if (text === undefined) return []
    const kebab = text.slice(2).replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
    const name = kebab.replace(/^no-/, '')
    return [
      { text: named(text), name, isNegated: name !== kebab, value, next: parameters[index + 1] },
    ]
  })
}
