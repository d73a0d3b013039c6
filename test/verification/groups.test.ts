import { beforeEach, describe, expect, test } from 'vitest'
import { verify } from '../../src/index.ts'
import { useDatabase } from '../support/database.ts'

const { connection, Account, Transfer } = useDatabase()

const groups = connection.collection<{ _id: string }>('transfer_groups')
const transfers = connection.collection<{ _id: string }>('transfers')
const unchecked = { bypassDocumentValidation: true }

beforeEach(async () => {
  for (const accountId of ['A', 'B', 'C']) {
    await Account.open({ accountId, holder: 'Ada', currency: 'USD', overdraftLimit: '1000' })
  }
  const legs = [
    { from: 'A', to: 'B', amount: '3' },
    { from: 'B', to: 'C', amount: '2' },
    { from: 'C', to: 'A', amount: '1' },
  ]
  for (const groupId of ['F', 'G', 'H']) await Account.transferGroup({ groupId, legs })
  await Transfer.reverseGroup('H')
  await Account.transfer({ transferId: 'T', from: 'A', to: 'B', amount: '1' })
})

const problems = async () =>
  (await verify(connection)).violations.map(({ kind, message }) => `${kind}: ${message}`)

describe('verify', () => {
  test('proves groups whole', async () => {
    expect(await verify(connection)).toMatchObject({ balanced: true, groups: 4, transfers: 13 })
  })

  test.each([
    [
      'a leg that is in no group',
      () => transfers.updateOne({ _id: 'G:2' }, { $unset: { group: 1, leg: 1, legs: 1 } }),
      ['group: group G has 3 legs, but not each of them is posted once'],
    ],
    [
      'the last leg in no group',
      () => transfers.updateOne({ _id: 'H:3' }, { $unset: { group: 1, leg: 1, legs: 1 } }),
      ['group: group H has 3 legs, but not each of them is posted once'],
    ],
    [
      'a leg twice',
      () => transfers.updateOne({ _id: 'G:3' }, { $set: { leg: 2 } }),
      ['group: group G has 3 legs, but not each of them is posted once'],
    ],
    [
      'a leg more than its group has',
      () => transfers.updateOne({ _id: 'T' }, { $set: { group: 'G', leg: 4, legs: 3 } }),
      ['group: group G has 3 legs, but not each of them is posted once'],
    ],
    [
      'a leg of a group that does not exist',
      () => transfers.updateOne({ _id: 'T' }, { $set: { group: 'X', leg: 1, legs: 1 } }),
      ['group: transfer T is a leg of group X, which does not exist'],
    ],
    [
      'a group without its record',
      () => groups.deleteOne({ _id: 'G' }),
      ['group: transfer G:3 is a leg of group G, which does not exist'],
    ],
    [
      'a group without legs',
      () => groups.insertOne({ _id: 'N', legs: 1, postedAt: new Date() } as { _id: string }),
      ['group: group N has 1 leg, but not each of them is posted once'],
    ],
    [
      'another number of legs',
      () => transfers.updateOne({ _id: 'G:3' }, { $set: { legs: 4 } }),
      ['group: transfer G:3 has the legs 4 (int), but its group G has 3'],
    ],
    [
      'a leg that is not a number',
      () => transfers.updateOne({ _id: 'G:3' }, { $set: { leg: '3' } }, unchecked),
      [
        'field: transfer G:3 has the leg "3" (string), which is not a whole number (int) of 1 or more',
        'group: group G has 3 legs, but not each of them is posted once',
      ],
    ],
    [
      'a leg without a group',
      () => transfers.updateOne({ _id: 'T' }, { $set: { leg: 1 } }),
      ['field: transfer T has the leg 1 (int), but no group'],
    ],
    [
      'a record that is damaged',
      () => groups.updateOne({ _id: 'G' }, { $set: { legs: 0, postedAt: 1, x: 1 } }, unchecked),
      [
        'unknown-field: group G has the field "x", which is unknown or repeated',
        'field: group G has the legs 0 (int), which is not a whole number (int) of 1 or more',
        'field: group G has the postedAt 1 (int), which is not a date',
      ],
    ],
  ])('reports %s', async (_, damage, expected) => {
    await damage()

    expect(await problems()).toEqual(expect.arrayContaining(expected))
  })

  test('proves more groups than it reads at once', async () => {
    const name = (index: number) => `N${String(index).padStart(4, '0')}`
    const many = Array.from({ length: 1_998 }, (_, index) => ({
      _id: name(index),
      legs: 1,
      postedAt: new Date(),
    }))
    await groups.insertMany(many)

    const { violationCount } = await verify(connection)

    expect(violationCount).toBe(1_998)
  })
})
