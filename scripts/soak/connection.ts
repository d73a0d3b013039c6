import mongoose, { type Connection } from 'mongoose'
import { proxyLookup } from './proxy.ts'

/** The name by which the servers' failpoint knows the clients of a soak. */
export const APP_NAME = 'daybook-soak'

/** The database of a soak. */
export const DATABASE = 'soak'

/** A connection that leads through the proxies. */
export const connectThroughProxies = (uri: string): Promise<Connection> =>
  mongoose
    .createConnection(uri, {
      appName: APP_NAME,
      lookup: proxyLookup,
      autoIndex: false,
      autoCreate: false,
    })
    .asPromise()

/** A connection that the nemesis leaves alone, as far as it leaves the members alone. */
export const connectDirectly = (uri: string): Promise<Connection> =>
  mongoose.createConnection(uri, { autoIndex: false, autoCreate: false }).asPromise()

/** The documents that callers write in their own transactions, in another database than the ledger. */
export const ordersOf = (connection: Connection): mongoose.mongo.Collection<{ _id: string }> =>
  connection.getClient().db('soak-orders').collection('orders')
