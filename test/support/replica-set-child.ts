// A program that starts a replica set for tests, prints its URI and never stops it.
import { startReplicaSet } from '../../src/testing/index.ts'

const { uri } = await startReplicaSet()
process.stdout.write(`${uri}\n`)
