import { readFile, readdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import { format } from 'prettier'
import { expect, test } from 'vitest'
import { listCommands } from '../../scripts/commands/command-list.ts'
import { COMMON_OPTIONS } from '../../scripts/commands/yargs-messages.ts'
import {
  type Described,
  describeCommand,
} from '../../scripts/commands/completion/described-command.ts'
import { withOutput } from '../support/page-commands.ts'

/** A guide to each command, and how it exits apart from 0, 1, 4, 64 and 130. */
const MORE: Readonly<Record<string, string>> = {
  serve: '[Where mongod comes from](mongod.md)',
  migrate:
    '[Migrations](migrations.md). Exits with 2 if `status --check` finds something pending, and with 3 if the lock was not obtained',
  seed: '[Seed a database](seed.md)',
  generate: '[Seed a database](seed.md#make-a-file-to-replay)',
  replay: '[Replay a file](replay.md). Exits with 5 if lines were refused',
  formats: '[Files of transfers](files.md#format-files)',
  batches: '[Replay a file](replay.md)',
  report: '[Reports](report.md)',
  verify: '[Verify](verify.md). Exits with 1 if the books do not balance',
  statement: '[Records](records.md#transfers)',
  balances: '[Records](records.md#transfers)',
  account: '[Records](records.md#accounts)',
  export: '[Export and restore](export.md)',
  transfer: '[Refusals](refusals.md)',
  hold: '[Holds](holds.md)',
  capture: '[Holds](holds.md#captures)',
  release: '[Holds](holds.md)',
  holds: '[Holds](holds.md#expiry)',
  exchange: '[Exchange money](groups.md#exchange-money)',
  group: '[Groups](groups.md)',
  reverse: '[Reverse a group](groups.md#reverse-a-group)',
  doctor: '[Doctor](commands.md#doctor). Exits with 1 if there is a problem',
  completion: '[Completion](commands.md#completion)',
  demo: '[Overview](../README.md#quick-start)',
  bench: '[Performance](../README.md#performance)',
  soak: '[Contributing](../CONTRIBUTING.md#tests)',
}

/** Examples that do not end, take long, or use a server and files of the reader's. */
const isRun = (example: string): boolean =>
  !/^(?:serve|demo|bench|soak)\b|--uri|^completion >/.test(example)

const PAGE = 'docs/command-reference.md'
const page = await readFile(PAGE, 'utf8')
const outputs = new Map(
  [...page.matchAll(/^\$ npx daybook (.*)\n((?:(?!\$ |```).*\n)*)/gm)].map(
    ([, command, output]) => [command, output],
  ),
)

const usages: string[] = []
const sections: string[] = []
/** The options of each command, by its first word. */
const optionsOf = new Map<string, string[]>()
await listCommands(async (usage, describe, load) => {
  const command = await load()
  const { positionals, options } = describeCommand(command)
  const [name = ''] = usage.split(' ')
  usages.push(usage)
  optionsOf.set(
    name,
    options.map(([option]) => option),
  )
  sections.push(
    `## ${usage.replace(/ [<[].*/, '')}`,
    `\`\`\`text\ndaybook ${usage}\n\`\`\``,
    sentence(describe),
    positionals.map(([position, of]) => `- \`${position}\`: ${explained(of)}`).join('\n'),
    table(options),
    command.examples.map(exampleBlock).join('\n\n'),
    `Read more: ${MORE[name]}.`,
  )
})

/** An example with the output that the page has, which is what it should show, or shortened by hand. */
function exampleBlock([example, what]: readonly [string, string]): string {
  const prompt = isRun(example) ? '$ ' : ''
  const output = isRun(example) ? `\n${outputs.get(example) ?? ''}` : '\n'
  const block = `${prompt}npx daybook ${example}${output}`
  return `${sentence(what)}\n\n\`\`\`${isRun(example) ? 'console' : 'sh'}\n${block}\`\`\``
}

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

test('docs/command-reference.md has every command, its options, and what its examples print', async () => {
  // What is above the first command is written by hand.
  const start = page.slice(0, page.indexOf('\n## '))
  const markdown = await format([start, ...sections].filter(Boolean).join('\n\n'), {
    parser: 'markdown',
    printWidth: 100,
  })
  const path = resolve(PAGE)
  await expect(await withOutput(markdown)).toMatchFileSnapshot(path)
}, 120_000)

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
