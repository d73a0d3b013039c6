import { MongoMemoryReplSet } from 'mongodb-memory-server-core'
import type { TestProject } from 'vitest/node'
import { findMongod } from '../../src/engine/mongod.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** The replica set of this test run, without a database's name. */
    mongodbUri: string
  }
}

/** Starts one replica set for the whole test run, with failpoints allowed. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const { path, version } = await findMongod({
    onProgress: (message) => process.stderr.write(`${message}\n`),
  })
  const replicaSet = await MongoMemoryReplSet.create({
    binary: { systemBinary: path, version },
    replSet: { count: 1, storageEngine: 'wiredTiger' },
    instanceOpts: [{ args: ['--setParameter', 'enableTestCommands=1'] }],
  })
  project.provide('mongodbUri', replicaSet.getUri())
  return async () => {
    await replicaSet.stop()
  }
}
