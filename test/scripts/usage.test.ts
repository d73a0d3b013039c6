import stringWidth from 'string-width'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { type Register, listCommands } from '../../scripts/commands/command-list.ts'
import { renderTable } from '../../scripts/context/table.ts'
import { plain } from '../../scripts/context/paint.ts'
import { wrapText } from '../../scripts/context/wrapping.ts'
import { daybook } from '../support/command-line.ts'

/** Nothing here needs a database. */
const uri = 'mongodb://127.0.0.1:1/none'

interface Listed {
  readonly usage: string
  readonly examples: readonly (readonly [string, string])[]
  readonly dependent: Readonly<Record<string, readonly string[]>>
}

const commands: Listed[] = []
const register: Register = async (usage, _describe, load) => {
  const { examples, dependent = {} } = await load()
  commands.push({ usage, examples, dependent })
}
await listCommands(register)

async function helpOf(parameters: readonly string[], columns?: number): Promise<string> {
  const log = vi.spyOn(console, 'log').mockReturnValue()
  onTestFinished(() => {
    log.mockRestore()
  })
  await daybook(uri, [...parameters, '--help'], columns === undefined ? {} : { columns })
  return log.mock.calls.flat().join('\n')
}

const optionsIn = (text: string): string[] =>
  [...text.matchAll(/(?<![\w-])--([\w-]+)/g)].map(([, option = '']) => option)

describe('the help', () => {
  test.each(commands)('of $usage has two examples, with options that exist', async (command) => {
    const { usage, examples } = command
    const [name = ''] = usage.split(' ')
    expect(examples.length).toBeGreaterThanOrEqual(2)
    const [options = ''] = (await helpOf([name])).split('\nExamples:')
    for (const [example] of examples) {
      expect(example.split(' ')[0]).toBe(name)
      expect(optionsIn(options)).toEqual(expect.arrayContaining(optionsIn(example)))
    }
  })

  test.each([80, 100, 120])('fits a terminal of %i columns', async (columns) => {
    for (const parameters of [[], ['replay'], ['migrate']]) {
      const widths = (await helpOf(parameters, columns))
        .split('\n')
        .map((line) => stringWidth(line))
      expect(Math.max(...widths)).toBeLessThanOrEqual(columns)
    }
  })

  test('is printed without a command', async () => {
    const { exitCode, stdout } = await daybook(uri, [])
    expect(exitCode).toBe(64)
    expect(stdout).toContain('daybook replay [files..]')
  })

  test.each([
    [['migrate', 'create'], ['migrations'], ['step', 'currency', 'force', 'check']],
    [
      ['account', 'limit'],
      ['overdraft', 'dry-run'],
      ['holder', 'pay-out-to'],
    ],
  ])('of %j leaves out the options of other actions', async (parameters, own, foreign) => {
    const [options = ''] = (await helpOf(parameters)).split('\nExamples:')
    expect(optionsIn(options)).toEqual(expect.arrayContaining(own))
    for (const option of foreign) expect(optionsIn(options)).not.toContain(option)
  })
})

describe('a command line that is wrong', () => {
  test.each([
    ['verfy', 'unknown command verfy. Did you mean verify?'],
    ['nothing-like-it', 'unknown command nothing-like-it\n'],
    ['seed --acounts 5', 'unknown option --acounts. Did you mean --accounts?'],
    ['seed --acounts=5', 'unknown option --acounts. Did you mean --accounts?'],
    [
      'migrate staus',
      'action staus: expected one of up, down, redo, status, create, mark, unlock. Did you mean status?',
    ],
    [
      'balances A --every mnth',
      '--every mnth: expected one of day, week, month, year. Did you mean month?',
    ],
    ['balances A --time-zone Europe/Berln', 'Did you mean Europe/Berlin?'],
    ['formats', 'formats needs try <file>: <file> is missing'],
    ['formats try', 'formats needs try <file>: <file> is missing'],
    ['formats tri january.csv', 'expected formats try <file>, not tri. Did you mean try?'],
    ['replay x --format jsnl', 'Did you mean jsonl?'],
    ['transfer', 'transfer needs <from> <to> <amount>: <from>, <to> and <amount> are missing'],
    [
      'capture --id ROOM-7',
      '--id is not an option: give its value at its place in capture <id> [amount]',
    ],
    ['release --idd ROOM-7', 'unknown option --idd. release needs <id>: <id> is missing'],
    ['transfer A B --refernce x', 'unknown option --refernce. Did you mean --reference? transfer'],
    ['transfer A B --effectiveAt 2026-01-31 --no-quiet', 'daybook: transfer needs <from>'],
    ['transfer A B', 'transfer needs <from> <to> <amount>: <amount> is missing'],
    [
      'account limit ADA 50',
      '50 is one argument too many for account <action> <account>. Its options are --overdraft, --dry-run, --json',
    ],
    ['seed export', 'export is one argument too many for seed'],
    ['-x', 'unknown option -x'],
    ['statement A --limit 0.6', '--limit 0.6: expected a whole number from 1 to 10000\nSee'],
    ['verify --ledger', '--ledger needs a value\nSee'],
  ])('%s', async (line, message) => {
    const { exitCode, stdout, stderr } = await daybook(uri, line.split(' '))
    expect({ exitCode, stdout }).toEqual({ exitCode: 64, stdout: '' })
    expect(stderr).toContain(message)
  })
})

