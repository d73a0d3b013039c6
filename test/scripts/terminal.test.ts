import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify, stripVTControlCharacters } from 'node:util'
import stringWidth from 'string-width'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { accountModel, replay } from '../../src/index.ts'
import { openTestDatabase } from '../../src/testing/index.ts'
import { daybook } from '../support/command-line.ts'
import { compiled } from '../support/programs.ts'
import { makeFolder } from '../support/temporary-folder.ts'

const database = await openTestDatabase({ uri: inject('mongodbUri') })
afterAll(() => database.close())
const { connection } = database
const uri = inject('mongodbUri').replace(/\/(\?|$)/, `/${connection.name}$1`)

const LONG = 'customer-00000000-1111-4222-8333-444455556666'
const folder = await makeFolder(afterAll)
const file = join(folder, 'batch.csv')
const bank = join(folder, 'bank.csv')

beforeAll(async () => {
  await daybook(uri, ['migrate', 'up'])
  const Account = accountModel(connection)
  const holder = 'The Honourable Ada Augusta King, Countess of Lovelace, and her three children'
  await Account.open({ accountId: LONG, holder, currency: 'USD', openingBalance: '98765432.10' })
  await Account.open({ accountId: 'SHOP', holder: 'Shop', currency: 'USD' })
  await Account.open({
    accountId: 'FX-USD',
    holder: 'Bank',
    currency: 'USD',
    overdraftLimit: '1000000',
  })
  await Account.open({
    accountId: 'FX-EUR',
    holder: 'Bank',
    currency: 'EUR',
    overdraftLimit: '1000000',
  })
  await Account.open({ accountId: 'EURO', holder: 'Shop', currency: 'EUR' })
  const reference = 'rent for the flat above the garage '.repeat(3).trim()
  for (const month of ['01', '02', '03', '04', '05', '06', '07', '08', '09', '10', '11', '12']) {
    const effectiveAt = new Date(`2025-${month}-15`)
    const transferId = `rent-of-the-flat-2025-${month}-with-a-long-name`
    await Account.transfer({
      transferId,
      from: LONG,
      to: 'SHOP',
      amount: '100000.5',
      reference,
      effectiveAt,
    })
  }
  await Account.hold({
    holdId: 'a-hold-with-a-long-name-000001',
    from: LONG,
    to: 'SHOP',
    amount: '90',
    reference,
  })
  await Account.hold({
    holdId: 'SHORT',
    from: LONG,
    to: 'SHOP',
    amount: '9',
    expiresAt: new Date('2099-01-01'),
  })
  await writeFile(
    file,
    `from,to,amount,reference\n${LONG},SHOP,1,rent\n${LONG},${LONG},1,\nNOBODY,SHOP,1,x\n`,
  )
  await writeFile(bank, 'Date;Payee;Amount\n01.02.2026;Shop;-12,50\n02.02.2026;;1200,00\n')
  await replay(connection, { file, name: 'bank-statement-of-january-2026-corrected.csv' })
})

const COMMANDS = [
  ['migrate', 'status'],
  ['migrate', 'up', '--dry-run'],
  ['migrate', 'down', '--dry-run', '--to', '0'],
  ['seed', '--accounts', '5', '--from', '2025-01-01', '--to', '2025-02-01', '--dry-run'],
  ['generate', join(folder, 'year.csv'), '--transfers', '100', '--dry-run'],
  ['replay', file, '--dry-run'],
  ['formats', 'try', file],
  ['batches'],
  ['batches', 'bank-statement-of-january-2026-corrected.csv'],
  ['batches', 'bank-statement-of-january-2026-correct.csv'],
  ['verify'],
  ['verify', '--account', LONG],
  ['statement', LONG, '--pending'],
  ['statement', LONG, '--by', 'effectiveAt'],
  ['statement', `${LONG}X`],
  ['balances', LONG, '--by', 'effectiveAt', '--from', '2025-01-01', '--to', '2026-01-01'],
  ['account', 'show', LONG],
  ['transfer', LONG, 'SHOP', '1', '--id', 'a-transfer-with-a-long-name-000001', '--dry-run'],
  ['transfer', LONG, 'SHOP', '99999999999', '--dry-run'],
  ['hold', LONG, 'SHOP', '1', '--id', 'H', '--expires-at', '2099-01-01', '--dry-run'],
  ['capture', 'a-hold-with-a-long-name-000001', '--dry-run'],
  ['capture', 'a-hold-with-a-long-name-000001', '5'],
  ['release', 'a-hold-with-a-long-name-000001', '--dry-run'],
  ['holds', '--status', 'all'],
  ['holds', 'expire'],
  [
    'exchange',
    LONG,
    'EURO',
    '100',
    '--id',
    'an-exchange-with-a-long-name',
    '--to-amount',
    '90',
    '--through',
    'USD=FX-USD,EUR=FX-EUR',
  ],
  ['formats', 'try', bank],
  ['group', 'an-exchange-with-a-long-name'],
  ['reverse', 'an-exchange-with-a-long-name', '--group', '--dry-run'],
  ['reverse', 'rent-of-the-flat-2025-01-with-a-long-name', '--dry-run'],
  ['doctor'],
  ['replay', '--atomicc'],
] as const

