import { beforeEach, expect, inject, test } from 'vitest'
import { daybook as runDaybook } from '../support/command-line.ts'
import { useDatabase } from '../support/database.ts'

const { connection, Account, Hold } = useDatabase()

beforeEach(async () => {
  await Account.open({ accountId: 'ADA', holder: 'Ada', currency: 'USD', openingBalance: '100' })
  await Account.open({ accountId: 'INN', holder: 'Inn', currency: 'USD' })
})

/** Runs a command, which must succeed. Returns what it prints. */
async function daybook(...parameters: string[]): Promise<string> {
  const uri = inject('mongodbUri').replace(/\/(\?|$)/, `/${connection.name}$1`)
  const { exitCode, stdout, stderr } = await runDaybook(uri, parameters)
  expect({ parameters, stderr, exitCode }).toMatchObject({ exitCode: 0 })
  return stdout.trim()
}

test('the commands place a hold, capture parts of it, release the rest, and list it', async () => {
  const place = ['hold', 'ADA', 'INN', '60', '--id', 'ROOM-7', '--reference', 'room 7']
  const placed = 'ROOM-7: 60.00 USD of ADA for INN, active'
  expect(await daybook(...place, '--dry-run')).toBe(placed)
  expect(await daybook(...place)).toBe(placed)
  expect(await daybook(...place)).toBe(placed)
  expect(await daybook('account', 'show', 'ADA')).toContain(`balance          100.00 USD
opening balance  100.00 USD
overdraft limit    0.00 USD
held              60.00 USD
available         40.00 USD
`)
  expect(await daybook('capture', 'ROOM-7', '45', '--transfer-id', 'NIGHT-1')).toBe(
    'NIGHT-1: 45.00 USD from ADA to INN',
  )
  expect(await daybook('holds', '--account', 'ADA')).toMatch(
    /ROOM-7 +ADA +INN +60\.00 +45\.00 +USD +active +room 7/,
  )
  expect(await daybook('statement', 'ADA', '--pending')).toMatch(
    /NIGHT-1[\s\S]*15\.00 USD held, 40\.00 available[\s\S]*ROOM-7 +ADA +INN +60\.00 +45\.00/,
  )
  expect(await daybook('release', 'ROOM-7')).toBe(
    'ROOM-7: 60.00 USD of ADA for INN, released, 45.00 captured',
  )
  expect(JSON.parse(await daybook('holds', '--json'))).toEqual([])
  expect(await daybook('holds', '--status', 'all')).toContain('released')
  expect(await daybook('account', 'show', 'ADA')).not.toContain('held')
})

test('holds expire marks what has expired, and nothing else', async () => {
  await Account.hold({ holdId: 'SOON', from: 'ADA', to: 'INN', amount: '1' })
  await Account.hold({ holdId: 'STAYS', from: 'ADA', to: 'INN', amount: '2' })
  await Account.hold({
    holdId: 'LATER',
    from: 'ADA',
    to: 'INN',
    amount: '3',
    expiresAt: new Date('2999-01-01'),
  })
  const holds = connection.collection<{ _id: string }>('holds')
  await holds.updateOne({ _id: 'SOON' }, { $set: { expiresAt: new Date(0) } })
  for (const list of [['holds'], ['statement', 'ADA', '--pending']]) {
    const listed = await daybook(...list)
    expect(listed).toMatch(/SOON .* expired, not marked +1970-/)
    expect(listed).toMatch(/LATER .* active +2999-/)
  }
  expect(await daybook('holds', 'expire')).toBe('1 expired')
  expect(await daybook('holds', 'expire', '--json')).toBe('{"expired":0}')
  const statuses = (await Hold.find().sort({ _id: 1 })).map(({ _id, status }) => [_id, status])
  expect(statuses).toEqual([
    ['LATER', 'active'],
    ['SOON', 'expired'],
    ['STAYS', 'active'],
  ])
  expect((await Account.findById('ADA').orFail()).held.toString()).toBe('5')
})

test('a capture of a part without an id says what to do', async () => {
  const uri = inject('mongodbUri').replace(/\/(\?|$)/, `/${connection.name}$1`)
  expect(await runDaybook(uri, ['capture', 'ROOM-7', '5'])).toMatchObject({
    exitCode: 64,
    stderr: expect.stringContaining('needs --transfer-id') as string,
  })
})
