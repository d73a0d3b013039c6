import type { TestProject } from 'vitest/node'
import { startReplicaSet } from './replica-set.ts'

/**
 * A `globalSetup` for vitest: starts one replica set for the whole run, or uses the one at MONGODB_URI. The fixtures of
 * `daybook/testing/vitest` use it by themselves; other tests find its URI with `inject('mongodbUri')`.
 */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const replicaSet = await startReplicaSet({
    onProgress: (message) => process.stderr.write(`${message}\n`),
  })
  project.provide('mongodbUri', replicaSet.uri)
  return () => replicaSet.stop()
}
