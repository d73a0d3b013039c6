/** Our wording of the messages of yargs, in a form that `explainUsage` reads again. */
export const YARGS_MESSAGES: Readonly<Record<string, string | { one: string; other: string }>> = {
  'Not enough non-option arguments: got %s, need at least %s': inPlural('too few: %s of %s'),
  'Unknown argument: %s': inPlural('unknown: %s'),
  'Invalid values:': 'invalid value',
  'Argument: %s, Given: %s, Choices: %s': '%s is %s, expected one of %s',
  'Not enough arguments following: %s': '--%s needs a value',
  'Show help': 'show this help',
  'Show version number': 'show the version',
}

function inPlural(message: string) {
  return { one: message, other: message }
}

/** The options that every command has. */
export const COMMON_OPTIONS = ['uri', 'folder', 'ledger', 'quiet', 'help', 'version']
