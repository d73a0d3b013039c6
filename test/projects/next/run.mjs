// What Next's server does to a program that leaves serverExternalPackages out: it bundles Daybook, evaluates a bundle of a
// route for each route and again after each change, and keeps globalThis and Mongoose.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { Account } from 'daybook'
import { startReplicaSet } from 'daybook/testing'
import { build } from 'esbuild'
import mongoose from 'mongoose'

const require = createRequire(import.meta.url)
const replicaSet = await startReplicaSet()
process.env.MONGODB_URI = replicaSet.uri
try {
  for (const name of ['one', 'other']) {
    await build({
      entryPoints: ['route.ts'],
      bundle: true,
      platform: 'node',
      format: 'cjs',
      external: ['mongoose'],
      outfile: `built/${name}.cjs`,
    })
  }
  const post = async (name, transfer) => {
    const { POST } = require(`./built/${name}.cjs`)
    const body = JSON.stringify({ from: 'ADA', to: 'GRACE', amount: '100', ...transfer })
    const response = await POST(new Request('http://localhost', { method: 'POST', body }))
    return { status: response.status, ...(await response.json()) }
  }
  const missing = await post('one', {})
  assert.equal(missing.code, 'ACCOUNT_NOT_FOUND')
  assert.equal(missing.status, 404)
  assert.equal((await post('one', { amount: 'much' })).status, 400)
  for (const name of ['one', 'other']) {
    assert.equal((await post(name, { ammount: '1' })).status, 400)
  }
  await Account.open({ accountId: 'ADA', holder: 'Ada', currency: 'USD', openingBalance: '1000' })
  await Account.open({ accountId: 'GRACE', holder: 'Grace', currency: 'USD' })
  assert.equal((await post('one', { transferId: 'TR-1' })).fromBalance, '900.00')
  assert.equal((await post('other', { transferId: 'TR-1' })).fromBalance, '900.00')
  assert.equal((await post('other', { transferId: 'TR-2' })).fromBalance, '800.00')
  delete require.cache[require.resolve('./built/one.cjs')]
  assert.equal((await post('one', { transferId: 'TR-3' })).fromBalance, '700.00')
  assert.equal((await post('one', { amount: '700.01' })).status, 422)
  console.log('3 transfers by 3 evaluations of Daybook')
} finally {
  await mongoose.disconnect()
  await replicaSet.stop()
}
