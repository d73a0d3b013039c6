import { createCollections } from 'daybook'
import mongoose from 'mongoose'

// Next evaluates this file more than once: after each change in development, and for several of its bundles.
const kept = globalThis as { ledger?: Promise<void> }

/** Connects once for the whole process. */
export const openLedger = () => (kept.ledger ??= connect())

async function connect() {
  try {
    await mongoose.connect(process.env.MONGODB_URI ?? 'mongodb://localhost/bank?replicaSet=rs0')
    await createCollections(mongoose.connection)
  } catch (error) {
    delete kept.ledger
    throw error
  }
}
