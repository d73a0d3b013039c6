import { describe, expect, inject, test } from 'vitest'
import { makeFile, openAccounts } from '../support/batch.ts'
import { daybook as runDaybook } from '../support/command-line.ts'
import { useDatabase } from '../support/database.ts'

const { connection, Account, Transfer } = useDatabase()

const uriOf = () => inject('mongodbUri').replace(/\/(\?|$)/, `/${connection.name}$1`)

const daybook = (...parameters: string[]) => runDaybook(uriOf(), parameters)

const TRANSFORM = `
export const transform = ({ von, nach, betrag }: Record<string, string>, { line }: { line: number }) =>
  betrag === '0' ? [] : { transferId: \`bank-\${line}\`, from: von, to: nach, amount: betrag }
`

describe('replay --transform', () => {
  test('makes the transfers of each record with the function of a file', async () => {
    await openAccounts(Account, { count: 2, openingBalance: '10' })
    const file = await makeFile('bank.csv', 'von,nach,betrag\nA0,A1,5\nA0,A1,0\n')
    const transform = await makeFile('bank.ts', TRANSFORM)

    const { exitCode, stdout } = await daybook('replay', file, '--transform', transform)

    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/^posted +1\nexisting +0\nskipped +1\nrefused +0$/m)
    expect(await Transfer.find()).toMatchObject([{ _id: 'bank-2' }])
  })

  test('continues a batch only with the same file, or one of the same version', async () => {
    await openAccounts(Account, { count: 2, openingBalance: '10' })
    const file = await makeFile('bank.csv', 'von,nach,betrag\nA0,A9,5\nA0,A1,5\n')
    const replayWith = async (source: string) =>
      await daybook('replay', file, '--transform', await makeFile('bank.ts', source))
    await replayWith(TRANSFORM)

    expect(await replayWith(TRANSFORM.replaceAll('\n', '\r\n'))).toMatchObject({ exitCode: 5 })
    const changed = await replayWith(`${TRANSFORM}// changed`)

    expect(changed).toMatchObject({ exitCode: 4 })
    expect(changed.stderr).toContain('was started with the options')
  })

  test.each([
    ['bank.ts', 'export const other = 1', 'exports no function transform: expected export const'],
    ['bank.ts', 'throw new Error("no rates")', 'cannot be loaded: no rates'],
  ])('refuses the file %s with %j', async (name, source, problem) => {
    const path = await makeFile(name, source)

    const { exitCode, stderr } = await daybook('replay', 'x.csv', '--transform', path)

    expect(exitCode).toBe(4)
    expect(stderr).toContain(`the transform ${path} ${problem}`)
  })

  test('refuses a file that does not exist', async () => {
    const { exitCode, stderr } = await daybook('replay', 'x.csv', '--transform', './none.ts')

    expect(exitCode).toBe(4)
    expect(stderr).toContain('the transform ./none.ts cannot be read: the file does not exist')
  })
})

describe('replay --open-missing', () => {
  const HEAD = 'id,from,to,amount,name\n'

  test('opens accounts as its pairs say', async () => {
    await openAccounts(Account, { count: 1, openingBalance: '10' })
    const file = await makeFile('bank.csv', `${HEAD}T1,A0,N1,5,Ada\nT2,N2,N1,7,World\n`)
    const pairs = 'holder={name},from.overdraftLimit=unlimited,currency=USD'

    const { exitCode, stdout } = await daybook('replay', file, '--open-missing', pairs)

    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/^accounts opened +2$/m)
    expect(await Account.findById('N2')).toMatchObject({ holder: 'World' })
  })

  test.each([
    [['--open-missing', '--json'], '"accountsOpened":1'],
    [['--open-missing=', '--json'], '"accountsOpened":1'],
  ])('opens accounts as they come with %j', async (parameters, expected) => {
    await openAccounts(Account, { count: 1, openingBalance: '10' })
    const file = await makeFile('bank.csv', `${HEAD}T1,A0,N1,5,\n`)

    expect((await daybook('replay', file, ...parameters)).stdout).toContain(expected)
  })

  test.each([
    [['--open-missing', 'bank.csv'], '--open-missing bank.csv: expected pairs such as holder='],
    [['--open-missing', 'owner=x'], '--open-missing {"owner":"x"} has the key owner: use one of'],
  ])('refuses %j', async (parameters, message) => {
    const { exitCode, stderr } = await daybook('replay', 'x.csv', ...parameters)

    expect(exitCode).toBe(64)
    expect(stderr).toContain(message)
  })

  test('is advised when most lines name accounts that do not exist', async () => {
    await openAccounts(Account, { count: 2, openingBalance: '10' })
    const file = await makeFile('bank.csv', `${HEAD}T1,A0,N1,5,\nT2,N2,N1,7,\nT3,A0,A1,7,\n`)

    const { stderr } = await daybook('replay', file)

    expect(stderr).toContain(
      'most lines name accounts that do not exist: open them with daybook seed --file ACCOUNTS, or on the way with --open-missing',
    )
  })
})
