import { Module } from '@nestjs/common'
import { APP_FILTER } from '@nestjs/core'
import { MongooseModule } from '@nestjs/mongoose'
import { LedgerErrorFilter } from './ledger-error.filter'
import { LedgerModule } from './ledger.module'
import { Order, OrderSchema, OrdersController } from './orders'

@Module({
  imports: [
    MongooseModule.forRoot(process.env.MONGODB_URI ?? 'mongodb://localhost/?replicaSet=rs0'),
    MongooseModule.forFeature([{ name: Order.name, schema: OrderSchema }]),
    LedgerModule,
  ],
  controllers: [OrdersController],
  providers: [{ provide: APP_FILTER, useClass: LedgerErrorFilter }],
})
export class AppModule {}
