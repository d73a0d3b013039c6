import type { TestProject } from 'vitest/node'
import { startReplicaSet } from './replica-set.ts'

/**
 * A `globalSetup` of vitest: one replica set for the whole run, or the one at MONGODB_URI. Tests find it
 * by `inject('mongodbUri')`, and the fixtures of `daybook/testing/vitest` by themselves.
 */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const replicaSet = await startReplicaSet({
    onProgress: (message) => process.stderr.write(`${message}\n`),
  })
  project.provide('mongodbUri', replicaSet.uri)
  return () => replicaSet.stop()
}