describe('an option that would be ignored is refused:', () => {
  test.each([
    ['capture X --amount 3', '--amount is not an option: give its value at its place in capture'],
    ['transfer --from A --to B 5', '--from is not an option'],
    ['verify --json=maybe', '--json takes no value, but it has maybe'],
    ['statement A --no-limit', '--no-limit means nothing: --limit takes a value'],
    ['verify --uri.x x', 'unknown option --uri.x. Did you mean --uri?'],
    ['verify --save=', '--save is empty: give it a value, or leave it out'],
    ['serve', '--uri has no effect on serve: leave it out'],
    ['verify --folder x', '--folder cannot be combined with --uri'],
    ['seed --transfers 5', '--transfers has no effect without --from or --to'],
    ['seed --force', '--force has no effect without --reset'],
    ['export --force', '--force has no effect without --output'],
    ['batches --json --no-json', '--json appears more than once'],
    ['transfer A B 1 --dryRun --dry-run', '--dry-run appears more than once'],
    ['seed --currencies USD --currencies EUR', '--currencies appears more than once'],
  ])('%s', async (line, message) => {
    const { exitCode, stdout, stderr } = await daybook(uri, line.split(' '))
    expect({ exitCode, stdout }).toEqual({ exitCode: 64, stdout: '' })
    expect(stderr).toContain(`daybook: ${message}`)
  })

  test('an empty --uri', async () => {
    const { exitCode, stderr } = await daybook('', ['verify', '--uri', ''])
    expect(exitCode).toBe(64)
    expect(stderr).toContain('--uri is empty')
  })

  test('--folder where MONGODB_URI names the database', async () => {
    vi.stubEnv('MONGODB_URI', uri)
    onTestFinished(() => void vi.unstubAllEnvs())
    const { exitCode, stderr } = await daybook('', ['demo', '--folder', 'x'])
    expect(exitCode).toBe(64)
    expect(stderr).toContain('--folder has no effect, because MONGODB_URI names another database')
  })

  test.each(commands)(
    'the help of $usage has what others depend on',
    async ({ usage, dependent }) => {
      const [name = ''] = usage.split(' ')
      const [options = ''] = (await helpOf([name])).split('\nExamples:')
      const named = Object.entries(dependent).flatMap(([option, others]) => [option, ...others])
      expect(optionsIn(options)).toEqual(expect.arrayContaining(named))
    },
  )
})

/** A table as a terminal without colours shows it. */
const renderPlain = (...parameters: Parameters<typeof renderTable>): string =>
  plain(renderTable(...parameters))

describe('a table on a terminal', () => {
  const head = ['#', 'transfer', 'amount', 'reference']
  const rows = [
    ['1', '0b5a6f9e-1111-4222-8333-444455556666', '1000.00', 'Rent for January, and the garage'],
    ['20', 'T2', '1.50', '世'.repeat(30)],
  ]

  test.each([30, 50, 80])('of %i columns wraps texts within their columns', (columns) => {
    const lines = renderPlain(head, rows, ['right', 'left', 'right'], columns).split('\n')
    expect(Math.max(...lines.map((line) => stringWidth(line)))).toBeLessThanOrEqual(columns)
    // Nothing is lost.
    expect(lines.join('').match(/世/g)).toHaveLength(30)
  })

  test('keeps amounts aligned on their points', () => {
    const lines = renderPlain(head, rows, ['right', 'left', 'right'], 50).split('\n')
    const amounts = lines.filter((line) => /\d\.\d\d/.test(line))
    expect(new Set(amounts.map((line) => line.indexOf('.'))).size).toBe(1)
  })

  test('breaks a long id where it has a joint', () => {
    const id = 'ORDER-2026/0001_a.very-long-id-without-end'
    const table = renderPlain(['transfer', 'amount'], [[id, '1.00']], ['left', 'right'], 30)
    const [, ...lines] = table.split('\n').map((line) => line.split(/ {2,}/)[0] ?? '')
    expect(lines.join('')).toBe(id)
    expect(lines.slice(0, -1).every((line) => /[-/_.]$/.test(line))).toBe(true)
  })

  test('that is too narrow for its numbers leaves out columns without a value, or lists each row', () => {
    const amounts = (...row: string[]) =>
      renderPlain(['account', 'in', 'out'], [row], ['left', 'right', 'right'], 20)
    expect(amounts('A', '', '123456.00')).toBe('account        out\nA        123456.00')
    expect(amounts('A', '123456.00', '1.00')).toBe('account  A\nin       123456.00\nout      1.00')
  })

  test('breaks no word of its head', () => {
    const texts = ['a'.repeat(60), 'b'.repeat(60), 'c'.repeat(60)]
    const table = renderPlain(['transfer', 'counterparty', 'expires (UTC)'], [texts], [], 40)
    expect(table).toContain('counterparty')
    expect(table).toContain('expires')
  })

  test('has any number of rows, each on its line', () => {
    const many = Array.from({ length: 125_001 }, (_, index) => [String(index)])
    const lines = renderPlain(['number'], many, ['right']).split('\n')
    expect(lines).toHaveLength(many.length + 1)
    expect([lines[0], lines[50], lines[51], lines.at(-1)]).toEqual([
      'number',
      '    49',
      '    50',
      '125000',
    ])
  })

  test('leaves a text as it is without a terminal', () => {
    expect(wrapText('one  two '.repeat(30), undefined)).toBe('one  two '.repeat(30))
    const words = 'word '.repeat(40).trim()
    expect(wrapText(words, 33).split('\n').join(' ')).toBe(words)
  })
})
