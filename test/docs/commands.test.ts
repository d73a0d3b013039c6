import { readFile, readdir } from 'node:fs/promises'
import { format } from 'prettier'
import { expect, test } from 'vitest'
import { listCommands } from '../../scripts/commands/command-list.ts'
import { COMMON_OPTIONS } from '../../scripts/commands/yargs-messages.ts'
import {
  type Described,
  describeCommand,
} from '../../scripts/commands/completion/described-command.ts'

const usages: string[] = []
const sections: string[] = []
/** The options of each command, by its first word. */
const optionsOf = new Map<string, string[]>()
await listCommands(async (usage, describe, load) => {
  const command = await load()
  const { positionals, options } = describeCommand(command)
  usages.push(usage)
  optionsOf.set(
    usage.split(' ')[0] ?? '',
    options.map(([name]) => name),
  )
  sections.push(
    `## ${usage.replace(/ [<[].*/, '')}`,
    `\`\`\`\ndaybook ${usage}\n\`\`\``,
    sentence(describe),
    positionals.map(([name, of]) => `- \`${name}\`: ${explained(of)}`).join('\n'),
    table(options),
    `\`\`\`sh\n${command.examples.map(([example, what]) => `# ${what}\ndaybook ${example}`).join('\n\n')}\n\`\`\``,
  )
})

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}

function explained({ describe, default: standard, choices }: Described): string {
  return [
    describe.replaceAll(/[|<>*]/g, (character) => `\\${character}`),
    ...(choices ? [`(one of ${choices.map((choice) => `\`${choice}\``).join(', ')})`] : []),
    ...(typeof standard === 'string' || typeof standard === 'number'
      ? [`[default: ${String(standard).replace(`${process.cwd()}/`, '')}]`]
      : []),
  ].join(' ')
}

function table(options: readonly (readonly [string, Described])[]): string {
  if (options.length === 0) return ''
  const rows = options.map(
    ([name, of]) => `| \`--${name}${of.type === 'boolean' ? '' : ' …'}\` | ${explained(of)} |`,
  )
  return ['| option | what it does |', '| --- | --- |', ...rows].join('\n')
}

test('docs/command-reference.md has every command, its arguments, options and examples', async () => {
  const page = [
    '# Command reference',
    'This page is made of the definitions of the commands. After a change of them, write it again with `npx vitest run test/docs/commands.test.ts -u`.',
    '[Commands](commands.md) says what belongs together, and what all commands have: `--uri`, `--folder`, `--ledger`, `--quiet`, `--help` and the exit codes. `bench` and `soak` are in the repository only.',
    ...sections,
  ]
  const markdown = await format(page.filter(Boolean).join('\n\n'), {
    parser: 'markdown',
    printWidth: 100,
  })
  await expect(markdown).toMatchFileSnapshot('../../docs/command-reference.md')
})

test.each(usages)('docs/commands.md lists %s', async (usage) => {
  const [name = ''] = usage.split(/ [<[]/)
  expect(await readFile('docs/commands.md', 'utf8')).toMatch(
    new RegExp(`^\\|.*\`${name}[\` ]`, 'm'),
  )
})

const documents = [
  'README.md',
  'CONTRIBUTING.md',
  'seeds/README.md',
  ...(await readdir('docs')).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`),
]

test.each(documents)('%s shows only commands and options that exist', async (path) => {
  const blocks = [...(await readFile(path, 'utf8')).matchAll(/^```(?:sh|console)?\n([^]*?)^```$/gm)]
  const lines = blocks.flatMap(([, block = '']) => block.split('\n'))
  for (const line of lines) {
    // Neither options that are left out nor a comment.
    const [, command, rest = ''] =
      /^(?:\$ )?(?:npx |npm run )?daybook (?:-- )?(\w+)([^#…]*)/.exec(line) ?? []
    if (command === undefined) continue
    const named = [...rest.matchAll(/ --([\w-]+)/g)].map(([, option]) => option)
    expect({ line, known: [...(optionsOf.get(command) ?? []), ...COMMON_OPTIONS] }).toEqual({
      line,
      known: expect.arrayContaining(named) as string[],
    })
    expect([...optionsOf.keys()]).toContain(command)
  }
})
