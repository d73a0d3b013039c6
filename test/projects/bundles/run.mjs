// Runs each of the bundles. All of them use one replica set.
import { execFile } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { promisify } from 'node:util'
import { startReplicaSet } from 'daybook/testing'

const replicaSet = await startReplicaSet()
const env = { ...process.env, MONGODB_URI: replicaSet.uri }
try {
  for (const file of (await readdir('built')).sort()) {
    const { stdout } = await promisify(execFile)(process.execPath, [`built/${file}`], { env })
    console.log(`${file}: ${stdout.trim()}`)
  }
} finally {
  await replicaSet.stop()
}
