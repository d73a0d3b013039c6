import { Module, type OnModuleInit } from '@nestjs/common'
import { InjectConnection, getConnectionToken, getModelToken } from '@nestjs/mongoose'
import { accountModel, createCollections, transferModel } from 'daybook'
import type { Connection } from 'mongoose'

const inject = [getConnectionToken()]
const models = [
  { provide: getModelToken('Account'), inject, useFactory: accountModel },
  { provide: getModelToken('Transfer'), inject, useFactory: transferModel },
]

@Module({ providers: models, exports: models })
export class LedgerModule implements OnModuleInit {
  constructor(@InjectConnection() private readonly connection: Connection) {}

  // In production, let `daybook migrate up` do this before the program starts.
  async onModuleInit() {
    await createCollections(this.connection)
  }
}
