import { Body, Controller, Post } from '@nestjs/common'
import { InjectConnection, InjectModel, Prop, Schema, SchemaFactory } from '@nestjs/mongoose'
import type { AccountModel } from 'daybook'
import type { Connection, Model } from 'mongoose'

@Schema()
export class Order {
  @Prop({ type: String, required: true })
  _id: string

  @Prop({ type: String, ref: 'Transfer', required: true })
  payment: string
}
export const OrderSchema = SchemaFactory.createForClass(Order)

@Controller('orders')
export class OrdersController {
  constructor(
    @InjectConnection() private readonly connection: Connection,
    @InjectModel('Account') private readonly Account: AccountModel,
    @InjectModel(Order.name) private readonly Orders: Model<Order>,
  ) {}

  /** Writes the order and its payment, both or neither. */
  @Post()
  async create(@Body() { id, customer, price }: { id: string; customer: string; price: string }) {
    const transferId = `ORDER-${id}`
    await this.connection.transaction(async (session) => {
      await this.Orders.create([{ _id: id, payment: transferId }], { session })
      const request = { transferId, from: customer, to: 'SHOP', amount: price }
      await this.Account.transfer(request, { session })
    })
    return { id, payment: transferId }
  }
}
