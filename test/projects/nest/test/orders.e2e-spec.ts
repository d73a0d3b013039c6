import type { INestApplication } from '@nestjs/common'
import { getConnectionToken } from '@nestjs/mongoose'
import { Test } from '@nestjs/testing'
import { useTestDatabase } from 'daybook/testing/jest'
import mongoose from 'mongoose'
import request from 'supertest'
import { AppModule } from '../src/app.module'

const { connection, ledger } = useTestDatabase({ connection: mongoose.createConnection() })

let app: INestApplication
beforeAll(async () => {
  const module = await Test.createTestingModule({ imports: [AppModule] })
    .overrideProvider(getConnectionToken())
    .useValue(connection)
    .compile()
  app = module.createNestApplication()
  await app.init()
})
afterAll(() => app.close())

const order = (id: string, price: string, customer = 'ADA') =>
  request(app.getHttpServer()).post('/orders').send({ id, customer, price })

test('an order is paid', async () => {
  const { ADA, SHOP } = await ledger({ accounts: { ADA: '100', SHOP: '0' } })

  await order('1', '30').expect(201, { id: '1', payment: 'ORDER-1' })

  await expect(ADA).toHaveBalance('70')
  await expect(SHOP).toHavePosted('ORDER-1')
})

test('an order that cannot be paid is not written', async () => {
  await ledger({ accounts: { ADA: '100', SHOP: '0' } })

  const { body } = await order('1', '100.01').expect(422)

  expect(body).toMatchObject({ code: 'INSUFFICIENT_FUNDS' })
  expect(await connection.collection('orders').countDocuments()).toBe(0)
})

test.each([
  ['a price that is not money', 'free', 'ADA', 400],
  ['a customer without an account', '1', 'NOBODY', 404],
])('%s has a status', async (_, price, customer, status) => {
  await ledger({ accounts: { ADA: '100', SHOP: '0' } })
  await order('1', price, customer).expect(status)
})