/** The words of an output that are short enough for any column. Plain numbers may be times that were measured. */
const shortWordsOf = (text: string): string[] =>
  text.split(/\s+/).filter((word) => word.length <= 10 && !/^\d+$/.test(word))

const countOf = (words: readonly string[], word: string): number =>
  words.filter((each) => each === word).length

describe('a terminal of 80 columns', () => {
  test.each(COMMANDS.map((parameters) => [parameters]))('shows all of %j', async (parameters) => {
    const wide = await daybook(uri, parameters)
    const narrow = await daybook(uri, parameters, { columns: 80 })
    expect(narrow.exitCode).toBe(wide.exitCode)
    for (const stream of ['stdout', 'stderr'] as const) {
      const lines = narrow[stream].split('\n')
      expect(lines.filter((line) => stringWidth(line) > 80 && !isOneWord(line))).toEqual([])
      const words = shortWordsOf(narrow[stream])
      const lost = shortWordsOf(wide[stream]).filter(
        (word, _, all) => countOf(words, word) < countOf(all, word),
      )
      expect(lost).toEqual([])
    }
  })
})

/** A path or a URI stays whole, so that it can be copied. */
const isOneWord = (line: string): boolean => !line.trim().includes(' ')

describe('colours', () => {
  /** What the command prints on a terminal, which the command `script` of Linux makes, or in a pipe. */
  async function outputOf(environment: Record<string, string>, isTerminal: boolean) {
    // Nothing of what else decides on colours is inherited, such as `CI`.
    const env = { PATH: process.env['PATH'], TERM: 'xterm-256color', ...environment }
    const command = [process.execPath, compiled('scripts/cli.ts'), 'verfy']
    const [program = '', ...parameters] = isTerminal
      ? ['script', '-qec', command.join(' '), '/dev/null']
      : command
    const outcome = promisify(execFile)(program, parameters, { env })
    const { stdout, stderr } = await outcome.catch(
      (error: { stdout: string; stderr: string }) => error,
    )
    return (stdout + stderr).replaceAll('\r', '')
  }
  const message = 'daybook: unknown command verfy. Did you mean verify?\nSee daybook --help.\n'

  test.each([
    ['a terminal', {}, true, true],
    ['a terminal with NO_COLOR', { NO_COLOR: '1' }, true, false],
    ['a pipe', {}, false, false],
    ['a pipe with FORCE_COLOR', { FORCE_COLOR: '1' }, false, true],
  ] as const)('in %s', async (_name, environment, isTerminal, hasColours) => {
    const output = await outputOf(environment, isTerminal)
    expect(stripVTControlCharacters(output)).toBe(message)
    expect(output !== message).toBe(hasColours)
  })

  test('add nothing to JSON or CSV', async () => {
    for (const parameters of [
      ['statement', LONG, '--json'],
      ['statement', LONG, '--csv'],
      ['batches', '--json'],
      ['verify', '--json'],
    ]) {
      const { stdout } = await daybook(uri, parameters, { columns: 80, colours: true })
      expect(stdout).not.toContain('\u001B')
    }
  })

  test('change nothing but the colour of a table', async () => {
    const parameters = ['batches', 'bank-statement-of-january-2026-corrected.csv']
    const plain = await daybook(uri, parameters, { columns: 80 })
    const coloured = await daybook(uri, parameters, { columns: 80, colours: true })
    expect(coloured.stdout).toContain('\u001B[31mSAME_ACCOUNT\u001B[39m')
    expect(stripVTControlCharacters(coloured.stdout)).toBe(plain.stdout)
  })
})
