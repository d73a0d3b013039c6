import mongoose from 'mongoose'
import { beforeEach, describe, expect, inject, onTestFinished, test, vi } from 'vitest'
import { accountModel, transferModel } from '../../src/index.ts'
import { useDatabase } from '../support/database.ts'
import { type Proxy, startProxy } from '../support/proxy.ts'

const { connection, Account, Transfer } = useDatabase()

beforeEach(async () => {
  await Account.open({ accountId: 'A', holder: 'A', currency: 'USD', openingBalance: '100' })
  await Account.open({ accountId: 'B', holder: 'B', currency: 'USD' })
})

/** The models on a connection to this file's database through a proxy. */
async function connectThrough(proxy: Proxy) {
  const uri = `mongodb://127.0.0.1:${proxy.port}/${connection.name}?directConnection=true`
  const options = { autoIndex: false, autoCreate: false, heartbeatFrequencyMS: 500 }
  const impatient = { ...options, serverSelectionTimeoutMS: 200 }
  const proxied = mongoose.createConnection()
  // A busy machine may need more time than the driver has to find the server.
  await vi.waitUntil(() => proxied.openUri(uri, impatient).catch(() => undefined), 20_000)
  onTestFinished(async () => {
    proxy.close()
    await proxied.close(true)
  })
  return { Account: accountModel(proxied), Transfer: transferModel(proxied) }
}

const request = { transferId: 'T1', from: 'A', to: 'B', amount: '60' }

const balances = async () =>
  (await Account.find().sort({ _id: 1 })).map(({ balance }) => balance.toString())

describe('a commit whose reply is lost while no server can be reached', () => {
  test('is looked up, and the transfer is reported as posted', async () => {
    const proxy = await startProxy(inject('mongodbUri'))
    const proxied = await connectThrough(proxy)
    const lost = proxy.loseNextCommitReply()
    const transfer = proxied.Account.transfer(request)
    await lost
    // By then the driver's own retry of the commit has found no server, which is an error without a label.
    await proxy.acceptAfterRefusing(3)
    await expect(transfer).resolves.toMatchObject({ _id: 'T1' })
    expect(await balances()).toEqual(['40', '60'])
  })
})

describe('a commit that the network holds back', () => {
  test('is ended before its caller learns anything, so it posts nothing when it arrives', async () => {
    const proxy = await startProxy(inject('mongodbUri'))
    const proxied = await connectThrough(proxy)
    const held = proxy.holdNextCommit()
    const transfer = proxied.Account.transfer(request, { patience: 10_000 })
    await held
    await proxy.acceptAfterRefusing(3)
    await expect(transfer).resolves.toMatchObject({ _id: 'T1' })
    const reply = await proxy.release()
    expect(reply.toString('latin1')).toMatch(/TransactionTooOld|NoSuchTransaction/)
    expect(await Transfer.countDocuments()).toBe(1)
    expect(await balances()).toEqual(['40', '60'])
  })
})

describe('a call that waits for a server that does not answer', () => {
  test('ends with an error that says that nothing was posted', async () => {
    const proxy = await startProxy(inject('mongodbUri'))
    const proxied = await connectThrough(proxy)
    proxy.hang()
    await expect(proxied.Account.transfer(request, { patience: 300 })).rejects.toMatchObject({
      name: 'OutcomeError',
      outcome: 'not posted',
      id: 'T1',
    })
    expect(await balances()).toEqual(['100', '0'])
  })

  test('ends with an error that says that it may be posted, if its commit was sent', async () => {
    const proxy = await startProxy(inject('mongodbUri'))
    const proxied = await connectThrough(proxy)
    const lost = proxy.loseNextCommitReply()
    const abortion = new AbortController()
    const transfer = proxied.Account.transfer(request, { signal: abortion.signal })
    await lost
    abortion.abort()
    await expect(transfer).rejects.toMatchObject({ outcome: 'unknown', id: 'T1' })
    await expect(Account.transfer(request)).resolves.toMatchObject({ _id: 'T1' })
    expect(await balances()).toEqual(['40', '60'])
  })

  test.each([
    ['transfer', Account.transfer.bind(Account, request)],
    ['transferMany', Account.transferMany.bind(Account, [request])],
    ['close', Account.close.bind(Account, 'B')],
    ['freeze', Account.freeze.bind(Account, 'A')],
  ])('sends nothing if the signal of %s is aborted before', async (_verb, call) => {
    const before = await Account.find().lean()
    await expect(call({ signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'OutcomeError',
      outcome: 'not posted',
    })
    expect(await Account.find().lean()).toEqual(before)
  })

  test('ends at once when its signal aborts', async () => {
    const proxy = await startProxy(inject('mongodbUri'))
    const proxied = await connectThrough(proxy)
    proxy.hang()
    const abortion = new AbortController()
    const transfer = proxied.Account.transfer(request, { signal: abortion.signal })
    abortion.abort(new Error('the user left'))
    await expect(transfer).rejects.toMatchObject({ cause: { message: 'the user left' } })
  })
})

describe('what a posting rests on', () => {
  test.each([
    ['transfer', () => Account.transfer(request)],
    ['transferMany', () => Account.transferMany([request, { ...request, transferId: 'T2' }])],
    ['reverse', () => Transfer.reverse('T0')],
    ['close', () => Account.close('A', { payOutTo: 'B' })],
  ])('is read in the transaction of %s that writes', async (_verb, call) => {
    await Account.transfer({ transferId: 'T0', from: 'A', to: 'B', amount: '1' })
    const outside: string[] = []
    const client = connection.getClient()
    const listen = ({ commandName, command }: mongoose.mongo.CommandStartedEvent) => {
      if (/^(?:find|aggregate|insert|update|findAndModify)$/.test(commandName)) {
        if (command['autocommit'] !== false) outside.push(commandName)
      }
    }
    client.on('commandStarted', listen)
    await call().finally(() => client.off('commandStarted', listen))
    expect(outside).toEqual([])
  })
})
