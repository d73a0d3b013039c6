import type { ClientSession, mongo } from 'mongoose'
import { beforeEach, describe, expect, test } from 'vitest'
import { dryRun } from '../../src/mongodb/transaction.ts'
import { useDatabase } from '../support/database.ts'

const { connection, Account, Transfer } = useDatabase()

beforeEach(async () => {
  await Account.open({ accountId: 'A', holder: 'A', currency: 'USD', openingBalance: '100' })
  await Account.open({ accountId: 'B', holder: 'B', currency: 'USD' })
  await Account.transfer({ transferId: 'T0', from: 'A', to: 'B', amount: '1' })
})

const request = { transferId: 'T1', from: 'A', to: 'B', amount: '60' }
const opening = { accountId: 'C', holder: 'C', currency: 'USD' }

/** What happens when, and ids that are made anew, differ from call to call. */
const comparable = (result: unknown): unknown => {
  const text = JSON.stringify(result, (key, value: unknown) =>
    /^(?:\w+At|transfersComplete)$/.test(key) ? undefined : value,
  )
  return JSON.parse(text)
}

describe('a dry run', () => {
  test.each<[string, (options: { session?: ClientSession }) => Promise<unknown>]>([
    ['transfer', (options) => Account.transfer(request, options)],
    ['transferMany', (options) => Account.transferMany([request, request], options)],
    ['reverse', (options) => Transfer.reverse('T0', options)],
    ['open', (options) => Account.open(opening, options)],
    ['freeze', (options) => Account.freeze('A', options)],
    ['close', (options) => Account.close('A', { payOutTo: 'B', ...options })],
    ['setOverdraftLimit', (options) => Account.setOverdraftLimit('A', '5', options)],
  ])('of %s only reads, and returns what the call then returns', async (_verb, call) => {
    const sent: string[] = []
    const listen = ({ commandName }: mongo.CommandStartedEvent) => void sent.push(commandName)
    const client = connection.getClient()
    client.on('commandStarted', listen)
    const expected = await dryRun(connection, (session) => call({ session })).finally(() =>
      client.off('commandStarted', listen),
    )
    const writes = sent.filter((name) => !/^(?:find|aggregate|commitTransaction)$/.test(name))
    expect(writes).toEqual([])
    expect(comparable(await call({}))).toEqual(comparable(expected))
  })

  test('throws the refusal of the call', async () => {
    const dear = { ...request, amount: '100' }
    await expect(
      dryRun(connection, (session) => Account.transfer(dear, { session })),
    ).rejects.toMatchObject({ code: 'INSUFFICIENT_FUNDS' })
  })
})
