import { type Command, Exit } from '../../context/command.ts'
import { type Register, listCommands } from '../command-list.ts'
import { describeCommand } from './described-command.ts'
import { type CompletedCommand, completionScript, completionsOf } from './script.ts'

export const completionCommand: Command<object> = {
  examples: [
    ['completion', 'print a script that completes commands, options, values and files'],
    ['completion > ~/.daybook-completion', 'keep it in a file, which a shell reads faster'],
  ],
  unused: ['uri', 'folder', 'ledger'],
  builder: (yargs) => yargs,
  async run(_options, context) {
    context.print(completionScript(await completedCommands()))
    return Exit.done
  },
}

const COMMON: CompletedCommand['options'] = [
  ['uri', {}],
  ['folder', { isPath: true }],
  ['ledger', { isPath: true }],
  ['quiet', undefined],
  ['help', undefined],
  ['version', undefined],
]

/** All commands, those with an action once more for each action, and what can be typed where no command is. */
async function completedCommands(): Promise<CompletedCommand[]> {
  const names: string[] = []
  const commands: CompletedCommand[] = []
  const register: Register = async (usage, _describe, load) => {
    const [name = '', first = ''] = usage.split(' ')
    const command = await load()
    const complete = (...typed: string[]): CompletedCommand => {
      const { options, positionals } = describeCommand(command, typed)
      const all = positionals.map(([each, described]) => completionsOf(each, described))
      return {
        name: [name, ...typed].join(' '),
        options: [
          ...options.map(
            ([option, described]) =>
              [
                option,
                described.type === 'boolean' ? undefined : completionsOf('', described),
              ] as const,
          ),
          ...COMMON,
        ],
        // A word that is a part of the usage, such as in `formats try <file>`, has no description.
        positionals: /^\w/.test(first) ? [{ words: [first] }, ...all] : all,
      }
    }
    const whole = complete()
    const actions = whole.positionals[0]?.words ?? []
    names.push(name)
    commands.push(whole, ...actions.map((action) => ({ ...complete(action), positionals: [] })))
  }
  await listCommands(register)
  return [{ name: '', options: COMMON, positionals: [{ words: names }] }, ...commands]
}
