import type { Connection, mongo } from 'mongoose'

/** Writes a transfer as the notebook's program does: three statements in one transaction, and no check. */
export async function notebookTransfer(
  connection: Connection,
  transfer: { id: string; from: string; to: string; amount: number },
): Promise<void> {
  const { id, from, to, amount } = transfer
  const { accounts, transfers } = notebookOf(connection)
  await connection.transaction(async (session) => {
    const move = (change: number): object => ({
      $inc: { balance: change },
      $push: { transfers_complete: id },
    })
    await accounts.updateOne({ account_id: from }, move(-amount), { session })
    await accounts.updateOne({ account_id: to }, move(amount), { session })
    const literal = { $numberDecimal: amount }
    await transfers.insertOne(
      { transfer_id: id, to_account: to, from_account: from, amount: literal },
      { session },
    )
  })
}

/** The notebook's collections. */
export const notebookOf = (connection: Connection) => ({
  accounts: connection.collection('accounts'),
  transfers: connection.collection('transfers'),
})

/** The bytes of all documents of the named collections in hex, in the order of their insertion. */
export async function bytesOf(
  connection: Connection,
  names: readonly string[],
): Promise<Record<string, string[]>> {
  const entries = await Promise.all(
    names.map(async (name) => {
      const documents = await connection
        .collection<mongo.BSON.Document>(name)
        .find({}, { raw: true, sort: { $natural: 1 } })
        .toArray()
      return [name, documents.map((bytes) => (bytes as unknown as Buffer).toString('hex'))] as const
    }),
  )
  return Object.fromEntries(entries)
}
