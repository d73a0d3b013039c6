import { type ReplicaSet, startReplicaSet } from './replica-set.ts'

let started: ReplicaSet | undefined

/** Starts the replica set of a run of jest, whose workers find it at MONGODB_URI. */
export async function startForRun(): Promise<void> {
  started = await startReplicaSet({ onProgress: (message) => process.stderr.write(`${message}\n`) })
  process.env['MONGODB_URI'] = started.uri
}

export async function stopAfterRun(): Promise<void> {
  await started?.stop()
}
