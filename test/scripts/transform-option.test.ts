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
    const file = await makeFile('bank.csv', 'von,nach,betrag\nA0,A9,5\n')
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
    expect(stderr).toContain('the transform ./none.ts cannot be read: ENOENT')
  })
})
